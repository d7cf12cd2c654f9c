#!/usr/bin/env python3
"""Writes variants of conformance cases, with operands of other shapes, and TensorFlow's verdict on each.

usage: wrong_shapes.py CASES_DIR OUT_DIR [--count N --seed S] [--only TEXT]

CASES_DIR holds case folders as op_cases.py writes them. Each fed value and each constant of a case is given
other shapes, one at a time: none, [0], a rank more in front and behind, a rank less, and each axis 0, 1, one
more, one less and 2n + 3 long, its elements repeated in their order. Placeholders state no shape, so that it
is the ops that refuse. Each variant is a case folder OUT_DIR/<case>-<operand>-<shape>, without gradients.
Where TensorFlow refuses it when it reads the graph or runs it, case.json holds "error" with what TensorFlow
said, and "fetches" names no files: to pass, a run must fail too.

Without --count all variants are made, about seventeen thousand of the suite's 407 cases:

  unpack or generate the cases, then
  wrong_shapes.py cases wrong && graphc conformance wrong && graphc conformance wrong --backend cpu
"""
import argparse, json, os, pickle, re, shutil, signal, struct, sys
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
tf1.disable_v2_behavior()
CONFIG = tf1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
CONFIG.graph_options.rewrite_options.disable_meta_optimizer = True
CONFIG.graph_options.optimizer_options.opt_level = -1
# Variants that TensorFlow computes by an oversight, left out where it gives values.
EXCLUDED = [(re.compile(text), why) for text, why in [
    (r"depthwise_\w+-f-(0x|\d+x0x)", "an empty window, which the kernel of Conv2D refuses, gives zeros"),
    (r"einsum\w*-x-(\d+x)*0(x|$)", "a size of 0 is its mark for one that is not known, which any other then replaces"),
    (r"fill_range\w*-mul_y-1$", "the kernel of Range takes [1], which its own shape function refuses"),
    (r"fused_batch_norm_\w+-x-1x", "the kernel takes a rank of 5, which its own shape function refuses"),
    (r"ctc_loss\w*-x-\d+x\d+x1$", "a sequence of blanks alone, for which the kernel reads beyond its one place"),
    (r"lstm_cell\w*-wc[ifo]-", "the kernel does not count the weights of peepholes, and reads beyond them"),
    (r"lstm\w*_block_grad", "the kernel checks no shapes, and reads beyond some"),
    (r"lstm\w*_block\w*-x-(\d+x){2}\d+$", "steps beyond seq_len_max hold what was in its memory before"),
    (r"tensor_list_\w+_leading_dims-", "the kernel looks at no shape where it needs none of them"),
    (r"reverse\w*-x-(0|scalar)$", "the kernel checks no axis of these, which its own shape function does"),
    (r"edge_Log\w*-x-", "the logarithm of a denormal depends on its place in the vector"),
]]
SECONDS = 20        # after which a variant that still runs is taken for one that never ends


class Case:
    """A case folder: its graph without what its fetches do not need, its feeds and constants."""

    def __init__(self, folder):
        self.name = os.path.basename(folder)
        with open(os.path.join(folder, "case.json")) as f:
            self.description = json.load(f)
        graph = tf1.GraphDef()
        with open(os.path.join(folder, "graph.pb"), "rb") as f:
            graph.ParseFromString(f.read())
        names = list(self.description["fetches"]) + self.description.get("init", []) + self.description.get("targets", [])
        names += self.description["feeds"]
        self.graph = tf1.graph_util.extract_sub_graph(graph, sorted({n.split(":")[0] for n in names}))
        for node in self.graph.node:
            if node.op == "Placeholder":
                del node.attr["shape"]
        self.feeds = {k: np.load(os.path.join(folder, v)) for k, v in self.description["feeds"].items()}
        self.constants = {n.name: tf.make_ndarray(n.attr["value"].tensor) for n in self.graph.node if n.op == "Const"}

    def variants(self):
        for operands in (self.feeds, self.constants):
            for name, value in sorted(operands.items()):
                if value.dtype.kind in "biuf":
                    for shape in other_shapes(value.shape):
                        yield Variant(self, name, shape)


def other_shapes(s):
    shapes = [(), (0,), (1,) + s, s + (1,), s[1:], s[:-1]]
    for axis, size in enumerate(s):
        shapes += [s[:axis] + (n,) + s[axis + 1:] for n in (0, 1, size + 1, max(size - 1, 0), 2 * size + 3)]
    return [o for o in dict.fromkeys(shapes) if o != s]


class Variant:
    """A case with one operand in another shape."""

    def __init__(self, case, operand, shape):
        self.case, self.operand, self.shape = case, operand, shape
        text = "x".join(map(str, shape)) if shape else "scalar"
        self.name = "%s-%s-%s" % (case.name, re.sub(r"[/:]", "_", operand.removesuffix(":0")), text)

    def inputs(self):
        """The graph and the feeds."""
        graph, feeds = tf1.GraphDef(), dict(self.case.feeds)
        graph.CopyFrom(self.case.graph)
        if self.operand in feeds:
            feeds[self.operand] = np.resize(feeds[self.operand], self.shape)
        else:
            node = next(n for n in graph.node if n.name == self.operand)
            value = np.resize(self.case.constants[self.operand], self.shape)
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, shape=self.shape))
        return graph, feeds

    def verdict(self):
        """The fetched values, or TensorFlow's refusal in words."""
        graph_def, feeds = self.inputs()
        description, graph = self.case.description, tf1.Graph()
        try:
            with graph.as_default():
                tf1.import_graph_def(graph_def, name="")
            with tf1.Session(graph=graph, config=CONFIG) as session:
                if description.get("init"):
                    session.run(description["init"])
                for _ in range(description.get("steps", 1) if description.get("targets") else 0):
                    session.run(description["targets"], feeds)
                return session.run({n: n for n in description["fetches"]}, feeds)
        except (ValueError, tf.errors.OpError) as error:
            lines = getattr(error, "message", str(error)).split("\n\t [[")[0].strip().split("\n")
            return lines[-1][:300] or type(error).__name__

    def write(self, out, verdict):
        folder = os.path.join(out, self.name)
        os.makedirs(folder)
        graph, feeds = self.inputs()
        with open(os.path.join(folder, "graph.pb"), "wb") as f:
            f.write(graph.SerializeToString())

        def save(kind, name, value):
            file = "%s_%s.npy" % (kind, re.sub(r"[/:]", "_", name))
            np.save(os.path.join(folder, file), np.array(value, order="C"))
            return file
        d = {k: v for k, v in self.case.description.items() if k in ("init", "steps", "targets", "rtol", "atol")}
        d["ops"] = sorted({n.op for n in graph.node})
        d["feeds"] = {k: save("feed", k, v) for k, v in feeds.items()}
        if isinstance(verdict, str):
            d["error"] = verdict
            d["fetches"] = {k: "" for k in self.case.description["fetches"]}
        else:
            d["fetches"] = {k: save("want", k, v) for k, v in verdict.items()}
        with open(os.path.join(folder, "case.json"), "w") as f:
            json.dump(d, f, indent=1, sort_keys=True)


def verdicts(variants):
    """Each variant with its verdict, from a process that is forked anew where TensorFlow brought it down: then None."""
    start = 0
    while start < len(variants):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            with os.fdopen(write, "wb") as pipe:
                for variant in variants[start:]:
                    signal.alarm(SECONDS)
                    data = pickle.dumps(variant.verdict())
                    pipe.write(struct.pack("<q", len(data)) + data)
                    pipe.flush()
            os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            while len(header := pipe.read(8)) == 8:
                yield variants[start], pickle.loads(pipe.read(struct.unpack("<q", header)[0]))
                start += 1
        os.waitpid(child, 0)
        if start < len(variants):
            yield variants[start], None
            start += 1


def main():
    p = argparse.ArgumentParser()
    p.add_argument("cases")
    p.add_argument("out")
    p.add_argument("--count", type=int)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--only", default="")
    a = p.parse_args()
    folders = sorted(os.path.join(a.cases, n) for n in os.listdir(a.cases) if a.only in n)
    variants = [v for f in folders if os.path.exists(os.path.join(f, "case.json")) for v in Case(f).variants()]
    if a.count is not None and a.count < len(variants):
        chosen = np.random.RandomState(a.seed).choice(len(variants), a.count, replace=False)
        variants = [variants[i] for i in sorted(chosen)]
    shutil.rmtree(a.out, ignore_errors=True)
    os.makedirs(a.out)
    counts = {"values": 0, "errors": 0, "excluded": 0, "brought down": 0}
    for variant, verdict in verdicts(variants):
        if verdict is None:
            print("TensorFlow was brought down by", variant.name, file=sys.stderr)
            counts["brought down"] += 1
            continue
        if not isinstance(verdict, str) and any(pattern.match(variant.name) for pattern, _ in EXCLUDED):
            counts["excluded"] += 1
            continue
        variant.write(a.out, verdict)
        counts["errors" if isinstance(verdict, str) else "values"] += 1
    print("%d variants: %s" % (len(variants), ", ".join("%d %s" % (n, k) for k, n in counts.items())))


main()

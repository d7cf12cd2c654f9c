"""usage: containers_check.py FOLDER ANSWERS: opens in TensorFlow what `graphc` converted and optimized from
the SavedModels of containers.py, and holds its answers against TensorFlow's own."""
import json, os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
folder = sys.argv[1]
with open(sys.argv[2]) as file:
    answers = json.load(file)
x = np.float32(answers["x"])
checked = 0


def same(found, wanted, tolerance=2e-6):
    global checked
    np.testing.assert_allclose(found, np.float32(wanted), rtol=tolerance, atol=tolerance)
    checked += 1


def frozen(name, feed, fetch, x):
    graph = tf1.GraphDef()
    with open(os.path.join(folder, name), "rb") as file:
        graph.ParseFromString(file.read())
    with tf1.Graph().as_default() as inside, tf1.Session() as session:
        tf1.import_graph_def(graph, name="")
        assert not [n.op for n in graph.node if "Variable" in n.op or "VarHandle" in n.op]
        assert inside.get_tensor_by_name(feed).shape.as_list()[0] is None
        return session.run(fetch, {feed: x})


model = tf.saved_model.load(os.path.join(folder, "second"))
same(model.signatures["serving_default"](tf.constant(x))["y"], answers["second"])
tf1.disable_eager_execution()
with tf1.Graph().as_default(), tf1.Session() as session:
    loaded = tf1.saved_model.load(session, ["serve"], os.path.join(folder, "first"))
    signature = loaded.signature_def["serving_default"]
    same(session.run(signature.outputs["scores"].name,
                     {signature.inputs["x"].name: x}), answers["first"])
with tf1.Graph().as_default(), tf1.Session() as session:
    saver = tf1.train.import_meta_graph(os.path.join(folder, "first.meta"))
    saver.restore(session, os.path.join(folder, "first/variables/variables"))
    same(session.run("scores:0", {"images:0": x}), answers["first"])
fetch = "StatefulPartitionedCall:0"
feed = "serving_default_x:0"
for rows in (x, x[:1], np.concatenate([x, x])):
    wanted = np.float32(answers["first"])
    wanted = {1: wanted[:1], 2: wanted, 4: np.concatenate([wanted, wanted])}[len(rows)]
    same(frozen("first.pb", "images:0", "scores:0", rows), wanted)
    wanted = np.float32(answers["second"])
    wanted = {1: wanted[:1], 2: wanted, 4: np.concatenate([wanted, wanted])}[len(rows)]
    same(frozen("second.pb", feed, fetch, rows), wanted)
reader = tf.train.load_checkpoint(os.path.join(folder, "parts/variables/variables"))
with open(os.path.join(os.path.dirname(sys.argv[2]), "parts.json")) as file:
    same(reader.get_tensor("w"), json.load(file)["w"], 0)
print("%d passed, 0 failed" % checked)

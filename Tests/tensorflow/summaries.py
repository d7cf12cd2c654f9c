"""usage: summaries.py OUT_DIR: an event file of TensorFlow's, and the summaries that its ops make of given
values, which the tests compare with ours."""
import glob, json, os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
tf1.disable_eager_execution()
out = sys.argv[1]
random = np.random.RandomState(5)


def plain(values):
    return [float(x) for x in np.asarray(values, np.float64).ravel()]


def histograms():
    """Buckets of values of every magnitude, at limits too."""
    wide = random.randn(60) * 10.0 ** random.randint(-14, 22, 60)
    cases = {
        "normal": ("float32", random.randn(100)), "wide": ("float64", wide), "none": ("float32", []),
        "zeros": ("float32", [0, -0.0, 0]), "limits": ("float64", [1e-12, 1.1e-12, -1e-12, 1e20, -1e20]),
        "integers": ("int32", [-3, 7, 7, 1000000]), "halves": ("float16", [0.5, -2, 65504]),
    }
    for name, (dtype, values) in cases.items():
        tensor = tf.constant(np.array(values, dtype))
        yield {"name": name, "dtype": dtype, "values": plain(np.array(values, dtype))}, tf1.summary.histogram(name, tensor)


def images():
    """Pixels as TensorFlow scales them."""
    def batch(*shape): return random.rand(*shape)
    bad = batch(1, 2, 3, 3)
    bad[0, 0, 1, 2], bad[0, 1, 0, 0] = np.nan, -np.inf
    cases = {
        "bytes": ("uint8", random.randint(0, 256, (2, 3, 2, 1)), 3),
        "positive": ("float32", batch(4, 3, 2, 3) * 7, 2), "negative": ("float32", batch(1, 3, 3, 4) - 0.7, 1),
        "dark": ("float32", batch(1, 2, 2, 1) * 1e-7, 1), "bad": ("float32", bad, 3),
        "double": ("float64", batch(1, 4, 4, 1) * 1e3, 3), "half": ("float16", batch(1, 5, 4, 3) - 0.5, 3),
        "onlybad": ("float32", np.full((1, 1, 1, 1), np.nan), 3),
    }
    for name, (dtype, values, most) in cases.items():
        values = np.array(values, dtype)
        given = {"name": name, "dtype": dtype, "shape": list(values.shape), "max": most,
                 "values": ["%r" % x for x in plain(values)]}
        yield given, tf1.summary.image(name, tf.constant(values), max_outputs=most)


def described(summary):
    values = []
    for value in tf1.Summary.FromString(summary).value:
        if value.HasField("histo"):
            h = value.histo
            values.append({"tag": value.tag, "numbers": [h.min, h.max, h.num, h.sum, h.sum_squares],
                           "limits": list(h.bucket_limit), "buckets": list(h.bucket)})
        else:
            image = value.image
            pixels = tf.io.decode_png(image.encoded_image_string)
            with tf1.Session(graph=tf1.get_default_graph()) as session:
                pixels = session.run(pixels)
            assert pixels.shape == (image.height, image.width, image.colorspace)
            values.append({"tag": value.tag, "shape": list(pixels.shape), "pixels": pixels.ravel().tolist()})
    return values


expected = {}
for kind in (histograms, images):
    with tf1.Graph().as_default():
        given = list(kind())
        with tf1.Session() as session:
            results = session.run([summary for _, summary in given])
        expected[kind.__name__] = [dict(case, summary=described(r)) for (case, _), r in zip(given, results)]
with open(os.path.join(out, "summaries.json"), "w") as file:
    json.dump(expected, file)

with tf1.Graph().as_default() as graph:
    x = tf1.placeholder(tf.float32, [2, 3], name="x")
    with tf1.name_scope("a"):
        tf1.summary.scalar("loss", tf.reduce_mean(x))
        tf1.summary.scalar("loss", tf.reduce_sum(x), family="sums")
        tf1.summary.histogram("h", x)
        tf1.summary.image("im", tf.reshape(x, [1, 2, 3, 1]))
        tf1.summary.audio("au", x, 16000)
        tf1.summary.text("tx", tf.constant("hello"))
    merged = tf1.summary.merge_all()
    folder = os.path.join(out, "log")
    writer = tf1.summary.FileWriter(folder, graph)
    with tf1.Session() as session:
        for step in range(3):
            writer.add_summary(session.run(merged, {x: np.arange(6).reshape(2, 3) * (step + 1) / 20}), step)
    writer.add_session_log(tf1.SessionLog(status=tf1.SessionLog.CHECKPOINT, checkpoint_path="m"), 2)
    writer.close()
os.replace(glob.glob(folder + "/*")[0], os.path.join(out, "events.out.tfevents.fixture"))
os.rmdir(folder)
tf1.train.export_meta_graph(os.path.join(out, "summaries.meta"), graph=graph)

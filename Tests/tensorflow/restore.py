"""usage: restore.py PREFIX ACCURACY DATA: checks that TensorFlow makes of our files what we made."""
import gzip, os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
tf1.disable_eager_execution()
prefix, accuracy, data = sys.argv[1], float(sys.argv[2]), sys.argv[3]


def idx(name, skip):
    with gzip.open(os.path.join(data, name)) as file:
        return np.frombuffer(file.read(), np.uint8, offset=skip)


images = idx("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 784).astype("float32") / np.float32(255)
labels = idx("t10k-labels-idx1-ubyte.gz", 8).astype("int64")
with tf1.Session() as session:
    saver = tf1.train.import_meta_graph(prefix + ".meta")
    saver.restore(session, prefix)
    feeds = {"X:0": images, "y:0": labels}
    found = float(session.run("eval/accuracy:0", feeds))
    assert abs(found - accuracy) < 1e-4, (found, accuracy)
    step = tf1.get_collection("train_op") + tf1.get_collection("update_ops")
    assert len(tf1.get_collection("update_ops")) == 6, tf1.get_collection("update_ops")
    before = float(session.run("loss/loss:0", feeds))
    for i in range(0, 1000, 50):
        session.run(step, {"X:0": images[i:i + 50], "y:0": labels[i:i + 50], "training:0": True})
    after = float(session.run("loss/loss:0", feeds))
    assert after < before, (before, after)
print("accuracy %.4f as ours; trained on: loss %.4f -> %.4f" % (found, before, after))
print("1 passed, 0 failed")

"""usage: optimizers.py OUT_DIR: TensorFlow's graphs, checkpoints and weights of a small training run with
each optimizer, which the tests import, restore and train on."""
import json, os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
tf1.disable_eager_execution()
tf1.enable_resource_variables()
out = sys.argv[1]
optimizers = {
    "sgd": tf1.train.GradientDescentOptimizer(0.1),
    "momentum": tf1.train.MomentumOptimizer(0.1, 0.9),
    "nesterov": tf1.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
    "adam": tf1.train.AdamOptimizer(0.05),
}
random = np.random.RandomState(1)
images, labels = random.rand(6, 4).astype("float32"), random.rand(6, 3).astype("float32")
runs = [(name, name, True) for name in optimizers] + [("adam-older", "adam", False)]
for name, kind, is_resource in runs:
    optimizer = optimizers[kind] if is_resource else tf1.train.AdamOptimizer(0.05)
    (tf1.enable_resource_variables if is_resource else tf1.disable_resource_variables)()
    with tf1.Graph().as_default(), tf1.Session() as session:
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        y = tf1.placeholder(tf.float32, [None, 3], name="y")
        with tf1.variable_scope("layer"):
            w = tf1.get_variable("w", initializer=random.rand(4, 3).astype("float32"))
            b = tf1.get_variable("b", initializer=random.rand(3).astype("float32"))
        tf1.get_variable("label", initializer=[b"a", b"bc"], trainable=False)
        step = tf1.train.get_or_create_global_step()
        loss = tf1.reduce_mean(tf1.square(tf1.tanh(tf1.matmul(x, w) + b) - y), name="loss")
        train = optimizer.minimize(loss, global_step=step, name="train")
        tf1.add_to_collection("train_op", train)
        tf1.add_to_collection("mixed", train)
        tf1.add_to_collection("mixed", loss)
        tf1.add_to_collection("numbers", 3)
        saver = tf1.train.Saver()
        session.run(tf1.global_variables_initializer())
        saver.save(session, os.path.join(out, name), write_state=False)
        feeds = {x: images, y: labels}
        losses = [float(session.run([loss, train], feeds)[0]) for _ in range(5)]
        variables = {v.op.name: session.run(v).tolist() for v in tf1.global_variables() if v.dtype.base_dtype != tf.string}
        nodes = [n.name for n in tf1.get_default_graph().as_graph_def().node]
    with open(os.path.join(out, name + ".json"), "w") as file:
        json.dump({"x": images.tolist(), "y": labels.tolist(), "losses": losses, "variables": variables,
                   "nodes": nodes}, file)

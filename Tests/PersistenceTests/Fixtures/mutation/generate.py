"""usage: generate.py OUT_DIR: small files of TensorFlow 1's formats, to be damaged: a net with a branch and a loop in
functions as net.pb, one with a branch of TensorFlow 1's as net.pbtxt and net.meta, a
SavedModel with neither, and NumPy's tensor.npy."""
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
tf1.disable_eager_execution()
tf1.enable_resource_variables()
out = sys.argv[1]


def net(functions, loops=True, branches=True):
    tf1.enable_control_flow_v2() if functions else tf1.disable_control_flow_v2()
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.float32, [None, 3], "x")
        w = tf1.get_variable("w", initializer=np.arange(6, dtype=np.float32).reshape(3, 2))
        h = tf.matmul(x, w, name="h")
        b = h if not branches else tf1.cond(tf.reduce_sum(h) > 0, lambda: tf.nn.relu(h), lambda: h * 0.5, name="branch")
        if loops:
            _, b = tf1.while_loop(lambda i, _: i < 3, lambda i, v: (i + 1, v + h), [0, b], name="loop")
        tf.constant([b"a", b"bc"], name="words")
        tf.identity(tf.reshape(b, [-1])[:2], name="z")
    return graph


def frozen(graph, *outputs):
    with tf1.Session(graph=graph) as session:
        with graph.as_default():
            session.run(tf1.global_variables_initializer())
        return tf1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), outputs)


open(f"{out}/net.pb", "wb").write(frozen(net(True), "z", "words").SerializeToString())
open(f"{out}/net.pbtxt", "w").write(str(frozen(net(False, loops=False), "z", "words")))
with net(False, loops=False).as_default():
    tf1.train.export_meta_graph(f"{out}/net.meta", clear_devices=True)
graph = net(False, loops=False, branches=False)
with graph.as_default(), tf1.Session() as session:
    session.run(tf1.global_variables_initializer())
    inputs, outputs = {"x": graph.get_tensor_by_name("x:0")}, {"z": graph.get_tensor_by_name("z:0")}
    signature = tf1.saved_model.predict_signature_def(inputs, outputs)
    builder = tf1.saved_model.Builder(f"{out}/model")
    builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature}, strip_default_attrs=True)
    builder.save()
np.save(f"{out}/tensor.npy", np.arange(24, dtype=np.float32).reshape(2, 3, 4))

"""usage: golden_graphs.py OUT_DIR: training graphs of small nets as TensorFlow 1 code writes them, one NAME.meta
each: a residual block, a recurrent net, attention, an autoencoder. Every graph has the placeholders x, y and
training, a tensor loss and an operation train, which is in the collection train_op. `graphc dump NAME.meta`
makes the text in graphs/ of them."""
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_USE_LEGACY_KERAS"] = "1"
import tensorflow as tf

tf1 = tf.compat.v1
tf1.disable_eager_execution()
tf1.enable_resource_variables()
tf1.disable_control_flow_v2()


def weights(name, *shape):
    return tf1.get_variable(name, shape, tf.float32, tf1.initializers.random_normal(stddev=0.3, seed=1))


def zeros(name, *shape):
    return tf1.get_variable(name, shape, tf.float32, tf1.initializers.zeros())


def ones(name, *shape):
    return tf1.get_variable(name, shape, tf.float32, tf1.initializers.ones())


def placeholders(x, y, kind=tf.float32):
    return (tf1.placeholder(tf.float32, x, name="x"), tf1.placeholder(kind, y, name="y"),
            tf1.placeholder_with_default(False, [], name="training"))


def residual_block():
    """Two 3 by 3 convolutions with batch normalization, added to their input."""
    x, y, training = placeholders([None, 8, 8, 4], [None], tf.int64)

    def convolved(h, name):
        h = tf1.layers.conv2d(h, 4, 3, padding="same", use_bias=False, name=name)
        return tf1.layers.batch_normalization(h, training=training, fused=False, name=name + "_bn")
    h = tf.nn.relu(convolved(x, "conv1"))
    h = tf.nn.relu(convolved(h, "conv2") + x)
    logits = tf1.layers.dense(tf.reduce_mean(h, [1, 2]), 3, name="logits")
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits), name="loss")
    return loss, tf1.train.MomentumOptimizer(0.1, 0.9)


def recurrent():
    """A long short-term memory of width 5 over three steps."""
    x, y, _ = placeholders([None, 3, 4], [None, 2])
    kernel, bias = weights("kernel", 9, 20), zeros("bias", 20)
    h = tf.zeros([tf.shape(x)[0], 5])
    c = h
    for step in tf.unstack(x, axis=1):
        gates = tf.nn.bias_add(tf.matmul(tf.concat([step, h], 1), kernel), bias)
        i, j, f, o = tf.split(gates, 4, 1)
        c = tf.sigmoid(f + 1.0) * c + tf.sigmoid(i) * tf.tanh(j)
        h = tf.sigmoid(o) * tf.tanh(c)
    output = tf.matmul(h, weights("output", 5, 2))
    loss = tf.reduce_mean(tf.square(output - y), name="loss")
    return loss, tf1.train.AdamOptimizer(0.01)


def attention():
    """Two heads over six places of width 8, with layer normalization before and a dense layer after."""
    x, y, _ = placeholders([None, 6, 8], [None, 6, 8])
    mean, variance = tf.nn.moments(x, [-1], keepdims=True)
    normal = (x - mean) * tf1.rsqrt(variance + 1e-5) * ones("gain", 8) + zeros("bias", 8)

    def heads(name):
        h = tf.tensordot(normal, weights(name, 8, 8), 1)
        return tf.transpose(tf.reshape(h, [-1, 6, 2, 4]), [0, 2, 1, 3])
    q, k, v = heads("query"), heads("key"), heads("value")
    scores = tf.nn.softmax(tf.matmul(q, k, transpose_b=True) * 0.5)
    mixed = tf.reshape(tf.transpose(tf.matmul(scores, v), [0, 2, 1, 3]), [-1, 6, 8])
    output = x + tf.tensordot(mixed, weights("output", 8, 8), 1)
    loss = tf.reduce_mean(tf.math.squared_difference(output, y), name="loss")
    return loss, tf1.train.GradientDescentOptimizer(0.05)


def autoencoder():
    """20 numbers by way of three, and back."""
    x, y, _ = placeholders([None, 20], [None, 20])
    h = x
    for number, units in enumerate([8, 3, 8, 20]):
        h = tf1.layers.dense(h, units, activation=tf.nn.elu if units < 20 else None, name="dense%d" % number)
    loss = tf.reduce_mean(tf.square(h - y), name="loss")
    return loss, tf1.train.RMSPropOptimizer(0.01)


if __name__ == "__main__":
    for build in [residual_block, recurrent, attention, autoencoder]:
        with tf1.Graph().as_default():
            loss, optimizer = build()
            with tf.control_dependencies(tf1.get_collection(tf1.GraphKeys.UPDATE_OPS)):
                train = optimizer.minimize(loss, name="train")
            tf1.add_to_collection("train_op", train)
            name = build.__name__.replace("_", "-")
            meta = tf1.train.export_meta_graph()
            for node in meta.graph_def.node:
                node.attr.pop("_output_shapes", None)
            with open(os.path.join(sys.argv[1], name + ".meta"), "wb") as file:
                file.write(meta.SerializeToString())

"""usage: loop_gradients.py OUT_DIR [--seed N]: TensorFlow's loops without their gradients, in both styles of
control flow, on arrays and lists of tensors, and the gradients that TensorFlow finds for them.

Writes NAME.pb for each and loops.json: what is fed, and what y, a number, and its gradients are."""
import argparse, json, os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_USE_LEGACY_KERAS"] = "1"
import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
tf1.disable_eager_execution()
parser = argparse.ArgumentParser()
parser.add_argument("out")
parser.add_argument("--seed", type=int, default=3)
options = parser.parse_args()
os.makedirs(options.out, exist_ok=True)
random = np.random.RandomState(options.seed)
cases = {}


def numbers(*shape):
    return random.uniform(-1, 1, shape).astype("float32")


def save(name, build, again=False, **feeds):
    """Writes a loop in both styles: as it is, or `again`, as TensorFlow's own gradient has rewritten it, which
    records what it needs in lists, in loops within loops in lists of lists."""
    for style in (1, 2):
        (tf1.enable_control_flow_v2 if style == 2 else tf1.disable_control_flow_v2)()
        with tf1.Graph().as_default() as graph, tf1.Session() as session:
            inputs = {key: tf1.placeholder(value.dtype, value.shape, key) for key, value in feeds.items()}
            y = tf1.identity(build(**inputs), "y")
            floating = [t for t in inputs.values() if t.dtype.is_floating]
            forward = graph.as_graph_def()
            gradients = tf1.gradients(y, floating)
            if again:
                forward = graph.as_graph_def()
            session.run(tf1.global_variables_initializer())
            values = session.run([y, *gradients], {inputs[key]: value for key, value in feeds.items()})
            frozen = tf1.graph_util.convert_variables_to_constants(session, forward, ["y"])
        path = f"{name}_v{style}"
        with open(os.path.join(options.out, path + ".pb"), "wb") as file:
            file.write(frozen.SerializeToString(deterministic=True))
        cases[path] = {
            "feeds": {key: told(value) for key, value in feeds.items()},
            "y": float(values[0]),
            "gradients": {t.op.name: told(value) for t, value in zip(floating, values[1:])}}


def told(value):
    return {"shape": list(value.shape), "data": [float("%.7g" % x) for x in value.ravel()],
            "dtype": str(value.dtype)}


def recurrent(x, w):
    """The classic loop: steps are read from one array, results written into another."""
    steps = tf1.TensorArray(tf.float32, 5).unstack(x)
    results = tf1.TensorArray(tf.float32, 5)

    def body(i, h, results):
        h = tf.tanh(tf.matmul(h, w) + steps.read(i))
        return i + 1, h, results.write(i, h * h)

    _, h, results = tf1.while_loop(
        lambda i, *_: i < 5, body, [0, tf.zeros([2, 3]), results])
    return tf.reduce_sum(results.stack() * tf.range(1.0, 31.0, 1.0)[:, None, None][:5]) + tf.reduce_sum(h)


def partly(x):
    """Elements that are read twice, never, or gathered; rows that are scattered."""
    array = tf1.TensorArray(tf.float32, 4, clear_after_read=False).scatter([2, 0, 3, 1], x)
    some = array.gather([1, 2])
    return tf.reduce_sum(some * array.read(2)) + tf.reduce_sum(tf.sin(array.read(0)))


def growing(x):
    """An array that grows with each round, of which the loop reads what it wrote before."""
    array = tf1.TensorArray(tf.float32, 1, dynamic_size=True, clear_after_read=False).write(0, x)

    def body(i, array):
        return i + 1, array.write(i, tf.cos(array.read(i - 1)) * x)

    _, array = tf1.while_loop(lambda i, _: i < 6, body, [1, array])
    return tf.reduce_sum(array.stack() ** 2)


def lists(x):
    """The ops on lists, outside of loops."""
    raw, kind = tf.raw_ops, tf.float32
    rows = raw.TensorListFromTensor(tensor=x, element_shape=[3])
    second = raw.TensorListGetItem(input_handle=rows, index=1, element_shape=[3], element_dtype=kind)
    changed = raw.TensorListSetItem(input_handle=rows, index=2, item=tf.sin(second))
    three = raw.TensorListResize(input_handle=changed, size=3)
    # Two lists go on from one: neither may see what the other has at its end.
    longer = raw.TensorListPushBack(input_handle=three, tensor=x[3] * 2)
    other = raw.TensorListPushBack(input_handle=three, tensor=tf.exp(x[3]))
    other = raw.TensorListStack(input_handle=other, element_shape=[3], element_dtype=kind)
    some = raw.TensorListGather(input_handle=longer, indices=[3, 0, 2], element_shape=[3], element_dtype=kind)
    rest, last = raw.TensorListPopBack(input_handle=longer, element_shape=[3], element_dtype=kind)
    placed = raw.TensorListScatterV2(tensor=some, indices=[2, 0, 1], element_shape=[3], num_elements=4)
    placed = raw.TensorListScatterIntoExistingList(input_handle=placed, tensor=x[:2] * x[2:], indices=[3, 0])
    all = raw.TensorListStack(input_handle=placed, element_shape=[3], element_dtype=kind)
    length = tf.cast(raw.TensorListLength(input_handle=rest), kind)
    rest = raw.TensorListStack(input_handle=rest, element_shape=[3], element_dtype=kind)
    return tf.reduce_sum(tf.cos(other)) + tf.reduce_sum(all ** 2) + tf.reduce_sum(rest ** 3) * length + tf.reduce_prod(last)


def nested(x, n):
    """A loop in a loop, whose inner rounds are counted by the outer one, with a conditional."""
    def outer(i, a):
        _, b = tf1.while_loop(lambda j, _: j < i, lambda j, b: (j + 1, b * x + 1), [0, a])
        return i + 1, tf.cond(i > 2, lambda: tf.sin(b), lambda: b)

    _, a = tf1.while_loop(lambda i, _: i < n, outer, [0, x])
    return tf.reduce_sum(a)


def decided(x):
    """Conditionals whose predicates are computed, in and around loops."""
    positive = tf.reduce_sum(x) > 0
    y = tf1.cond(positive, lambda: tf.sin(x) * x, lambda: tf.exp(-x))

    def body(i, a):
        return i + 1, tf1.cond(tf.reduce_max(a) > 1, lambda: a * 0.5, lambda: a * a + y)

    _, a = tf1.while_loop(lambda i, _: i < 5, body, [0, y])
    inner = lambda: tf1.while_loop(lambda i, _: i < 3, lambda i, b: (i + 1, tf.cos(b) * a), [0, a])[1]
    return tf.reduce_sum(tf1.cond(positive, inner, lambda: a * y))


def sequences(x, lengths):
    """dynamic_rnn, which stops each sequence at its own length."""
    cell = tf1.nn.rnn_cell.LSTMCell(3, initializer=tf1.random_uniform_initializer(-1, 1, seed=options.seed))
    outputs, state = tf1.nn.dynamic_rnn(cell, x, sequence_length=lengths, dtype=tf.float32)
    return tf.reduce_sum(tf.square(outputs)) + tf.reduce_sum(state.c)


save("recurrent", recurrent, x=numbers(5, 2, 3), w=numbers(3, 3))
save("partly", partly, x=numbers(4, 3))
save("growing", growing, x=numbers(3))
save("lists", lists, x=numbers(4, 3))
save("nested", nested, x=numbers(4), n=np.array(5, "int32"))
save("again", nested, again=True, x=numbers(4), n=np.array(5, "int32"))
save("sequences", sequences, x=numbers(3, 4, 2), lengths=np.array([4, 1, 3], "int32"))
save("decided", decided, x=numbers(100))
with open(os.path.join(options.out, "loops.json"), "w") as file:
    file.write("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in cases.items()) + "\n}\n")

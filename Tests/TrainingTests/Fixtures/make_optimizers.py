"""Writes what TensorFlow 1's and Keras' optimizers, schedules, clipping and moving averages compute.

  python make_optimizers.py     (tensorflow 2.21, tf-keras 2.21, keras 3)

Each file is one object of cases by name; OptimizerTests, ScheduleTests and ClippingTests build each
case under its name. Numbers are float32's, in row-major order.
"""

import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import tensorflow as tf
import tf_keras

v1 = tf.compat.v1
decay = v1.train
here = os.path.dirname(os.path.abspath(__file__))
draw = np.random.RandomState(3)
steps = 20


def normal(*shape):
    return draw.standard_normal(shape).round(2).astype(np.float32)


def flat(value):
    return [float("%.9g" % x) for x in np.asarray(value, np.float64).ravel()]


def write(name, cases):
    with open(os.path.join(here, name + ".json"), "w") as file:
        file.write("{\n" + ",\n".join(
            json.dumps(key) + ": " + json.dumps(case, separators=(",", ":"))
            for key, case in cases.items()) + "\n}\n")


start = {"w": normal(5, 2), "b": normal(2)}
gradients = {"w": normal(steps, 5, 2), "b": normal(steps, 2)}
rows = draw.randint(0, 5, (steps, 4)).astype(np.int32)
rows[0] = [1, 3, 1, 1]
row_gradients = normal(steps, 4, 2)


def trained(make, sparse):
    """The variables after each fourth step of TensorFlow 1's optimizer, and all that it keeps."""
    with tf.Graph().as_default(), v1.Session() as session:
        with v1.variable_scope("layer"):
            w = v1.get_variable("w", initializer=start["w"])
            b = v1.get_variable("b", initializer=start["b"])
        if sparse:
            ids, dw = v1.placeholder(tf.int32, [4]), v1.placeholder(tf.float32, [4, 2])
            feeds = [{ids: rows[i], dw: row_gradients[i]} for i in range(steps)]
            loss = tf.reduce_sum(tf.nn.embedding_lookup(w, ids) * dw)
        else:
            dw, db = v1.placeholder(tf.float32, [5, 2]), v1.placeholder(tf.float32, [2])
            feeds = [{dw: gradients["w"][i], db: gradients["b"][i]} for i in range(steps)]
            loss = tf.reduce_sum(w * dw) + tf.reduce_sum(b * db)
        with v1.name_scope("train"):
            train = make().minimize(loss)
        session.run(v1.global_variables_initializer())
        path = []
        for index, feed in enumerate(feeds):
            session.run(train, feed)
            if index % 4 == 3:
                path += flat(session.run(w))
        names = [v.op.name for v in v1.global_variables()]
        values = session.run(v1.global_variables())
    return {"path": path, "variables": {n: flat(v) for n, v in zip(names, values)}}


def trained_by_keras(make):
    """The same of Keras 3."""
    w, b = keras.Variable(start["w"]), keras.Variable(start["b"])
    optimizer = make()
    path = []
    for i in range(steps):
        optimizer.apply([tf.constant(gradients["w"][i]), tf.constant(gradients["b"][i])], [w, b])
        if i % 4 == 3:
            path += flat(w)
    return {"path": path, "variables": {"layer/w": flat(w), "layer/b": flat(b)}}


def optimizers():
    tf1 = {
        "descent": lambda: decay.GradientDescentOptimizer(0.1),
        "momentum": lambda: decay.MomentumOptimizer(0.1, 0.9),
        "nesterov": lambda: decay.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
        "adagrad": lambda: decay.AdagradOptimizer(0.1),
        "adagrad-start": lambda: decay.AdagradOptimizer(0.1, initial_accumulator_value=0.5),
        "adadelta": lambda: decay.AdadeltaOptimizer(),
        "adadelta-1": lambda: decay.AdadeltaOptimizer(1.0, rho=0.9, epsilon=1e-6),
        "rmsprop": lambda: decay.RMSPropOptimizer(0.05),
        "rmsprop-momentum": lambda: decay.RMSPropOptimizer(0.05, 0.8, 0.5, 1e-3),
        "rmsprop-centered": lambda: decay.RMSPropOptimizer(0.05, momentum=0.5, centered=True),
        "adam": lambda: decay.AdamOptimizer(),
        "adam-other": lambda: decay.AdamOptimizer(0.05, 0.8, 0.99, 1e-4),
        "ftrl": lambda: decay.FtrlOptimizer(0.1),
        "ftrl-regularized": lambda: decay.FtrlOptimizer(
            0.1, -0.6, 0.2, l1_regularization_strength=0.3, l2_regularization_strength=0.2),
        "ftrl-shrinkage": lambda: decay.FtrlOptimizer(
            0.1, l2_shrinkage_regularization_strength=0.1, beta=0.5),
    }
    keras3 = {
        "adamax": lambda: keras.optimizers.Adamax(),
        "adamax-other": lambda: keras.optimizers.Adamax(0.05, 0.8, 0.99, 1e-4),
        "nadam": lambda: keras.optimizers.Nadam(),
        "nadam-other": lambda: keras.optimizers.Nadam(0.05, 0.8, 0.99, 1e-4),
        "amsgrad": lambda: keras.optimizers.Adam(0.05, epsilon=1e-8, amsgrad=True),
        "adamw": lambda: keras.optimizers.AdamW(),
        "adamw-other": lambda: keras.optimizers.AdamW(0.05, 0.1, 0.8, 0.99, 1e-4, amsgrad=True),
        "clip-value": lambda: keras.optimizers.SGD(0.1, clipvalue=0.5),
        "clip-norm": lambda: keras.optimizers.SGD(0.1, clipnorm=1.0),
        "clip-global-norm": lambda: keras.optimizers.SGD(0.1, global_clipnorm=1.5),
    }
    cases = {"inputs": {
        "w": flat(start["w"]), "b": flat(start["b"]), "dw": flat(gradients["w"]),
        "db": flat(gradients["b"]), "rows": rows.ravel().tolist(), "drows": flat(row_gradients)}}
    for name, make in tf1.items():
        cases[name] = trained(make, False)
        cases[name + "/rows"] = trained(make, True)
    for name, make in keras3.items():
        cases[name] = trained_by_keras(make)
    write("optimizers", cases)


def names():
    """What Keras calls its slots in a graph of TensorFlow 1."""
    cases = {}
    for name in ["Adamax", "Nadam"]:
        with tf.Graph().as_default():
            with v1.variable_scope("layer"):
                w = v1.get_variable("w", [3, 2])
            with v1.name_scope("train"):
                optimizer = getattr(tf_keras.optimizers.legacy, name)(0.1)
                optimizer.apply_gradients(zip(tf.gradients(tf.reduce_sum(w * w), [w]), [w]))
            cases[name] = [v.op.name for v in v1.global_variables()]
    write("optimizer-names", cases)


def one_cycle(total, peak):
    """Smith's cycle as Géron's OneCycleScheduler writes it, staying at the end."""
    first, last = peak / 10, peak / 10 / 1000
    half = (total - (total // 10 + 1)) // 2

    def line(step, a, b, x, y):
        return (y - x) * (step - a) / (b - a) + x

    def rate(step):
        if step < half:
            return line(step, 0, half, first, peak)
        if step < 2 * half:
            return line(step, half, 2 * half, peak, first)
        return line(min(step, total), 2 * half, total, first, last)

    def momentum(step):
        if step < half:
            return line(step, 0, half, 0.95, 0.85)
        return line(min(step, 2 * half), half, 2 * half, 0.85, 0.95)

    return rate, momentum


def schedules():
    counts = list(range(0, 250, 5))
    tf1 = {
        "exponential": lambda s: decay.exponential_decay(0.1, s, 30, 0.7),
        "exponential-staircase": lambda s: decay.exponential_decay(0.1, s, 30, 0.7, True),
        "natural": lambda s: decay.natural_exp_decay(0.1, s, 30, 0.7),
        "natural-staircase": lambda s: decay.natural_exp_decay(0.1, s, 30, 0.7, True),
        "inverse": lambda s: decay.inverse_time_decay(0.1, s, 30, 0.7),
        "inverse-staircase": lambda s: decay.inverse_time_decay(0.1, s, 30, 0.7, True),
        "piecewise": lambda s: decay.piecewise_constant(s, [20, 100, 170], [0.1, 0.05, 0.02, 0.3]),
        "polynomial": lambda s: decay.polynomial_decay(0.1, s, 120),
        "polynomial-square": lambda s: decay.polynomial_decay(0.1, s, 120, 0.01, 2.0),
        "polynomial-cycle": lambda s: decay.polynomial_decay(0.1, s, 80, 0.01, 0.5, True),
        "cosine": lambda s: decay.cosine_decay(0.1, s, 120),
        "cosine-alpha": lambda s: decay.cosine_decay(0.1, s, 120, 0.2),
        "restarts": lambda s: decay.cosine_decay_restarts(0.1, s, 37),
        "restarts-equal": lambda s: decay.cosine_decay_restarts(0.1, s, 37, 1.0, 0.8, 0.1),
        "restarts-other": lambda s: decay.cosine_decay_restarts(0.1, s, 23, 1.5, 0.9, 0.05),
        "linear-cosine": lambda s: decay.linear_cosine_decay(0.1, s, 120),
        "linear-cosine-other": lambda s: decay.linear_cosine_decay(0.1, s, 120, 1.5, 0.1, 0.01),
    }
    cases = {"steps": counts}
    for name, build in tf1.items():
        with tf.Graph().as_default(), v1.Session() as session:
            step = v1.placeholder(tf.int64, [])
            rate = build(step)
            rate = rate() if callable(rate) else rate
            cases[name] = [flat(session.run(rate, {step: s}))[0] for s in counts]
    cases["power"] = [0.1 / (1 + s / 40) for s in counts]
    cases["power-root"] = [0.1 / (1 + s / 40) ** 0.5 for s in counts]
    cases["epochs"] = [0.1 * 0.9 ** (s // 30) for s in counts]
    rate, momentum = one_cycle(200, 0.05)
    cases["one-cycle"] = [rate(s) for s in counts]
    cases["one-cycle-momentum"] = [momentum(s) for s in counts]
    write("schedules", cases)


def plateau():
    losses = [1, 0.9, 0.8, 0.8, 0.79995, 0.8, 0.81, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.6, 0.61, 0.62, 0.63, 0.64]
    cases = {"losses": losses}
    for name, options in {
            "default": dict(patience=2),
            "cooled": dict(patience=2, factor=0.5, cooldown=2, min_lr=0.03)}.items():
        callback = tf_keras.callbacks.ReduceLROnPlateau(monitor="loss", **options)
        model = tf_keras.Sequential([tf_keras.layers.Dense(1, input_shape=(1,))])
        model.compile(tf_keras.optimizers.SGD(0.1), "mse")
        callback.set_model(model)
        callback.on_train_begin()
        rates = []
        for epoch, loss in enumerate(losses):
            callback.on_epoch_end(epoch, {"loss": loss})
            rates.append(float(model.optimizer.learning_rate.numpy()))
        cases[name] = rates
    write("plateau", cases)


def clipping():
    tensors = [normal(3, 2), normal(4), 3 * normal(2, 2)]
    slices = normal(3, 2)
    cases = {"inputs": [flat(t) for t in tensors], "rows": flat(slices)}
    with tf.Graph().as_default(), v1.Session() as session:
        t = [tf.constant(x) for x in tensors]
        rows_of = tf.IndexedSlices(tf.constant(slices), tf.constant([0, 4, 0]), tf.constant([5, 2]))

        def case(name, *values):
            cases[name] = [flat(v) for v in session.run(list(values))]

        case("value", tf.clip_by_value(t[0], -0.5, 0.75))
        case("value-rows", tf.clip_by_value(rows_of, -0.5, 0.75).values)
        case("norm", tf.clip_by_norm(t[0], 1.0))
        case("norm-loose", tf.clip_by_norm(t[0], 100.0))
        case("norm-axis", tf.clip_by_norm(t[0], 1.0, axes=[1]))
        case("norm-zero", tf.clip_by_norm(tf.zeros([2]), 1.0))
        case("norm-rows", tf.clip_by_norm(rows_of, 1.0).values)
        case("average", v1.clip_by_average_norm(t[0], 0.1))
        case("global-norm", v1.global_norm(t + [rows_of, None]))
        clipped, norm = tf.clip_by_global_norm(t + [rows_of, None], 2.0)
        case("global", *clipped[:3], clipped[3].values, norm)
        loose, _ = tf.clip_by_global_norm(t, 1000.0)
        case("global-loose", *loose)
        given, _ = tf.clip_by_global_norm(t, 2.0, use_norm=tf.constant(4.0))
        case("global-given", *given)
    write("clipping", cases)


def averages():
    values = normal(10, 3)
    cases = {"start": flat(start["b"]), "values": flat(values), "fed": flat(normal(10, 2))}
    fed = np.reshape(np.array(cases["fed"], np.float32), [10, 2])
    for name, options in {
            "plain": dict(decay=0.9),
            "counted": dict(decay=0.9, counted=True),
            "debiased": dict(decay=0.9, zero_debias=True)}.items():
        with tf.Graph().as_default(), v1.Session() as session:
            b = v1.get_variable("b", initializer=start["b"])
            x = v1.placeholder(tf.float32, [3], name="x")
            y = v1.placeholder(tf.float32, [2])
            count = v1.train.get_or_create_global_step()
            counted = options.pop("counted", False)
            average = v1.train.ExponentialMovingAverage(
                num_updates=count if counted else None, **options)
            moved = v1.assign_add(b, y)
            with tf.control_dependencies([moved]):
                followed = average.apply([b, x])
            with tf.control_dependencies([followed]):
                stepped = v1.assign_add(count, 1)
            session.run(v1.global_variables_initializer())
            shadows = []
            for i in range(10):
                session.run(stepped, {x: values[i], y: fed[i]})
                shadows.append(flat(session.run(average.average(b))) + flat(session.run(average.average(x))))
            cases[name] = {
                "shadows": shadows, "names": [v.op.name for v in v1.global_variables()],
                "restored": sorted(average.variables_to_restore())}
    write("averages", cases)


optimizers()
names()
schedules()
plateau()
clipping()
averages()

"""Writes what TensorFlow and Keras compute for the initializers, activations, layers, regularizers,
constraints, losses and metrics of Sources/Training.

  TF_USE_LEGACY_KERAS=1 python make.py     (tensorflow 2.21, tf-keras 2.21, for tf.compat.v1.layers)
  python make.py keras                     (what Keras 3 defines)

Each file is a list of cases by name; a tensor is {"shape": [...], "data": [...]}, or "bits" where
every bit must agree. The tests in TrainingTests build each case under its name.
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
here = os.path.dirname(os.path.abspath(__file__))
draw = np.random.RandomState(7)


def tensor(value, bits=False):
    value = np.asarray(value)
    if bits:
        data = {"bits": [int(b) for b in value.astype(np.float32).view(np.uint32).ravel()]}
    elif value.dtype.kind == "f":
        data = {"data": [float("%.7g" % x) for x in value.ravel()]}
    else:
        data = {"data": [int(x) for x in value.ravel()]}
    return {"shape": list(value.shape), **data}


def write(name, cases):
    path = os.path.join(here, name + ".json")
    with open(path, "w") as file:
        file.write("{\n" + ",\n".join(
            json.dumps(key) + ": " + json.dumps(case, separators=(",", ":"))
            for key, case in cases.items()) + "\n}\n")
    assert os.path.getsize(path) < 50_000, path


def normal(*shape):
    return draw.standard_normal(shape).round(2).astype(np.float32)


def run(build):
    """What `build` gives in a graph of its own, after initialization: a tree of arrays."""
    with tf.Graph().as_default(), v1.Session() as session:
        fetches = build()
        session.run([v1.global_variables_initializer(), v1.local_variables_initializer()])
        return session.run(fetches)


def initializers():
    kinds = v1.initializers
    cases = {}

    def case(name, initializer, shape, bits=False, seed=7):
        def build():
            v1.set_random_seed(42)
            return initializer(seed)(shape, tf.float32)
        cases[name] = tensor(run(build), bits)

    case("zeros", lambda s: kinds.zeros(), [2, 3], True)
    case("ones", lambda s: kinds.ones(), [2, 3], True)
    case("constant", lambda s: kinds.constant(0.3), [2, 3], True)
    case("identity", lambda s: kinds.identity(), [3, 3], True)
    case("identity-wide", lambda s: kinds.identity(gain=2.0), [2, 4], True)
    case("identity-tall", lambda s: kinds.identity(gain=2.0), [4, 2], True)
    case("random_uniform", lambda s: kinds.random_uniform(seed=s), [5, 7], True)
    case("random_uniform-range", lambda s: kinds.random_uniform(-0.05, 0.05, seed=s), [5, 7], True)
    case("random_normal", lambda s: kinds.random_normal(seed=s), [5, 7])
    case("random_normal-mean", lambda s: kinds.random_normal(1.0, 0.5, seed=s), [5, 7])
    case("truncated_normal", lambda s: kinds.truncated_normal(seed=s), [5, 7])
    for mode in ["fan_in", "fan_out", "fan_avg"]:
        for kind in ["truncated_normal", "untruncated_normal", "uniform"]:
            case("variance_scaling-%s-%s" % (mode, kind),
                 lambda s: kinds.variance_scaling(1.5, mode, kind, seed=s), [3, 2, 4, 2],
                 kind == "uniform")
    case("variance_scaling-vector", lambda s: kinds.variance_scaling(seed=s), [6])
    for name in ["glorot", "he", "lecun"]:
        for kind in ["normal", "uniform"]:
            case("%s_%s" % (name, kind), lambda s: getattr(kinds, name + "_" + kind)(seed=s),
                 [6, 5], kind == "uniform")
    case("orthogonal-tall", lambda s: kinds.orthogonal(seed=s), [7, 4])
    case("orthogonal-wide", lambda s: kinds.orthogonal(gain=2.0, seed=s), [3, 8])
    case("orthogonal-kernel", lambda s: kinds.orthogonal(seed=s), [2, 2, 3, 5])
    case("orthogonal-square", lambda s: kinds.orthogonal(seed=s), [6, 6])
    write("initializers", cases)


def activations():
    points = np.array([[-30, -6.5, -3, -1.5, -1], [-0.25, -1e-4, 0, 1e-4, 0.25],
                       [0.75, 1, 1.5, 6, 6.5]], np.float32)
    alpha = normal(1, 5) * 0.1
    functions = {
        "linear": lambda x: x,
        "sigmoid": tf.nn.sigmoid, "tanh": tf.nn.tanh, "softplus": tf.nn.softplus,
        "softsign": tf.nn.softsign, "relu": tf.nn.relu, "relu6": tf.nn.relu6, "elu": tf.nn.elu,
        "selu": tf.nn.selu, "leaky_relu": tf.nn.leaky_relu,
        "leaky_relu-0.3": lambda x: tf.nn.leaky_relu(x, 0.3),
        "gelu": tf.nn.gelu, "gelu-approximate": lambda x: tf.nn.gelu(x, approximate=True),
        "swish": tf.nn.swish, "swish-beta": lambda x: tf.nn.silu(x, beta=1.7),
        "softmax": tf.nn.softmax, "softmax-axis0": lambda x: tf.nn.softmax(x, axis=0),
        "log_softmax-axis0": lambda x: tf.nn.log_softmax(x, axis=0),
        "thresholded_relu": tf.keras.layers.ThresholdedReLU(theta=1.0),
        # TensorFlow Addons' rrelu at inference.
        "rrelu": lambda x: tf.nn.leaky_relu(x, (0.125 + 1 / 3) / 2),
        "parametric_relu": lambda x: tf.keras.layers.PReLU(
            alpha_initializer=tf.constant_initializer(0.3))(x),
    }
    upstream = normal(3, 5)
    cases = {"inputs": {"x": tensor(points), "upstream": tensor(upstream)}}
    for name, function in functions.items():
        def build():
            x = tf.constant(points)
            y = function(x)
            return y, tf.gradients(y, x, upstream)[0]
        y, dx = run(build)
        cases[name] = {"y": tensor(y), "dx": tensor(dx)}
    write("activations", cases)


def layer_cases(layers):
    """Of each layer the result, the gradients of Σ y² with respect to input and variables, and what
    the update ops leave behind."""
    cases = {}
    for name, (shape, layer) in layers.items():
        if shape is None:
            data = np.array([[1, 3, 0], [4, 3, 3]], np.int32)
        else:
            data = normal(*shape)

        def build():
            x = tf.constant(data)
            if data.dtype == np.float32:
                x = v1.placeholder_with_default(data, [None] + list(data.shape[1:]))
            y = layer(x)
            variables = v1.global_variables()
            rng = np.random.RandomState(3)
            weights = {}
            for variable in variables:
                value = (rng.standard_normal(variable.shape.as_list()) * 0.5).round(2)
                if "variance" in variable.name:
                    value = np.abs(value) + 0.5
                weights[variable.name[:-2]] = value
            return x, y, variables, weights

        with tf.Graph().as_default(), v1.Session() as session:
            x, y, variables, weights = build()
            session.run(v1.global_variables_initializer())
            for variable in variables:
                variable.load(weights[variable.name[:-2]], session)
            loss = tf.reduce_sum(y * y)
            trained = v1.trainable_variables()
            sources = trained + ([x] if data.dtype == np.float32 else [])
            gradients = [tf.convert_to_tensor(g) if g is not None else None
                         for g in tf.gradients(loss, sources)]
            updates = v1.get_collection(v1.GraphKeys.UPDATE_OPS)
            result, slopes = session.run([y, [g for g in gradients if g is not None]])
            case = {"x": tensor(data), "y": tensor(result),
                    "variables": {n: tensor(w) for n, w in weights.items()}, "gradients": {}}
            found = iter(slopes)
            for source, gradient in zip(sources, gradients):
                if gradient is not None:
                    case["gradients"]["x" if source is x else source.name[:-2]] = tensor(next(found))
            if updates:
                session.run(updates)
                case["after"] = {v.name[:-2]: tensor(session.run(v)) for v in variables
                                 if "moving" in v.name}
            cases[name] = case
    return cases


def layers():
    old, new = v1.layers, tf.keras.layers
    image, sequence = (2, 4, 5, 2), (2, 5, 3)
    first = (2, 2, 4, 5)
    write("layers", layer_cases({
        "dense": ((3, 4), lambda x: old.dense(x, 5, tf.nn.tanh)),
        "dense-rank3": ((2, 3, 4), lambda x: old.dense(x, 5, use_bias=False)),
        "conv1d": (sequence, lambda x: old.conv1d(x, 4, 3, 2, "same")),
        "conv1d-dilated": (sequence, lambda x: old.conv1d(x, 4, 2, dilation_rate=2)),
    }))
    write("image-layers", layer_cases({
        "conv2d": (image, lambda x: old.conv2d(x, 4, [3, 2], activation=tf.nn.relu)),
        "conv2d-strides": (image, lambda x: old.conv2d(x, 4, 3, [2, 1], "same")),
        "conv2d-dilated": (image, lambda x: old.conv2d(x, 4, 2, dilation_rate=2)),
        "conv2d_transpose": (image, lambda x: old.conv2d_transpose(x, 4, [3, 2], 2)),
        "conv2d_transpose-same": (image, lambda x: old.conv2d_transpose(x, 4, 3, [2, 1], "same")),
        "separable_conv2d": (
            image, lambda x: old.separable_conv2d(x, 4, 3, 2, "same", depth_multiplier=2)),
        "depthwise_conv2d": (
            image, lambda x: new.DepthwiseConv2D(3, 2, "same", depth_multiplier=2)(x)),
        "max_pooling2d": (image, lambda x: old.max_pooling2d(x, [3, 2], 2, "same")),
        "average_pooling2d": (image, lambda x: old.average_pooling2d(x, 2, 2, "same")),
        "max_pooling1d": (sequence, lambda x: old.max_pooling1d(x, 3, 2)),
        "average_pooling1d": (sequence, lambda x: old.average_pooling1d(x, 2, 2, "same")),
        "global_max_pooling2d": (image, lambda x: new.GlobalMaxPooling2D()(x)),
        "global_average_pooling2d": (image, lambda x: new.GlobalAveragePooling2D()(x)),
        "global_max_pooling2d-first": (
            first, lambda x: new.GlobalMaxPooling2D(data_format="channels_first")(x)),
        "global_average_pooling1d": (sequence, lambda x: new.GlobalAveragePooling1D()(x)),
    }))
    write("normalization-layers", layer_cases({
        "flatten": (image, lambda x: old.flatten(x)),
        "reshape": (image, lambda x: new.Reshape([5, -1])(x)),
        "embedding": (None, lambda x: new.Embedding(6, 3)(x)),
        "batch_normalization": (
            (4, 3), lambda x: old.batch_normalization(x, momentum=0.9, training=True)),
        "batch_normalization-inference": ((4, 3), lambda x: old.batch_normalization(x)),
        "batch_normalization-image": (
            image, lambda x: old.batch_normalization(x, momentum=0.9, training=True)),
        "batch_normalization-unfused": (
            image, lambda x: old.batch_normalization(x, momentum=0.9, training=True, fused=False)),
        "batch_normalization-axis1": (
            (4, 3, 5), lambda x: old.batch_normalization(x, axis=1, momentum=0.9, training=True)),
        "batch_normalization-axes": (
            image, lambda x: old.batch_normalization(
                x, axis=[1, 3], momentum=0.9, scale=False, training=True)),
        "layer_normalization": ((4, 5), lambda x: new.LayerNormalization()(x)),
        "layer_normalization-axes": (
            (3, 2, 4), lambda x: new.LayerNormalization(axis=[1, 2], epsilon=1e-5)(x)),
        "parametric_relu-shared": (image, lambda x: new.PReLU(shared_axes=[1, 2])(x)),
    }))
    write("recurrent", layer_cases({
        "simple_rnn": (sequence, lambda x: new.SimpleRNN(4)(x)),
        "simple_rnn-sequences": (
            sequence, lambda x: new.SimpleRNN(4, "relu", return_sequences=True)(x)),
        "lstm": (sequence, lambda x: new.LSTM(4)(x)),
        "lstm-sequences": (sequence, lambda x: new.LSTM(4, return_sequences=True)(x)),
        "lstm-backwards": (
            sequence, lambda x: new.LSTM(4, return_sequences=True, go_backwards=True)(x)),
        "gru": (sequence, lambda x: new.GRU(4)(x)),
        "gru-sequences": (sequence, lambda x: new.GRU(4, return_sequences=True)(x)),
        "gru-reset-before": (sequence, lambda x: new.GRU(4, reset_after=False)(x)),
    }))


def convolutions():
    """What Keras has beyond TensorFlow 1's layers: causal, dilated and padded convolutions."""
    new = tf.keras.layers
    image, sequence = (2, 4, 5, 2), (2, 6, 3)
    write("convolutions", layer_cases({
        "conv1d-causal": (sequence, lambda x: new.Conv1D(4, 3, padding="causal")(x)),
        "conv1d-causal-strides": (sequence, lambda x: new.Conv1D(2, 2, 2, padding="causal")(x)),
        "conv1d-causal-dilated": (
            sequence, lambda x: new.Conv1D(2, 3, padding="causal", dilation_rate=2)(x)),
        "depthwise_conv2d-dilated": (
            image, lambda x: new.DepthwiseConv2D(2, depth_multiplier=2, dilation_rate=2)(x)),
        "depthwise_conv2d-dilated-same": (
            image, lambda x: new.DepthwiseConv2D([2, 3], 1, "same", dilation_rate=[3, 2])(x)),
        "separable_conv2d-dilated": (
            image, lambda x: new.SeparableConv2D(3, 2, 1, "same", dilation_rate=2)(x)),
        "conv2d_transpose-padded": (
            image, lambda x: new.Conv2DTranspose(2, [3, 2], 2, output_padding=[1, 0])(x)),
        "conv2d_transpose-padded-same": (
            image, lambda x: new.Conv2DTranspose(2, 3, [3, 2], "same", output_padding=1)(x)),
        "conv2d_transpose-padded-even": (
            image, lambda x: new.Conv2DTranspose(2, 2, 2, "same", output_padding=1)(x)),
    }))


def regularization():
    value = normal(4, 3)
    image = normal(2, 2, 3, 4)
    kinds, rules = tf.keras.regularizers, tf.keras.constraints
    cases = {"inputs": {"value": tensor(value), "image": tensor(image)}}
    for name, kind in {
        "l1": kinds.l1(0.02), "l1-default": kinds.l1(), "l2": kinds.l2(0.03),
        "l1_l2": kinds.l1_l2(0.02, 0.03),
    }.items():
        cases[name] = tensor(run(lambda: kind(tf.constant(value))))
    for name, rule in {
        "max_norm": rules.MaxNorm(1.2), "max_norm-axis1": rules.MaxNorm(1.2, axis=1),
        "unit_norm": rules.UnitNorm(), "non_negative": rules.NonNeg(),
        "min_max_norm": rules.MinMaxNorm(0.5, 1.5, 0.8),
    }.items():
        cases[name] = tensor(run(lambda: rule(tf.constant(value))))
    rule = rules.MaxNorm(1.2, axis=[0, 1, 2])
    cases["max_norm-image"] = tensor(run(lambda: rule(tf.constant(image))))
    write("regularization", cases)


def losses():
    predictions, labels = normal(4, 3), normal(4, 3)
    weights = np.array([[1], [0], [0.5], [2]], np.float32)
    binary = (draw.rand(4, 3) > 0.5).astype(np.float32)
    probabilities = draw.rand(4, 3).round(2).astype(np.float32)
    probabilities[0] = [0, 1, 0.5]
    classes = np.array([2, 0, 1, 1], np.int32)
    onehot = np.eye(3, dtype=np.float32)[classes]
    inputs = {"predictions": predictions, "labels": labels, "weights": weights, "binary": binary,
              "probabilities": probabilities, "classes": classes, "onehot": onehot}
    cases = {"inputs": {k: tensor(v) for k, v in inputs.items()}}
    kinds = v1.losses
    reductions = {
        "none": kinds.Reduction.NONE, "sum": kinds.Reduction.SUM, "mean": kinds.Reduction.MEAN,
        "sum_over_batch_size": kinds.Reduction.SUM_OVER_BATCH_SIZE,
        "sum_by_nonzero_weights": kinds.Reduction.SUM_BY_NONZERO_WEIGHTS,
    }

    def case(name, function, source):
        def build():
            x = tf.constant(source)
            y = function(x)
            return y, tf.gradients(y, x)[0]
        y, dx = run(build)
        cases[name] = {"y": tensor(y), "dx": tensor(dx)}

    for name, reduction in reductions.items():
        case("mean_squared_error-" + name, lambda x: kinds.mean_squared_error(
            labels, x, weights, reduction=reduction), predictions)
    case("mean_squared_error", lambda x: kinds.mean_squared_error(labels, x), predictions)
    case("absolute_difference", lambda x: kinds.absolute_difference(labels, x, weights), predictions)
    case("huber_loss", lambda x: kinds.huber_loss(labels, x), predictions)
    case("huber_loss-delta", lambda x: kinds.huber_loss(labels, x, delta=0.4), predictions)
    case("hinge_loss", lambda x: kinds.hinge_loss(binary, x), predictions)
    case("sigmoid_cross_entropy", lambda x: kinds.sigmoid_cross_entropy(binary, x), predictions)
    case("sigmoid_cross_entropy-smooth", lambda x: kinds.sigmoid_cross_entropy(
        binary, x, label_smoothing=0.1), predictions)
    case("softmax_cross_entropy", lambda x: kinds.softmax_cross_entropy(onehot, x), predictions)
    case("softmax_cross_entropy-smooth", lambda x: kinds.softmax_cross_entropy(
        onehot, x, weights=weights[:, 0], label_smoothing=0.1), predictions)
    case("sparse_softmax_cross_entropy", lambda x: kinds.sparse_softmax_cross_entropy(
        classes, x), predictions)
    case("log_loss", lambda x: kinds.log_loss(binary, x), probabilities)
    write("losses", cases)


def metrics():
    """Three batches of each metric: the value after each, and the names of its variables."""
    kinds = v1.metrics
    values = [normal(4) for _ in range(3)]
    weights = [draw.rand(4).round(2).astype(np.float32) for _ in range(3)]
    labels = [(draw.rand(4) > 0.5).astype(np.int32) for _ in range(3)]
    predicted = [(draw.rand(4) > 0.5).astype(np.int32) for _ in range(3)]
    probabilities = [draw.rand(4).round(2).astype(np.float32) for _ in range(3)]
    scores = [normal(4, 6) for _ in range(3)]
    classes = [draw.randint(0, 6, 4).astype(np.int32) for _ in range(3)]
    batches = {"values": values, "weights": weights, "labels": labels, "predicted": predicted,
               "probabilities": probabilities, "scores": scores, "classes": classes}
    cases = {"inputs": {k: tensor(np.stack(v)) for k, v in batches.items()}}
    for name, function in {
        "mean": lambda b: kinds.mean(b["values"]),
        "mean-weighted": lambda b: kinds.mean(b["values"], b["weights"]),
        "accuracy": lambda b: kinds.accuracy(b["labels"], b["predicted"]),
        "precision": lambda b: kinds.precision(b["labels"], b["predicted"]),
        "precision-weighted": lambda b: kinds.precision(b["labels"], b["predicted"], b["weights"]),
        "recall": lambda b: kinds.recall(b["labels"], b["predicted"]),
        "auc": lambda b: kinds.auc(b["labels"], b["probabilities"]),
        "auc-weighted": lambda b: kinds.auc(b["labels"], b["probabilities"], b["weights"]),
        "auc-pr": lambda b: kinds.auc(b["labels"], b["probabilities"], curve="PR"),
        "top_k": lambda b: kinds.mean(tf.cast(tf.math.in_top_k(b["classes"], b["scores"], 2),
                                              tf.float32)),
        "mean_absolute_error": lambda b: kinds.mean_absolute_error(b["probabilities"], b["values"]),
        "mean_squared_error": lambda b: kinds.mean_squared_error(b["probabilities"], b["values"]),
    }.items():
        with tf.Graph().as_default(), v1.Session() as session:
            feeds = {k: v1.placeholder(v[0].dtype, v[0].shape) for k, v in batches.items()}
            value, update = function(feeds)
            session.run(v1.local_variables_initializer())
            after = [session.run(update, {feeds[k]: v[i] for k, v in batches.items()})
                     for i in range(3)]
            cases[name] = {
                "updates": tensor(np.array(after, np.float32)),
                "value": tensor(session.run(value)),
                "variables": [v.name[:-2] for v in v1.get_collection("metric_variables")]}
    write("metrics", cases)


def keras():
    """Keras 3's losses of probabilities."""
    import keras
    assert keras.__version__.startswith("3"), keras.__version__
    with open(os.path.join(here, "losses.json")) as file:
        inputs = json.load(file)["inputs"]
    array = {k: np.array(v["data"], np.int32 if k == "classes" else np.float32).reshape(v["shape"])
             for k, v in inputs.items()}
    simplex = np.abs(array["predictions"]) + 0.01
    other = np.abs(array["labels"]) + 0.01
    simplex, other = [(v / v.sum(-1, keepdims=True)).astype(np.float32) for v in (simplex, other)]
    cases = {"inputs": {"simplex": tensor(simplex), "other": tensor(other)}}
    kinds = keras.losses
    for name, function, source in [
        ("binary_crossentropy", lambda x: kinds.binary_crossentropy(array["binary"], x),
         array["probabilities"]),
        ("binary_crossentropy-smooth", lambda x: kinds.binary_crossentropy(
            array["binary"], x, label_smoothing=0.2), array["probabilities"]),
        ("categorical_crossentropy", lambda x: kinds.categorical_crossentropy(array["onehot"], x),
         array["probabilities"]),
        ("categorical_crossentropy-smooth", lambda x: kinds.categorical_crossentropy(
            array["onehot"], x, label_smoothing=0.2), simplex),
        ("sparse_categorical_crossentropy", lambda x: kinds.sparse_categorical_crossentropy(
            array["classes"], x), simplex),
        ("kl_divergence", lambda x: kinds.kl_divergence(other, x), simplex),
    ]:
        x = tf.constant(source)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_mean(function(x))
        cases[name] = {"y": tensor(y.numpy()), "dx": tensor(tape.gradient(y, x).numpy())}
    write("keras-losses", cases)


if len(sys.argv) > 1 and sys.argv[1] == "keras":
    keras()
else:
    v1.disable_eager_execution()
    # The gradient of a loop needs what it recorded.
    v1.experimental.output_all_intermediates(True)
    initializers()
    activations()
    layers()
    regularization()
    losses()
    metrics()
    convolutions()

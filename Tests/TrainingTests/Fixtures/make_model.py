"""Writes what Keras 3 makes of small nets that it trains, evaluates and asks.

  python make_model.py     (tensorflow 2.21, keras 3)

model.json is one object of nets by name, and of their data as "inputs"; ModelReferenceTests builds each
net under its name. A net trains on the first "count" rows of its data in their order and is evaluated
on the rest; a tensor is {"shape": [...], "data": [...]} with 7 digits.
"""

import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np

assert keras.__version__.startswith("3"), keras.__version__
layers, metrics, optimizers = keras.layers, keras.metrics, keras.optimizers
here = os.path.dirname(os.path.abspath(__file__))
draw = np.random.RandomState(11)


def tensor(value):
    value = np.asarray(value)
    if value.dtype.kind == "f":
        # A whole number is as short as it can be.
        data = [int(x) if x == int(x) else float("%.7g" % x) for x in value.ravel()]
    else:
        data = value.ravel().tolist()
    return {"shape": list(value.shape), "data": data}


def data():
    features = draw.standard_normal((56, 8)).round(1).astype(np.float32)
    classes = np.argmax(features[:, :3], -1).astype(np.int32)
    images = draw.rand(32, 8, 8, 1).round(1).astype(np.float32)
    brighter = images[:, :4].sum((1, 2, 3)) > images[:, 4:].sum((1, 2, 3))
    words = draw.randint(0, 10, (56, 6)).astype(np.int32)
    return {
        "features": features, "images": images, "words": words, "classes": classes,
        "onehot": np.eye(3, dtype=np.float32)[classes],
        "brighter": brighter.astype(np.float32)[:, None],
        "columns": np.eye(3, dtype=np.float32)[images[:, :, :3].sum((1, 3)).argmax(-1)],
        "sums": (words.sum(-1, keepdims=True) / 10 - 2.5).round(2).astype(np.float32),
        "curves": np.stack([features[:, 0] * features[:, 1], np.sin(features[:, 2]) * 3], -1)
        .round(2).astype(np.float32),
    }


def normalized():
    net = keras.Sequential([
        keras.Input([8]), layers.Dense(8, use_bias=False),
        layers.BatchNormalization(momentum=0.9), layers.Activation("elu"), layers.Dense(6),
        layers.BatchNormalization(scale=False, epsilon=1e-2), layers.Activation("tanh"),
        layers.Dense(3)])
    net.compile(
        optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy", metrics.SparseTopKCategoricalAccuracy(2, name="top_2_accuracy")])
    return net


def regularized():
    kinds, rules = keras.regularizers, keras.constraints
    net = keras.Sequential([
        keras.Input([8]),
        layers.Dense(
            8, "relu", kernel_regularizer=kinds.L2(0.02), kernel_constraint=rules.MaxNorm(0.9)),
        layers.Dense(
            6, "softplus", kernel_regularizer=kinds.L1L2(0.001, 0.01),
            bias_regularizer=kinds.L1(0.01), bias_constraint=rules.NonNeg()),
        layers.Dense(3, "softmax", kernel_constraint=rules.UnitNorm())])
    net.compile(
        optimizers.SGD(0.05, 0.9, clipnorm=0.4), "categorical_crossentropy", metrics=["accuracy"])
    return net


def convolutional():
    net = keras.Sequential([
        keras.Input([8, 8, 1]), layers.Conv2D(3, 3, activation="relu"), layers.MaxPooling2D(),
        # A bias here would have no gradient but rounding's, of which Adam makes whole steps.
        layers.Conv2D(4, 2, padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.8),
        layers.AveragePooling2D(2, 1), layers.Flatten(), layers.Dense(1, "sigmoid")])
    net.compile(
        optimizers.Adam(0.03), "binary_crossentropy",
        metrics=["accuracy", metrics.AUC(name="auc"), metrics.Precision(name="precision"),
                 metrics.Recall(name="recall")])
    return net


def enlarging():
    net = keras.Sequential([
        keras.Input([8, 8, 1]), layers.DepthwiseConv2D(3, 2, depth_multiplier=2),
        layers.Activation("swish"), layers.Conv2DTranspose(3, 3, 2, "same"),
        layers.SeparableConv2D(4, 2, activation="selu"), layers.GlobalAveragePooling2D(),
        layers.Dense(3)])
    net.compile(
        optimizers.Nadam(0.02), keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"])
    return net


def words():
    net = keras.Sequential([
        keras.Input([6], dtype="int32"), layers.Embedding(10, 4), layers.LayerNormalization(),
        layers.Conv1D(3, 2), layers.PReLU(shared_axes=[1]), layers.Flatten(), layers.Dense(1)])
    # Keras 3's Adam squares the gradient of a word that a batch repeats piece by piece, TensorFlow 1's
    # and Dataflow's square the sum of the pieces.
    net.compile(
        optimizers.SGD(0.05), "mean_squared_error", metrics=[metrics.MeanAbsoluteError()])
    return net


def branched():
    x = keras.Input([8])
    a = layers.Dense(6, "relu", name="low")(x)
    a = layers.Dense(5, name="high")(a)
    b = layers.Dense(5, "sigmoid", name="gate")(x)
    joined = layers.Concatenate()([layers.Add()([a, b]), b, x])
    net = keras.Model(x, layers.Dense(2, name="outputs")(joined))
    net.compile(
        optimizers.SGD(0.05, 0.8, nesterov=True, global_clipnorm=1.0),
        keras.losses.Huber(delta=0.7), metrics=[metrics.MeanSquaredError()])
    return net


def trained(make, x, y, count):
    keras.backend.clear_session()
    net = make()
    weights = []
    for variable in net.weights:
        value = (draw.standard_normal(variable.shape) * 0.5).round(2).astype(np.float32)
        if variable.name in ["moving_variance", "gamma"]:
            value = np.abs(value) + np.float32(0.5)
        weights.append(value)
    net.set_weights(weights)
    net.jit_compile = False
    history = net.fit(
        x[:count], y[:count], epochs=5, batch_size=16, shuffle=False, verbose=0,
        validation_data=(x[count:], y[count:]))
    numbers = net.evaluate(x[count:], y[count:], verbose=0, return_dict=True)
    return {
        "count": count,
        "layers": [v.path.split("/")[-2] for v in net.weights],
        "before": [tensor(w) for w in weights],
        "after": [tensor(w) for w in net.get_weights()],
        "history": {k: [float("%.7g" % v) for v in h] for k, h in history.history.items()},
        "evaluation": {k: float("%.7g" % v) for k, v in numbers.items()},
        "predictions": tensor(net.predict(x[count:], verbose=0))}


inputs = data()
cases = {"inputs": {name: tensor(value) for name, value in inputs.items()}}
for name, make, x, y, count in [
        ("normalized", normalized, "features", "classes", 40),
        ("regularized", regularized, "features", "onehot", 40),
        ("convolutional", convolutional, "images", "brighter", 24),
        ("enlarging", enlarging, "images", "columns", 24),
        ("words", words, "words", "sums", 40),
        ("branched", branched, "features", "curves", 40)]:
    cases[name] = {"x": x, "y": y, **trained(make, inputs[x], inputs[y], count)}
path = os.path.join(here, "model.json")
with open(path, "w") as file:
    file.write("{\n" + ",\n".join(
        json.dumps(key) + ": " + json.dumps(case, separators=(",", ":"))
        for key, case in cases.items()) + "\n}\n")
assert os.path.getsize(path) < 50_000, os.path.getsize(path)

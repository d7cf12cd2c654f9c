"""The nets of Sources/examples in Keras, on the same digits, with the same settings.

usage: keras_examples.py NAME [--seeds 1,2,3,4,5] [--epochs 40] [--ours PROGRAM [--within 0.02]]

Prints test loss and test accuracy of each net: the means over the seeds, and between which numbers they
lie. With --ours, the examples' executable, each of its seeds is run too and printed beside. Only starts
and orders of the digits differ between the two, so that the means should agree as far as they vary; with
--within it is an error if accuracies differ by more."""
import argparse, gzip, os, random, re, statistics, subprocess, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import keras
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(1)
DIGITS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Sources/Training/mnist-5k")
SGD, L = keras.optimizers.SGD, keras.layers
ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def idx(name, start):
    with gzip.open(os.path.join(DIGITS, name)) as file:
        return np.frombuffer(file.read(), np.uint8)[start:]


def images(name):
    return (idx(name, 16).reshape(-1, 784) / 255).astype("float32")


TRAIN = images("train-images-idx3-ubyte.gz"), idx("train-labels-idx1-ubyte.gz", 8).astype("int64")
TEST = images("t10k-images-idx3-ubyte.gz"), idx("t10k-labels-idx1-ubyte.gz", 8).astype("int64")


def standardized():
    mean, deviation = TRAIN[0].astype("float64").mean(), TRAIN[0].astype("float64").std()
    return [(((x - mean) / deviation).astype("float32"), y) for x, y in (TRAIN, TEST)]


def keeping(split, classes, limit=None):
    """The examples of some classes, counted from 0; at most `limit` of each."""
    x, y = split
    rows, taken = [], {c: 0 for c in classes}
    for row, label in enumerate(y):
        if label in taken and (limit is None or taken[label] < limit):
            taken[label] += 1
            rows.append(row)
    return x[rows], np.array([classes.index(label) for label in y[rows]], "int64")


def net(layers, inputs=(784,)):
    return keras.Sequential([keras.Input(inputs), *layers])


def dense(units, activation, initializer="he_normal", **options):
    return L.Dense(units, activation, kernel_initializer=initializer, **options)


def fit(model, optimizer, epochs, train=TRAIN, test=TEST, batch=32, loss=ENTROPY, callbacks=()):
    """Test loss and test accuracy after the last epoch."""
    steps = 1 if callbacks else -(-len(train[0]) // batch)
    model.compile(
        optimizer, loss, metrics=["accuracy"], jit_compile=False, steps_per_execution=steps)
    model.fit(*train, epochs=epochs, batch_size=batch, verbose=0, callbacks=list(callbacks))
    return model.evaluate(*test, batch_size=len(test[0]), verbose=0)


def activations(epochs):
    train, test = standardized()

    def run(hidden, initializer):
        layers = []
        for units in (300, 100):
            layers += hidden(units, initializer)
        return fit(net([*layers, L.Dense(10)]), SGD(0.01), epochs, train, test)

    def of(activation):
        return lambda units, initializer: [dense(units, activation, initializer)]

    for name, function, initializer in [
        ("sigmoid", "sigmoid", "glorot_uniform"), ("tanh", "tanh", "glorot_uniform"),
        ("softplus", "softplus", "glorot_uniform"), ("relu", "relu", "he_normal"),
        ("leaky_relu", lambda x: keras.activations.leaky_relu(x, 0.2), "he_normal"),
        ("elu", "elu", "he_normal"), ("selu", "selu", "lecun_normal"), ("gelu", "gelu", "he_normal"),
        ("swish", "silu", "he_normal")]:
        yield name, run(of(function), initializer)
    yield "p_relu", run(lambda units, initializer: [dense(units, None), L.PReLU()], None)


def batchnorm(epochs):
    norm = L.BatchNormalization
    for name, layers in {
        "none": [L.Dense(300, "elu"), L.Dense(100, "elu")],
        "after": [norm(), L.Dense(300, "elu"), norm(), L.Dense(100, "elu"), norm()],
        "before": [norm(), L.Dense(300, use_bias=False), norm(), L.Activation("elu"),
                   L.Dense(100, use_bias=False), norm(), L.Activation("elu")]}.items():
        yield name, fit(net([*layers, L.Dense(10)]), SGD(0.01), epochs)


def selu100(epochs):
    train, test = standardized()
    for name, initializer in [("selu", "lecun_normal"), ("relu", "he_normal")]:
        hidden = [dense(units, name, initializer) for units in [300] + [100] * 99]
        yield name, fit(net([*hidden, L.Dense(10)]), SGD(0.001), epochs, train, test)


def transfer(epochs):
    old, new = [0, 1, 2, 3, 4, 5, 6, 8], [7, 9]
    few = tuple(part[:200] for part in keeping(TRAIN, new))
    test = keeping(TEST, new)
    hidden = lambda: [dense(units, "selu", "lecun_normal") for units in (300, 100, 50, 50, 50)]
    teacher = net([*hidden(), L.Dense(8)])
    yield "eight digits", fit(teacher, SGD(0.01), epochs, keeping(TRAIN, old), keeping(TEST, old))
    yield "two from scratch", fit(net([*hidden(), L.Dense(2)]), SGD(0.01), epochs, few, test)
    student = keras.Sequential([*teacher.layers[:-1], L.Dense(2)])
    for layer in student.layers[:-1]:
        layer.trainable = False
    frozen = max(1, epochs // 4)
    yield "two, lower layers frozen", fit(student, SGD(0.05), frozen, few, test)
    for layer in student.layers:
        layer.trainable = True
    yield "two, then all trained", fit(student, SGD(0.01), max(1, epochs - frozen), few, test)


def optimizers(epochs):
    o = keras.optimizers
    for name, optimizer in {
        "sgd": SGD(0.01), "momentum": SGD(0.01, 0.9), "nesterov": SGD(0.01, 0.9, nesterov=True),
        "adagrad": o.Adagrad(0.01), "rmsprop": o.RMSprop(0.001), "adam": o.Adam(), "adamax": o.Adamax(),
        "nadam": o.Nadam(), "adamw": o.AdamW()}.items():
        yield name, fit(net([dense(300, "relu"), dense(100, "relu"), L.Dense(10)]), optimizer, epochs)


class OneCycle(keras.callbacks.Callback):
    """The rate up and down in lines, the momentum down and up, and a last fall."""

    def __init__(self, greatest, steps):
        super().__init__()
        half = (steps - (steps // 10 + 1)) // 2
        self.step, places = 0, [0, half, 2 * half, steps]
        self.rates = places, [greatest / 10, greatest, greatest / 10, greatest / 10000]
        self.momenta = places, [0.95, 0.85, 0.95, 0.95]

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = np.interp(self.step, *self.rates)
        self.model.optimizer.moving.assign(np.interp(self.step, *self.momenta))
        self.step += 1


class MovingSGD(SGD):
    """SGD whose momentum is a variable, which a callback may set; Keras' own is a number."""

    def __init__(self, rate):
        super().__init__(rate, 0.9, nesterov=True)
        self.moving = keras.Variable(0.9, trainable=False)

    def update_step(self, gradient, variable, learning_rate):
        velocity = self.momentums[self._get_variable_index(variable)]
        step = gradient * learning_rate
        velocity.assign(velocity * self.moving - step)
        variable.assign_add(velocity * self.moving - step)


def onecycle(epochs):
    train, test = standardized()
    cycle = OneCycle(0.05, epochs * -(-len(train[0]) // 128))
    for name, optimizer, callbacks in [
        ("constant 0.01", SGD(0.01, 0.9, nesterov=True), []),
        ("constant 0.05", SGD(0.05, 0.9, nesterov=True), []),
        ("1cycle to 0.05", MovingSGD(0.005), [cycle])]:
        layers = [dense(300, "selu", "lecun_normal"), dense(100, "selu", "lecun_normal"), L.Dense(10)]
        yield name, fit(net(layers), optimizer, epochs, train, test, 128, callbacks=callbacks)


def dropout(epochs):
    for name, rate, constraint in [
        ("none", None, None), ("max-norm", None, 1.0), ("dropout", 0.2, None),
        ("dropout, max-norm", 0.2, 1.0)]:
        drop = lambda: [L.Dropout(rate)] if rate else []
        limit = lambda: keras.constraints.MaxNorm(constraint) if constraint else None
        model = net([
            *drop(), dense(300, "elu", kernel_constraint=limit()), *drop(),
            dense(100, "elu", kernel_constraint=limit()), *drop(), L.Dense(10, "softmax")])
        loss, accuracy = fit(
            model, SGD(0.01, 0.9, nesterov=True), epochs, loss="sparse_categorical_crossentropy")
        draws = [model(TEST[0], training=True).numpy() for _ in range(100)]
        yield name, (loss, accuracy, np.mean(np.mean(draws, 0).argmax(1) == TEST[1]))


def pretrained(lower, trained, what, epochs, optimizer):
    """Classifiers of 100 labels: from scratch, on frozen layers, on layers that are trained on."""
    few = keeping(TRAIN, list(range(10)), 10)
    for name in ["from scratch", f"{what} frozen", f"{what} trained on"]:
        layers = lower()
        model = net([*layers, L.Dense(10)])
        if name != "from scratch":
            for layer, source in zip(layers, trained):
                layer.set_weights(source.get_weights())
                layer.trainable = "frozen" not in name
        yield name, fit(model, optimizer(name), epochs, few)


def autoencoder(epochs):
    encoder = lambda: [dense(100, "selu", "lecun_normal"), L.Dense(30, "tanh")]
    trained = encoder()
    coder = net([L.Dropout(0.5), *trained, dense(100, "selu", "lecun_normal"), L.Dense(784, "sigmoid")])
    loss, _ = fit(
        coder, keras.optimizers.Adam(), epochs, (TRAIN[0],) * 2, (TEST[0],) * 2, loss="binary_crossentropy")
    yield "autoencoder", (loss,)
    rate = lambda name: keras.optimizers.Adam(0.01 if "frozen" in name else 0.001)
    yield from pretrained(encoder, trained, "encoder", epochs, rate)


def pairs(split, seed):
    x, y = split
    order = np.random.default_rng(seed).permutation(len(y))
    x, y = x[order], y[order]
    places = {label: np.flatnonzero(y == label) for label in range(10)}
    others = []
    for place, label in enumerate(y):
        wanted = places[label if place % 2 == 0 else (label + 1 + place // 2 % 9) % 10]
        others.append(wanted[(place * 7 + 1) % len(wanted)])
    same = (np.arange(len(y)) % 2 == 0).astype("float32")[:, None]
    return np.stack([x, x[others]], 1), same


def auxiliary(epochs):
    lower = lambda: [dense(300, "elu"), dense(100, "elu")]
    trained = lower()
    comparer = net([*trained, L.Flatten(), dense(50, "elu"), L.Dense(1, "sigmoid")], (2, 784))
    optimizer = lambda name: SGD(0.01, 0.9)
    seed = int(np.random.randint(1 << 30))
    yield "same digit or not", fit(
        comparer, optimizer(""), epochs, pairs(TRAIN, seed), pairs(TEST, 1), loss="binary_crossentropy")
    yield from pretrained(lower, trained, "lower layers", epochs, optimizer)


COLUMNS = ["test loss", "test accuracy", "Monte Carlo"]


def ours(program, name, seed, epochs):
    """What an example's table says, by row."""
    arguments = [program, name, "--seed", str(seed), "--epochs", str(epochs)]
    text = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
    table = [re.split(r"\s{2,}", line) for line in text.split("\n\n")[-1].splitlines()[1:]]
    places = [table[0].index(column) for column in COLUMNS if column in table[0]]
    return {row[0]: [float(row[place]) for place in places if place < len(row)] for row in table[1:]}


def told(numbers):
    spread = f"{min(numbers):.3f}-{max(numbers):.3f}"
    return f"{statistics.mean(numbers):.4f} ({spread})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--ours")
    parser.add_argument("--within", type=float, default=float("inf"))
    options = parser.parse_args()
    kerases, own = {}, {}
    for seed in map(int, options.seeds.split(",")):
        # With a seed of TensorFlow's, Keras would take the examples in the same order in each epoch.
        random.seed(seed)
        np.random.seed(seed)
        for row, numbers in globals()[options.name](options.epochs):
            kerases.setdefault(row, []).append(numbers)
        if options.ours:
            for row, numbers in ours(options.ours, options.name, seed, options.epochs).items():
                own.setdefault(row, []).append(numbers)
    apart = []
    for row, runs in kerases.items():
        for place, column in enumerate(COLUMNS[:len(runs[0])]):
            theirs = [run[place] for run in runs]
            line = f"{options.name}: {row}, {column}: Keras {told(theirs)}"
            if row in own:
                mine = [run[place] for run in own[row]]
                difference = statistics.mean(mine) - statistics.mean(theirs)
                line += f", here {told(mine)}, difference {difference:+.4f}"
                if column != "test loss" and abs(difference) > options.within:
                    apart.append(row)
            print(line, flush=True)
    missing = [row for row in kerases if options.ours and row not in own]
    if apart or missing:
        sys.exit(f"apart from Keras: {apart}, not in the table: {missing}")

"""usage: containers.py OUT_DIR: checkpoints of both versions, in parts, shards and every type, and
SavedModels of TensorFlow 1 and 2, with TensorFlow's own values and answers, which the tests open."""
import json, os, shutil, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

tf1 = tf.compat.v1
out = sys.argv[1]
random = np.random.RandomState(7)
types = {
    "bool": [True, False], "float16": [1.5, -2], "bfloat16": [1.5, -2], "int8": [-3, 4],
    "uint8": [250, 4], "int16": [-300, 4], "uint16": [60000, 4], "int64": [-2**40, 4],
    "float64": [0.1, -2], "complex64": [1 + 2j, -1j],
}


def plain(value):
    value = np.asarray(value)
    if value.dtype == object:
        return [item.decode() for item in value.tolist()]
    if value.dtype.kind == "c":
        return [[item.real, item.imag] for item in value.tolist()]
    return value.astype(np.float64).tolist()


def checkpoints():
    """The same variables in each layout; one of them in two parts."""
    parts = random.rand(5, 3).astype("float32")
    for version, sharded in [(1, False), (1, True), (2, True)]:
        tf1.disable_resource_variables()
        with tf1.Graph().as_default():
            def initial(shape, dtype, partition_info):
                first = partition_info.var_offset[0]
                return tf.constant(parts[first:first + shape[0]])
            with tf1.device("/cpu:0"):
                tf1.get_variable("w", [5, 3], initializer=initial,
                                 partitioner=tf1.fixed_size_partitioner(2))
            with tf1.device("/cpu:1"):
                tf1.get_variable("names", initializer=[b"alpha", b"", b"gamma ray"])
                for name, value in types.items():
                    if version == 2 or name != "bfloat16":
                        tf1.get_variable("v_" + name, initializer=tf.constant(value, name))
            config = tf1.ConfigProto(device_count={"CPU": 2})
            with tf1.Session(config=config) as session:
                session.run(tf1.global_variables_initializer())
                saver = tf1.train.Saver(write_version=version, sharded=sharded)
                name = "parts-v%d%s" % (version, "-sharded" if sharded else "")
                saver.save(session, os.path.join(out, name), write_state=False,
                           write_meta_graph=False)
                values = {v.op.name: plain(session.run(v)) for v in tf1.global_variables()
                          if not v.op.name.startswith("w/")}
    values["w"] = parts.astype(np.float64).tolist()
    with open(os.path.join(out, "parts.json"), "w") as file:
        json.dump(values, file)
    # A graph whose variables are the parts, with a saver that knows them.
    with tf1.Graph().as_default():
        w = tf1.get_variable("w", [5, 3], partitioner=tf1.fixed_size_partitioner(2),
                             initializer=tf1.zeros_initializer())
        tf.concat(list(w), 0, name="whole")
        tf1.train.export_meta_graph(os.path.join(out, "parts.meta"), clear_devices=True,
                                    saver_def=tf1.train.Saver().as_saver_def(),
                                    strip_default_attrs=True)


def first_saved_model(x):
    """TensorFlow 1's, with batch normalization as its layers build it, in text."""
    tf1.enable_resource_variables()
    folder = os.path.join(out, "saved-model-1")
    shutil.rmtree(folder, ignore_errors=True)
    with tf1.Graph().as_default(), tf1.Session() as session:
        images = tf1.placeholder(tf.float32, [None, 4], name="images")
        w = tf1.get_variable("w", initializer=random.rand(4, 3).astype("float32"))
        scale = tf1.get_variable("scale", initializer=random.rand(3).astype("float32") + 1)
        mean = tf1.get_variable("mean", initializer=random.rand(3).astype("float32"))
        hidden = (tf1.matmul(images, w) - mean) * scale
        scores = tf.nn.softmax(tf.nn.relu(hidden), name="scores")
        asset = os.path.join(out, "words.txt")
        with open(asset, "w") as file:
            file.write("one\ntwo\n")
        tf1.add_to_collection(tf1.GraphKeys.ASSET_FILEPATHS, tf1.constant(asset, name="asset"))
        session.run(tf1.global_variables_initializer())
        builder = tf1.saved_model.Builder(folder)
        signature = tf1.saved_model.predict_signature_def({"x": images}, {"scores": scores})
        builder.add_meta_graph_and_variables(
            session, ["serve"], {"serving_default": signature},
            assets_collection=tf1.get_collection(tf1.GraphKeys.ASSET_FILEPATHS),
            strip_default_attrs=True)
        path = builder.save(as_text=True).decode()
        # The list of ops is most of the file, and not needed to read it.
        with open(path) as file:
            model = text_format.Parse(file.read(), SavedModel())
        model.meta_graphs[0].meta_info_def.ClearField("stripped_op_list")
        with open(path, "w") as file:
            file.write(text_format.MessageToString(model))
        os.remove(asset)
        return session.run(scores, {images: x})


def second_saved_model(x):
    """TensorFlow 2's: two variables of one name, which only the graph's own functions tell apart."""
    folder = os.path.join(out, "saved-model-2")
    shutil.rmtree(folder, ignore_errors=True)

    class Model(tf.Module):
        def __init__(self):
            self.first = tf.Variable(random.rand(4, 3).astype("float32"))
            self.second = tf.Variable(random.rand(4, 3).astype("float32"))

        @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name="x")])
        def __call__(self, x):
            flat = tf.reshape(x, [tf.shape(x)[0], -1])
            return {"y": tf.matmul(flat, self.first) - self.double(flat)}

        @tf.function
        def double(self, x):
            return 2 * tf.matmul(x, self.second)

    model = Model()
    tf.saved_model.save(model, folder)
    return model(tf.constant(x))["y"].numpy()


x = random.rand(2, 4).astype("float32")
answers = {"x": x.tolist(), "second": second_saved_model(x).tolist()}
tf1.disable_eager_execution()
checkpoints()
answers["first"] = first_saved_model(x).tolist()
with open(os.path.join(out, "saved-models.json"), "w") as file:
    json.dump(answers, file)

"""usage: optimizer_graphs.py DIR FIXTURE: TensorFlow imports the graph of each optimizer that the tests wrote
to DIR, restores it, trains 20 steps and must arrive where the fixture says."""
import json, os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
tf1.disable_eager_execution()
folder, fixture = sys.argv[1:]
with open(fixture) as file:
    cases = json.load(file)
inputs = cases.pop("inputs")
shapes = {"dw": (20, 5, 2), "db": (20, 2), "rows": (20, 4), "drows": (20, 4, 2)}
inputs = {k: np.reshape(inputs[k], s).astype(np.int32 if k == "rows" else np.float32) for k, s in shapes.items()}
for name, case in cases.items():
    sparse = name.endswith("/rows")
    prefix = os.path.join(folder, name.replace("/", "-"))
    with tf1.Graph().as_default(), tf1.Session() as session:
        saver = tf1.train.import_meta_graph(prefix + ".meta")
        saver.restore(session, prefix)
        train = tf1.get_collection("train_op")
        for step in range(20):
            feeds = ({"rows:0": inputs["rows"][step], "dw:0": inputs["drows"][step]} if sparse else
                     {"dw:0": inputs["dw"][step], "db:0": inputs["db"][step]})
            session.run(train, feeds)
        values = {v.op.name: session.run(v) for v in tf1.global_variables()}
    for variable, expected in case["variables"].items():
        np.testing.assert_allclose(
            values[variable].ravel(), expected, rtol=1e-5, atol=1e-5, err_msg=f"{name}: {variable}")
print(f"TensorFlow trains {len(cases)} graphs of optimizers to the same values")

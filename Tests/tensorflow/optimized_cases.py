#!/usr/bin/env python3
"""TensorFlow runs what became of the conformance cases in `OptimizedCaseTests`, and finds the wanted values.

usage: optimized_cases.py DIR    DIR holds folders of case folders, as DATAFLOW_OPTIMIZED_CASES keeps them
"""
import json, os, sys
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
tf1.disable_v2_behavior()


def check(folder):
    with open(os.path.join(folder, "case.json")) as f:
        case = json.load(f)
    definition = tf1.GraphDef()
    with open(os.path.join(folder, "graph.pb"), "rb") as f:
        definition.ParseFromString(f.read())
    feeds = {k: np.load(os.path.join(folder, v)) for k, v in case["feeds"].items()}
    with tf1.Graph().as_default() as graph, tf1.Session(graph=graph) as session:
        tf1.import_graph_def(definition, name="")
        found = session.run({k: k for k in case["fetches"]}, feeds)
    for name, file in case["fetches"].items():
        wanted, value = np.load(os.path.join(folder, file)), np.asarray(found[name])
        assert (value.dtype, value.shape) == (wanted.dtype, wanted.shape), (name, value.dtype, value.shape)
        np.testing.assert_allclose(value.astype("float64"), wanted.astype("float64"), case["rtol"], case["atol"], err_msg=name)


failures = 0
folders = sorted(os.path.join(root, name) for root in os.scandir(sys.argv[1]) for name in os.listdir(root))
for folder in folders:
    try:
        check(folder)
    except Exception as error:
        print("%s: %s" % (os.path.basename(folder), str(error)[:500]), file=sys.stderr)
        failures += 1
print("%d optimized cases, %d failed in TensorFlow" % (len(folders), failures))
sys.exit(failures > 0 or not folders)

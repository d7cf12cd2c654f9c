"""usage: events.py DIR [STEPS EPOCHS ACCURACY]: checks that TensorBoard's reader makes of an event file of
`mnist`, or of `graphc bench` if nothing else is given, what it holds."""
import glob, os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
from tensorboard.backend.event_processing import event_accumulator

folder = sys.argv[1]
events = event_accumulator.EventAccumulator(folder, size_guidance={
    event_accumulator.SCALARS: 0, event_accumulator.HISTOGRAMS: 0})
events.Reload()
assert events.file_version == 2.0, events.file_version
tags = events.Tags()
if len(sys.argv) == 2:
    nodes = {node.name for node in events.Graph().node}
    [device] = events.RunMetadata("bench").step_stats.dev_stats
    assert device.node_stats and {stats.node_name for stats in device.node_stats} <= nodes
    assert all(0 <= stats.all_end_rel_nanos < 60e9 for stats in device.node_stats)
    print("TensorBoard reads the times of %d kernels" % len(device.node_stats))
    print("1 passed, 0 failed")
    sys.exit()
steps, epochs, accuracy = int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
variables = ["hidden1/kernel", "hidden1/bias", "batch_normalization/gamma", "outputs/kernel"]
for name in ["global"] + variables:
    norms = [e.value for e in events.Scalars("gradient_norm/" + name)]
    assert len(norms) == steps and all(0 <= n < 1e6 for n in norms), name
losses = events.Scalars("loss")
assert [e.step for e in losses] == list(range(1, steps + 1))
assert losses[-1].value < losses[0].value
scores = [e.value for e in events.Scalars("accuracy")]
assert len(scores) == epochs and abs(scores[-1] - accuracy) < 1e-4, (scores, accuracy)
shapes = {"hidden1/kernel": 784 * 300, "hidden1/bias": 300, "outputs/kernel": 1000}
for name, count in shapes.items():
    histograms = [e.histogram_value for e in events.Histograms("weights/" + name)]
    assert len(histograms) == epochs
    for histogram in histograms:
        assert histogram.num == count and sum(histogram.bucket) == count, name
        assert histogram.min <= histogram.max and histogram.bucket_limit == sorted(histogram.bucket_limit)
graph = events.Graph()
assert "hidden1/MatMul" in {node.name for node in graph.node}
with tf.Graph().as_default():
    tf.graph_util.import_graph_def(tf.compat.v1.GraphDef.FromString(graph.SerializeToString()))
assert "train_op" in events.MetaGraph().collection_def

# Each record's checksums, by TensorFlow's own reader.
[path] = glob.glob(os.path.join(folder, "*.tfevents.*"))
count = sum(1 for _ in tf.compat.v1.train.summary_iterator(path))
assert count == 3 + steps + 2 * epochs, count
print("TensorBoard reads %d events, %d scalars, %d histograms" %
      (count, len(tags["scalars"]), len(tags["histograms"])))
print("1 passed, 0 failed")

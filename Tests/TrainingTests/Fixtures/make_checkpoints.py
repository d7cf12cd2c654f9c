"""Writes checkpoints that partial restores take variables from.

  python make_checkpoints.py     (tensorflow 2.21)

partitioned    TensorFlow 1's, with a variable in three parts
partitioned.meta
               a graph in which that variable has another name and two parts
objects-1      TensorFlow 2's of tf.train.Checkpoint, whose keys are paths through objects

A variable's elements count up from a number of its own, which PartialRestoreTests knows.
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
here = os.path.dirname(os.path.abspath(__file__))


def counted(first, *shape, dtype=np.float32):
    return (first + np.arange(np.prod(shape, dtype=int))).reshape(shape).astype(dtype)


def table(parts, first):
    def part(shape, dtype, partition_info):
        begin = partition_info.var_offset[0]
        return tf.constant(counted(first, 7, 2)[begin:begin + shape[0]], dtype)
    return v1.get_variable(
        "table", [7, 2], tf.float32, part, partitioner=v1.fixed_size_partitioner(parts))


def partitioned():
    with tf.Graph().as_default(), v1.Session() as session:
        with v1.variable_scope("embedding", use_resource=True):
            table(3, 100)
        with v1.variable_scope("outputs", use_resource=True):
            v1.get_variable("kernel", initializer=counted(200, 2, 3))
            v1.get_variable("bias", initializer=counted(300, 3))
        v1.get_variable("step", initializer=np.int64(7), use_resource=True)
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(
            session, os.path.join(here, "partitioned"), write_meta_graph=False, write_state=False)
    with tf.Graph().as_default():
        with v1.variable_scope("tower", use_resource=True):
            table(2, 0)
        v1.train.export_meta_graph(
            os.path.join(here, "partitioned.meta"), strip_default_attrs=True)


def objects():
    net, encoder, head = tf.Module(), tf.Module(), tf.Module()
    encoder.kernel = tf.Variable(counted(400, 3, 2), name="kernel")
    encoder.bias = tf.Variable(counted(500, 2), name="bias")
    head.kernel = tf.Variable(counted(600, 2, 4), name="kernel")
    net.encoder, net.layers = encoder, [head]
    checkpoint = tf.train.Checkpoint(net=net, step=tf.Variable(np.int64(9), name="step"))
    checkpoint.save(os.path.join(here, "objects"))
    os.remove(os.path.join(here, "checkpoint"))


partitioned()
objects()

import Dataflow
import Foundation
import Testing

/// A net of most kinds of layers, with penalties, constraints and metrics, through its own file.
@Suite struct LayerFileTests {
  @Test func aNetReadFromItsFileGoesOnAlike() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "layers-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let graph = Graph()
    graph.setRandomSeed(3)
    let x = graph.placeholder(.float32, [nil, 8, 8, 2], name: "X")
    let words = graph.placeholder(.int32, [nil, 5], name: "words")
    let y = graph.placeholder(.int32, [nil], name: "y")
    let training = graph.placeholder(default: false, name: "training")
    var h = Layers.conv2D(
      x, filters: 6, kernelSize: 3, padding: .same, kernelInitializer: .heNormal(),
      kernelConstraint: .maxNorm(1, axes: [0, 1, 2]))
    h = Activation.elu(Layers.batchNormalization(h, training: training))
    h = Layers.maxPooling2D(h)
    h = Layers.separableConv2D(h, filters: 4, kernelSize: 3, padding: .same, activation: .swish)
    h = Layers.depthwiseConv2D(h, kernelSize: 2, padding: .same, activation: .gelu)
    h = Layers.conv2DTranspose(h, filters: 3, kernelSize: 3, strides: 2, padding: .same)
    h = Layers.parametricRelu(h, sharedAxes: [1, 2])
    h = Layers.alphaDropout(h, rate: 0.1, training: training)
    h = Layers.flatten(Layers.averagePooling2D(h))
    h = Layers.layerNormalization(
      Layers.dense(
        h, units: 7, activation: .selu, kernelInitializer: .orthogonal(),
        kernelRegularizer: .l2(0.01)))
    let e = Layers.embedding(words, inputDimension: 9, outputDimension: 6)
    let s = Layers.lstm(e, units: 5, returnSequences: true)
    let g = Layers.gru(s, units: 4)
    let r = Layers.simpleRNN(s, units: 3, goBackwards: true)
    let c = Layers.globalMaxPooling1D(Layers.conv1D(e, filters: 3, kernelSize: 2))
    let all = Layers.concatenate([h, g, r, c])
    let logits = identity(
      Layers.dense(all, units: 3, kernelConstraint: .nonNegative(), name: "outputs"), name: "logits"
    )
    _ = Losses.sparseSoftmaxCrossEntropy(labels: y, logits: logits)
    let loss = identity(Losses.total(in: graph), name: "loss")
    let train = GradientDescentOptimizer(learningRate: 0.1).minimize(loss)
    let metric = Metrics.accuracy(
      labels: y, predictions: argMax(logits, axis: 1, outputType: .int32))
    let auc = Metrics.auc(labels: y, predictions: sigmoid(reduceMax(logits, axes: [1])))
    #expect(graph.errors.isEmpty)
    let saver = Saver(graph)
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    try session.run(graph.localVariablesInitializer())
    let images: [Float] = (0..<512).map { (i: Int) -> Float in Float((i * 37) % 101) / 50 - 1 }
    let ids: [Int32] = (0..<20).map { (i: Int) -> Int32 in Int32((i * 7) % 9) }
    let feeds: Feeds = [
      x: try TensorValue(images, shape: [4, 8, 8, 2]),
      words: try TensorValue(ids, shape: [4, 5]),
      y: [Int32(0), 2, 1, 1],
    ]
    let prefix = folder.appending(path: "m.ckpt").path
    try saver.save(session, to: prefix)
    let before = try session.run(loss, feeding: feeds)
    try session.run([train] + graph.collection(.updateOps), feeding: feeds)
    let after = try session.run(loss, feeding: feeds)
    #expect(try after.scalar(as: Float.self) < before.scalar(as: Float.self))

    let copy = try GraphFile.read(prefix + ".meta")
    func own(_ tensor: Tensor) throws -> Tensor { try #require(copy.tensor(named: tensor.name)) }
    let other = try Session(copy)
    try Saver(copy).restore(other, from: prefix)
    try other.run(copy.localVariablesInitializer())
    var copied = Feeds()
    copied.feed(try TensorValue(images, shape: [4, 8, 8, 2]), to: try own(x))
    copied.feed(try TensorValue(ids, shape: [4, 5]), to: try own(words))
    copied.feed([Int32(0), 2, 1, 1], to: try own(y))
    #expect(try other.run(own(loss), feeding: copied) == before)
    let step = try #require(copy.operation(named: train.name))
    try other.run([step] + copy.collection(.updateOps), feeding: copied)
    #expect(try other.run(own(loss), feeding: copied) == after)
    for metric in [metric, auc] {
      #expect(
        try other.run(own(metric.updateOp), feeding: copied)
          == session.run(metric.updateOp, feeding: feeds))
    }
    // Constraints hold after the step: no weight of the last layer is negative.
    let kernel = try #require(copy.variables().first { $0.name == "outputs/kernel" })
    #expect(try other.value(of: kernel).scalars(as: Float.self).allSatisfy { $0 >= 0 })
  }
}

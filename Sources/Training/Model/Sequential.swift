import GraphCore
import GraphRuntime
import StandardOps
import TensorCore

/// A model of layers one after the other.
///
///     let model = try Sequential(
///       [.dense(300, activation: .elu), .batchNormalization(), .dense(10)], inputShape: [784])
///     print(model.summary())
///     try model.compile(
///       optimizer: AdamOptimizer(), loss: .sparseSoftmaxCrossEntropy, metrics: [.accuracy])
///     try model.fit(digits.train, epochs: 10, validation: digits.test)
public final class Sequential: Model {
  /// Builds the layers in a graph of their own, and sets the variables to their initial values.
  ///
  /// - Parameters:
  ///   - inputShape: an example's shape, without the batch.
  ///   - seed: what all random numbers of the graph follow from, the initial weights among them.
  /// - Throws: `GraphErrors` with every mistake in the layers.
  public init(
    _ layers: [Layer], inputShape: [Int?], inputType: DType = .float32, seed: Int? = nil,
    name: String = "sequential"
  ) throws {
    let graph = Graph()
    if let seed { graph.setRandomSeed(seed) }
    let inputs = graph.placeholder(inputType, PartialShape([nil] + inputShape), name: "inputs")
    let training = graph.placeholder(default: false, name: "training")
    var built: [BuiltLayer] = []
    var output = inputs
    for (layer, name) in zip(layers, Self.names(of: layers)) {
      output = layer(output, name: name, training: training)
      built.append(BuiltLayer(name: name, type: layer.type, output: output))
    }
    try super.init(
      name: name, inputs: inputs, outputs: output, training: training, layers: built,
      session: Session(graph))
  }

  /// The layers' own names, and for those without one their kinds, numbered from the second on.
  private static func names(of layers: [Layer]) -> [String] {
    var taken = Set(layers.compactMap(\.name))
    return layers.map { layer in
      if let name = layer.name { return name }
      var (name, number) = (layer.kind, 0)
      while !taken.insert(name).inserted {
        number += 1
        name = "\(layer.kind)_\(number)"
      }
      return name
    }
  }
}

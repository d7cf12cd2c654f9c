import GraphCore
import StandardOps
import TensorCore

extension Layers {
  /// Ba, Kiros and Hinton's layer normalization (2016), Keras's `LayerNormalization`: each example is
  /// normalised by its own mean and variance along the axes, in training and inference alike.
  ///
  /// - Parameters:
  ///   - axes: the axes that moments are taken along and parameters are learned for, whose sizes must
  ///     be known; the last by default.
  ///   - epsilon: added to the variance.
  ///   - center: whether an offset `beta` is learned.
  ///   - scale: whether a factor `gamma` is learned.
  public static func layerNormalization(
    _ inputs: Tensor, axes: [Int] = [-1], epsilon: Double = 1e-3, center: Bool = true,
    scale: Bool = true, betaInitializer: Initializer = .zeros,
    gammaInitializer: Initializer = .ones, betaRegularizer: Regularizer? = nil,
    gammaRegularizer: Regularizer? = nil, betaConstraint: Constraint? = nil,
    gammaConstraint: Constraint? = nil, trainable: Bool = true, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if inputs.isPoison { return inputs }
    let (graph, site) = (inputs.graph, SourceSite(file, line))
    return inLayer(graph, name, "layer_normalization", site) {
      guard let channels = ChannelAxes(of: inputs, axes) else {
        return graph.mistake(
          "the input must have known sizes along distinct axes \(axes), found shape "
            + "\(inputs.shape)", op: "layer_normalization", site: site, beside: [inputs])
      }
      let sizes = channels.axes.compactMap { inputs.shape[$0] }
      /// The parameter so that it broadcasts to the input.
      func parameter(_ name: String, _ weight: Weight) -> Tensor {
        let own = variable(name, Shape(sizes), inputs, weight, trainable: trainable).value
        let isTrailing = channels.axes == Array((channels.rank - sizes.count)..<channels.rank)
        if isTrailing { return own }
        return StandardOps.reshape(
          own,
          to: (0..<channels.rank).map { axis in
            channels.axes.firstIndex(of: axis).map { sizes[$0] } ?? 1
          })
      }
      let gamma = Weight(
        initializer: gammaInitializer, regularizer: gammaRegularizer, constraint: gammaConstraint)
      let beta = Weight(
        initializer: betaInitializer, regularizer: betaRegularizer, constraint: betaConstraint)
      let factor = scale ? parameter("gamma", gamma) : nil
      let offset = center ? parameter("beta", beta) : nil
      let (mean, variance) = moments(inputs, axes: channels.axes, keepDimensions: true)
      return normalized(inputs, mean, variance, epsilon, gamma: factor, beta: offset)
    }
  }
}

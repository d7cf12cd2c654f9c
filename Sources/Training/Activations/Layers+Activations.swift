import GraphCore
import StandardOps
import TensorCore

extension Layers {
  /// x, below 0 scaled by factors that are learned; He and others, 2015, Keras's `PReLU`.
  ///
  /// - Parameters:
  ///   - inputs: `[batch, …]`, whose sizes along the axes that are not shared must be known.
  ///   - alphaInitializer: what the factors start from.
  ///   - sharedAxes: the axes, without the batch's, along which the factor is one: `[1, 2]` for one
  ///     a channel of images.
  ///   - name: the scope of the variable `alpha`.
  public static func parametricRelu(
    _ inputs: Tensor, alphaInitializer: Initializer = .zeros,
    alphaRegularizer: Regularizer? = nil, alphaConstraint: Constraint? = nil,
    sharedAxes: [Int] = [], trainable: Bool = true, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if inputs.isPoison { return inputs }
    let (graph, site) = (inputs.graph, SourceSite(file, line))
    return inLayer(graph, name, "p_re_lu", site) {
      let sizes = inputs.shape.dimensions.map { sizes in
        sizes.indices.dropFirst().map { sharedAxes.contains($0) ? 1 : sizes[$0] }
      }
      guard let sizes, let shape = PartialShape(sizes).fullyDefined,
        sharedAxes.allSatisfy({ (1...sizes.count).contains($0) })
      else {
        return graph.mistake(
          "the input must have known sizes but along the batch and the shared axes "
            + "\(sharedAxes), found shape \(inputs.shape)", op: "p_re_lu", site: site,
          beside: [inputs])
      }
      let alpha = graph.getVariable(
        "alpha", shape: shape, dtype: inputs.dtype, initializer: alphaInitializer,
        regularizer: alphaRegularizer, constraint: alphaConstraint, trainable: trainable)
      return relu(inputs) + -alpha.value * relu(-inputs)
    }
  }

  /// x, below 0 scaled by factors drawn anew for each element while training and by their mean
  /// otherwise; Xu and others, 2015, with TensorFlow Addons' bounds.
  ///
  /// - Parameters:
  ///   - lower: the least factor.
  ///   - upper: the greatest.
  ///   - training: whether to draw; nil draws always.
  public static func randomizedLeakyRelu(
    _ inputs: Tensor, lower: Double = 0.125, upper: Double = 1.0 / 3, seed: Int? = nil,
    training: (any TrainingFlag)? = false, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    if inputs.isPoison { return inputs }
    let (graph, site) = (inputs.graph, SourceSite(file, line))
    return inLayer(graph, name, "rrelu", site) {
      guard lower <= upper else {
        return graph.mistake(
          "lower must not exceed upper, found \(lower) and \(upper)", op: "rrelu", site: site,
          beside: [inputs])
      }
      let mean = leakyRelu(inputs, alpha: Float((lower + upper) / 2))
      return inTraining(training, otherwise: mean) {
        let factors = graph.randomUniform(
          shape(of: inputs), min: lower, max: upper, dtype: inputs.dtype, seed: seed)
        return select(inputs .>= 0, inputs, inputs * factors)
      }
    }
  }
}

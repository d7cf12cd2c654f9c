import GraphCore
import StandardOps
import TensorCore

extension Layers {
  /// Drops each element with probability `rate` while training and scales the rest by 1/(1 − rate).
  ///
  /// - Parameter training: a Boolean scalar, fed at run time, say.
  public static func dropout(
    _ inputs: Tensor, rate: Double = 0.5, seed: Int? = nil, training: Tensor,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if inputs.isPoison { return inputs }
    return inLayer(inputs.graph, name, "dropout", SourceSite(file, line)) {
      select(training, dropped(inputs, rate, seed, SourceSite(file, line)), inputs)
    }
  }

  /// Dropout that is fixed to training or to inference when the graph is built.
  public static func dropout(
    _ inputs: Tensor, rate: Double = 0.5, seed: Int? = nil, training: Bool = false,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if inputs.isPoison { return inputs }
    return inLayer(inputs.graph, name, "dropout", SourceSite(file, line)) {
      training ? dropped(inputs, rate, seed, SourceSite(file, line)) : identity(inputs)
    }
  }

  private static func dropped(
    _ inputs: Tensor, _ rate: Double, _ seed: Int?, _ site: SourceSite
  ) -> Tensor {
    guard (0..<1).contains(rate) else {
      return inputs.graph.mistake(
        "rate must be in [0, 1), found \(rate)", op: "dropout", site: site, beside: [inputs])
    }
    let random = inputs.graph.randomUniform(
      shape(of: inputs), dtype: inputs.dtype, seed: seed)
    let kept = cast(random .>= rate, inputs.dtype)
    return inputs * (1 / (1 - rate)) * kept
  }
}

import GraphCore
import StandardOps
import TensorCore

/// x·Φ(x) with the normal distribution's Φ; Hendrycks and Gimpel, 2016, TensorFlow's `tf.nn.gelu`.
///
/// ½·x·(1 + erf(x/√2)), or with ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))) approximately.
public func gelu(
  _ x: Tensor, approximate: Bool = false, name: String = "Gelu", file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  if x.isPoison { return x }
  return x.graph.composed(name, at: SourceSite(file, line)) { _ in
    if approximate {
      let inner = (x + pow(x, 3) * 0.044715) * (2 / Double.pi).squareRoot()
      return x * 0.5 * (tanh(inner) + 1)
    }
    return x * 0.5 * (erf(x / 2.0.squareRoot()) + 1)
  }
}

/// x / (1 + e^(−β·x)); Ramachandran, Zoph and Le, 2017, TensorFlow's `tf.nn.swish`.
public func swish(
  _ x: Tensor, beta: Double = 1, name: String = "swish", file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  if x.isPoison { return x }
  return x.graph.composed(name, at: SourceSite(file, line)) { _ in
    x * sigmoid(beta == 1 ? x : x * beta)
  }
}

/// x above `theta`, else 0; Konda, Memisevic and Krueger, 2014, Keras's `ThresholdedReLU`.
public func thresholdedRelu(
  _ x: Tensor, theta: Double = 1, name: String = "thresholded_re_lu",
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  if x.isPoison { return x }
  return x.graph.composed(name, at: SourceSite(file, line)) { _ in
    x * cast(x .> theta, x.dtype)
  }
}

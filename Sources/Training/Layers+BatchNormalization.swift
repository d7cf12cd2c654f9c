import GraphCore
import StandardOps
import TensorCore

extension Layers {
  /// Ioffe and Szegedy's batch normalization, in the form of TensorFlow 1's unfused layer.
  ///
  /// While training, each channel is normalised by the batch's own mean and (biased) variance, and
  /// nodes that move the averages are put into the collection `update_ops`: run them beside the
  /// training op. Otherwise the moving averages normalise.
  ///
  /// - Parameters:
  ///   - axis: the channels' dimension, whose size must be known.
  ///   - momentum: how much of the moving averages an update keeps.
  ///   - epsilon: added to the variance.
  ///   - center: whether an offset `beta` is learned.
  ///   - scale: whether a factor `gamma` is learned.
  ///   - training: a Boolean scalar, fed at run time, say.
  public static func batchNormalization(
    _ inputs: Tensor, axis: Int = -1, momentum: Double = 0.99, epsilon: Double = 1e-3,
    center: Bool = true, scale: Bool = true, training: Tensor, trainable: Bool = true,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    normalization(
      inputs, axis, momentum, epsilon, center, scale, .tensor(training), trainable, name,
      SourceSite(file, line))
  }

  /// Batch normalization that is fixed to training or to inference when the graph is built.
  public static func batchNormalization(
    _ inputs: Tensor, axis: Int = -1, momentum: Double = 0.99, epsilon: Double = 1e-3,
    center: Bool = true, scale: Bool = true, training: Bool = false, trainable: Bool = true,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    normalization(
      inputs, axis, momentum, epsilon, center, scale, .constant(training), trainable, name,
      SourceSite(file, line))
  }

  private enum Mode {
    case constant(Bool)
    case tensor(Tensor)
  }

  private static func normalization(
    _ inputs: Tensor, _ axis: Int, _ momentum: Double, _ epsilon: Double, _ center: Bool,
    _ scale: Bool, _ training: Mode, _ trainable: Bool, _ name: String?, _ site: SourceSite
  ) -> Tensor {
    if inputs.isPoison { return inputs }
    let graph = inputs.graph
    return inLayer(graph, name, "batch_normalization", site) {
      guard let rank = inputs.shape.rank, axis >= -rank, axis < rank,
        let channels = inputs.shape[axis < 0 ? axis + rank : axis]
      else {
        return graph.mistake(
          "the input must have a known size along axis \(axis), found shape \(inputs.shape)",
          op: "batch_normalization", site: site, beside: [inputs])
      }
      let axis = axis < 0 ? axis + rank : axis
      func channel(_ name: String, _ initializer: Initializer, _ trainable: Bool) -> Variable {
        graph.getVariable(
          name, shape: [channels], dtype: inputs.dtype, initializer: initializer,
          trainable: trainable)
      }
      let gamma = scale ? channel("gamma", .ones, trainable) : nil
      let beta = center ? channel("beta", .zeros, trainable) : nil
      let moving = (
        mean: channel("moving_mean", .zeros, false),
        variance: channel("moving_variance", .ones, false)
      )
      let axes = (0..<rank).filter { $0 != axis }
      var (mean, variance) = (moving.mean.value, moving.variance.value)
      if case .constant(false) = training {
      } else {
        let batch = batchMoments(inputs, axes)
        (mean, variance) = (
          chosen(training, batch.mean, mean), chosen(training, batch.variance, variance)
        )
        update(moving.mean, towards: mean, momentum, training)
        update(moving.variance, towards: variance, momentum, training)
      }
      // Vectors of the last axis broadcast as they are; those of another need its place.
      func placed(_ vector: Tensor) -> Tensor {
        if axis == rank - 1 { return vector }
        return reshape(vector, to: (0..<rank).map { $0 == axis ? channels : 1 })
      }
      return graph.nameScope("batchnorm") {
        var factor = rsqrt(placed(variance) + epsilon)
        if let gamma { factor = factor * placed(gamma.value) }
        let offset = placed(mean) * factor
        return inputs * factor + (beta.map { placed($0.value) - offset } ?? -offset)
      }
    }
  }

  /// Mean and biased variance in two passes: the mean of squares less the squared mean cancels.
  private static func batchMoments(_ inputs: Tensor, _ axes: [Int]) -> (
    mean: Tensor, variance: Tensor
  ) {
    inputs.graph.nameScope("moments") {
      let kept = reduceMean(inputs, axes: axes, keepDimensions: true, name: "mean")
      let spread = squaredDifference(inputs, stopGradient(kept))
      let variance = reduceMean(spread, axes: axes, name: "variance")
      return (reshape(kept, to: [-1]), variance)
    }
  }

  private static func chosen(_ training: Mode, _ batch: Tensor, _ moving: Tensor) -> Tensor {
    guard case .tensor(let condition) = training else { return batch }
    return select(condition, batch, moving)
  }

  private static func update(
    _ moving: Variable, towards value: Tensor, _ momentum: Double, _ training: Mode
  ) {
    let graph = value.graph
    graph.nameScope("AssignMovingAvg") {
      var decay = value.constant(1 - momentum, name: "decay")
      if case .tensor(let condition) = training {
        decay = select(condition, decay, value.constant(0))
      }
      let step = moving.assignSub((moving.value - value) * decay)
      graph.add(step, to: .updateOps)
    }
  }
}

import GraphCore
import StandardOps
import TensorCore

/// The axes of a tensor that normalization keeps apart, with the shape of what it learns for them.
struct ChannelAxes {
  /// Counted from 0, ascending.
  let axes: [Int]
  let rank: Int
  /// A vector for one axis; for several of the tensor's rank, with size 1 along the others.
  let shape: Shape

  /// Nil if the tensor's size is not known along one of the axes, or one is given twice.
  init?(of inputs: Tensor, _ axes: [Int]) {
    guard let sizes = inputs.shape.dimensions, !axes.isEmpty else { return nil }
    rank = sizes.count
    let own = axes.map { $0 < 0 ? $0 + sizes.count : $0 }.sorted()
    guard Set(own).count == own.count, own.allSatisfy({ sizes.indices.contains($0) }) else {
      return nil
    }
    let known = own.compactMap { sizes[$0] }
    guard known.count == own.count else { return nil }
    self.axes = own
    shape = Shape(
      own.count == 1
        ? known : sizes.enumerated().map { own.contains($0.offset) ? $0.element ?? 1 : 1 })
  }

  /// The axes that moments are taken along.
  var others: [Int] { (0..<rank).filter { !axes.contains($0) } }

  /// Whether `tf.layers.batch_normalization` takes the fused op.
  var isFusedByTensorFlow: Bool { rank == 4 && (axes == [3] || axes == [1]) }

  /// A tensor of `shape` so that it broadcasts to the inputs.
  func placed(_ vector: Tensor) -> Tensor {
    // Vectors of the last axis broadcast as they are; those of another need its place.
    if axes.count > 1 || axes[0] == rank - 1 { return vector }
    return reshape(vector, to: (0..<rank).map { $0 == axes[0] ? shape[0] : 1 })
  }
}

/// The moving averages of batch normalization.
struct MovingMoments {
  let mean: Variable
  let variance: Variable
  let momentum: Double
  /// Whether the variance that moves the average is N/(N − 1) times the batch's.
  let isUnbiased: Bool

  /// What normalises: the batch's moments while training, whose updates are listed, else the averages.
  func moments(of inputs: Tensor, _ channels: ChannelAxes, _ phase: TrainingPhase) -> (
    mean: Tensor, variance: Tensor
  ) {
    if case .never = phase { return (mean.value, variance.value) }
    let batch = batchMoments(inputs, channels)
    let chosen = (
      mean: choose(phase, batch.mean, mean.value),
      variance: choose(phase, batch.variance, variance.value)
    )
    var toward = chosen.variance
    if isUnbiased {
      let count = cast(size(of: inputs), inputs.dtype) / Double(channels.shape.count)
      // As TensorFlow's fused op, which takes a single element's variance as it is.
      toward = toward * (count / maximum(count - 1, 1))
    }
    update(mean, towards: chosen.mean, phase)
    update(variance, towards: toward, phase)
    return chosen
  }

  /// Mean and biased variance in two passes: the mean of squares less the squared mean cancels.
  private func batchMoments(_ inputs: Tensor, _ channels: ChannelAxes) -> (
    mean: Tensor, variance: Tensor
  ) {
    inputs.graph.nameScope("moments") {
      let kept = reduceMean(inputs, axes: channels.others, keepDimensions: true, name: "mean")
      let spread = squaredDifference(inputs, stopGradient(kept))
      let isVector = channels.axes.count == 1
      let variance = reduceMean(
        spread, axes: channels.others, keepDimensions: !isVector, name: "variance")
      return (isVector ? reshape(kept, to: [-1]) : kept, variance)
    }
  }

  private func choose(_ phase: TrainingPhase, _ batch: Tensor, _ moving: Tensor) -> Tensor {
    guard case .when(let condition) = phase else { return batch }
    return select(condition, batch, moving)
  }

  private func update(_ moving: Variable, towards value: Tensor, _ phase: TrainingPhase) {
    let graph = value.graph
    graph.nameScope("AssignMovingAvg") {
      var decay = value.constant(1 - momentum, name: "decay")
      if case .when(let condition) = phase {
        decay = select(condition, decay, value.constant(0))
      }
      let step = moving.assignSub((moving.value - value) * decay)
      graph.add(step, to: .updateOps)
    }
  }
}

import GraphCore
import StandardOps
import TensorCore

extension Layers {
  /// A depthwise convolution; a dilated one by TensorFlow's nodes for it, as its op for the CPU takes
  /// none: blocks of space become batches, which are convolved each by itself.
  static func depthwise(
    _ inputs: Tensor, _ kernel: Variable, strides: Int, padding: Padding, _ format: DataFormat,
    dilation: Size2D
  ) -> Tensor {
    if dilation == 1 {
      return depthwiseConv2d(
        inputs, kernel.value, strides: [strides, strides], padding: padding.rawValue,
        dataFormat: format.name)
    }
    return inputs.graph.nameScope("depthwise") {
      let blocks = SpaceBlocks(of: inputs, kernel, padding, format, dilation)
      let parts = inputs.apply(Ops.SpaceToBatchND.self, [blocks.shape, blocks.paddings])
      let convolved = depthwiseConv2d(
        parts, kernel.value, padding: Padding.valid.rawValue, dataFormat: format.name)
      return convolved.apply(Ops.BatchToSpaceND.self, [blocks.shape, blocks.crops])
    }
  }

  /// Whether strides or dilations are 1; records a mistake otherwise.
  static func isEither(
    _ strides: Int, _ dilation: Size2D, _ kind: String, _ inputs: Tensor, _ site: SourceSite
  ) -> Bool {
    if strides == 1 || dilation == 1 { return true }
    _ = inputs.graph.mistake(
      "strides must be 1 where dilationRate is above 1, found \(strides) beside \(dilation.pair)",
      op: kind, site: site, beside: [inputs])
    return false
  }
}

/// Which zeros make rows and columns whole blocks of a dilation's size, and what of them is cut off
/// again; TensorFlow's `required_space_to_batch_paddings`.
private struct SpaceBlocks {
  let shape: Tensor
  let paddings: Tensor
  let crops: Tensor

  /// A number that is known when the graph is built, or one that a run finds.
  private enum Size {
    case known(Int)
    case found(Tensor)
  }

  init(
    of inputs: Tensor, _ kernel: Variable, _ padding: Padding, _ format: DataFormat,
    _ dilation: Size2D
  ) {
    let graph = inputs.graph
    var paddings: [[Size]] = []
    var crops: [[Size]] = []
    for (place, rate) in dilation.pair.enumerated() {
      let around = padding == .same ? ((kernel.shape[place] ?? 1) - 1) * rate : 0
      let (before, after) = (around / 2, around - around / 2)
      let axis = format.firstSpatial + place
      if let size = inputs.shape[axis] {
        let rest = (rate - (size + around) % rate) % rate
        paddings.append([.known(before), .known(after + rest)])
        crops.append([.known(0), .known(rest)])
      } else {
        let size = StandardOps.shape(of: inputs)[axis]
        let rest = floorMod(-size - Double(around), graph.constant(rate, .int32))
        paddings.append([.known(before), .found(rest + Double(after))])
        crops.append([.known(0), .found(rest)])
      }
    }
    // Blocks are counted from the axis after the batch: channels that come first are a block of 1.
    let isFirst = format == .channelsFirst
    let channels: [[Size]] = isFirst ? [[.known(0), .known(0)]] : []
    shape = graph.constant((isFirst ? [1] : []) + dilation.pair, .int32, name: "block_shape")
    self.paddings = Self.matrix(channels + paddings, in: graph, name: "paddings")
    self.crops = Self.matrix(channels + crops, in: graph, name: "crops")
  }

  private static func matrix(_ rows: [[Size]], in graph: Graph, name: String) -> Tensor {
    let known = rows.map { row in
      row.compactMap { size -> Int? in if case .known(let number) = size { number } else { nil } }
    }
    // A constant lets shapes be known before a run.
    if known.joined().count == rows.joined().count {
      return graph.constant(known, .int32, name: name)
    }
    let tensors = rows.map { row in
      stack(
        row.map { size in
          switch size {
          case .known(let number): graph.constant(number, .int32)
          case .found(let tensor): tensor
          }
        })
    }
    return stack(tensors, name: name)
  }
}

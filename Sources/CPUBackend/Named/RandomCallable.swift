import GraphCompiler
import StandardOps
import TensorCore

/// Fills a buffer from TensorFlow's random stream.
final class RandomCallable: KernelCallable {
  private let call: NamedKernelCall

  init(_ call: NamedKernelCall) { self.call = call }

  var tileCount: Int { 1 }
  var scratchByteCount: Int { 64 }
  var estimatedNanoseconds: Int { 4 * call.outputs[0].shape.count }

  func run(
    tiles: Range<Int>, operands: UnsafePointer<UnsafeMutableRawPointer>,
    scratch: UnsafeMutableRawPointer
  ) -> KernelStatus {
    guard case .random(let distribution, let seed, let seed2) = call.kernel else {
      return .success
    }
    let stream = call.counter.map { operands[$0] }
    var philox = Philox(seed: seed, seed2: seed2)
    if seed == 0, seed2 == 0, let stream {
      // Without seeds the session's own numbers for this node stand behind the position.
      philox = Philox(
        seed: stream.load(fromByteOffset: 8, as: UInt64.self),
        seed2: stream.load(fromByteOffset: 16, as: UInt64.self))
    }
    if let stream { philox.skip(stream.load(as: UInt64.self)) }
    let output = operands[0]
    let count = call.outputs[0].shape.count
    switch (distribution, call.outputs[0].dtype) {
    case (.uniform, .float64):
      philox.fillUniform(output.assumingMemoryBound(to: Double.self), count: count)
    case (.uniform, _):
      philox.fillUniform(output.assumingMemoryBound(to: Float.self), count: count)
    case (.normal, .float64):
      philox.fillNormal(output.assumingMemoryBound(to: Double.self), count: count)
    case (.normal, _):
      philox.fillNormal(output.assumingMemoryBound(to: Float.self), count: count)
    case (.truncatedNormal, .float64):
      philox.fillTruncatedNormal(output.assumingMemoryBound(to: Double.self), count: count)
    case (.truncatedNormal, _):
      philox.fillTruncatedNormal(output.assumingMemoryBound(to: Float.self), count: count)
    case (.uniformInteger, .int64):
      let (low, high) = bounds(operands, Int64.self)
      guard low < high else { return .emptyRange }
      philox.fillUniform(
        output.assumingMemoryBound(to: Int64.self), from: low, to: high, count: count)
    case (.uniformInteger, _):
      let (low, high) = bounds(operands, Int32.self)
      guard low < high else { return .emptyRange }
      philox.fillUniform(
        output.assumingMemoryBound(to: Int32.self), from: low, to: high, count: count)
    }
    return .success
  }

  private func bounds<T: BitwiseCopyable>(
    _ operands: UnsafePointer<UnsafeMutableRawPointer>, _: T.Type
  ) -> (T, T) {
    (
      operands[call.inputs[0].buffer].load(as: T.self),
      operands[call.inputs[1].buffer].load(as: T.self)
    )
  }
}

import TensorCore

extension [DType] {
  /// The types that gradients flow through and kernels compute in.
  package static let floats: [DType] = [.float32, .float64, .float16, .bfloat16]
  /// Integers of every width.
  package static let integers: [DType] = [
    .int32, .int64, .uint8, .int8, .int16, .uint16, .uint32, .uint64,
  ]
  /// Signed integers.
  package static let signedIntegers: [DType] = [.int32, .int64, .int8, .int16]
  /// Types with negative numbers.
  package static let signed = floats + signedIntegers
  /// Whatever has an order.
  package static let reals = floats + integers
  /// What kernels hold in buffers.
  package static let dense = reals + [.bool]
  /// The types of indices and shapes.
  package static let indices: [DType] = [.int32, .int64]
}

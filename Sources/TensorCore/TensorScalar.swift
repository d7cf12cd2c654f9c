/// A Swift type whose values are the elements of a dense tensor.
public protocol TensorScalar: BitwiseCopyable, Sendable, Hashable {
  /// The element type that this Swift type stands for.
  static var dtype: DType { get }
}

extension Float: TensorScalar {
  /// `float32`.
  public static var dtype: DType { .float32 }
}
extension Double: TensorScalar {
  /// `float64`.
  public static var dtype: DType { .float64 }
}
extension Float16: TensorScalar {
  /// `float16`.
  public static var dtype: DType { .float16 }
}
extension Int8: TensorScalar {
  /// `int8`.
  public static var dtype: DType { .int8 }
}
extension Int16: TensorScalar {
  /// `int16`.
  public static var dtype: DType { .int16 }
}
extension Int32: TensorScalar {
  /// `int32`.
  public static var dtype: DType { .int32 }
}
extension Int64: TensorScalar {
  /// `int64`.
  public static var dtype: DType { .int64 }
}
extension UInt8: TensorScalar {
  /// `uint8`.
  public static var dtype: DType { .uint8 }
}
extension UInt16: TensorScalar {
  /// `uint16`.
  public static var dtype: DType { .uint16 }
}
extension UInt32: TensorScalar {
  /// `uint32`.
  public static var dtype: DType { .uint32 }
}
extension UInt64: TensorScalar {
  /// `uint64`.
  public static var dtype: DType { .uint64 }
}
extension Bool: TensorScalar {
  /// `bool`.
  public static var dtype: DType { .bool }
}

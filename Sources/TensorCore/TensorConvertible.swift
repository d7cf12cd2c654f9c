/// Something that can be written where a tensor's value is wanted: a number, a Boolean, a string,
/// nested arrays of these, or a `TensorValue`.
///
/// Swift's untyped literals adapt, as Python's do in TensorFlow: `Int` becomes any numeric type that
/// holds it, `Double` any floating-point type; alone they become `int32` and `float32`. Types of a
/// stated width (`Int64`, `TensorValue`, …) are taken as they are and never converted silently.
public protocol TensorConvertible: Sendable {
  /// This value as a tensor of `dtype`, or of its natural type if that is nil.
  ///
  /// - Throws: `TensorError` if the value is not of that type and does not adapt to it.
  func tensorValue(as dtype: DType?) throws(TensorError) -> TensorValue

  /// These elements as one tensor with a new outermost dimension.
  ///
  /// - Throws: `TensorError` if they do not adapt to the type or differ in shape.
  static func tensorValue(of elements: [Self], as dtype: DType?) throws(TensorError) -> TensorValue
}

extension TensorConvertible {
  /// Joins the elements' tensors along a new outermost dimension.
  public static func tensorValue(of elements: [Self], as dtype: DType?) throws(TensorError)
    -> TensorValue
  {
    guard let first = elements.first else {
      return TensorValue(zeros: [0], dtype: dtype ?? .float32)
    }
    let head = try first.tensorValue(as: dtype)
    let shape = Shape([elements.count] + head.shape.dimensions)
    var strings: [[UInt8]] = []
    var result = TensorValue(zeros: shape, dtype: head.dtype)
    for (index, element) in elements.enumerated() {
      let part = try element.tensorValue(as: head.dtype)
      guard part.shape == head.shape else {
        throw TensorError(
          "a nested array is ragged: element 0 has shape \(head.shape), "
            + "element \(index) has \(part.shape)")
      }
      if head.dtype == .string {
        strings += try part.strings()
      } else {
        result.withUnsafeMutableBytes { whole in
          part.withUnsafeBytes { bytes in
            let slot = UnsafeMutableRawBufferPointer(
              rebasing: whole[(index * bytes.count)..<((index + 1) * bytes.count)])
            slot.copyMemory(from: bytes)
          }
        }
      }
    }
    return head.dtype == .string ? try TensorValue(strings: strings, shape: shape) : result
  }
}

extension TensorValue: TensorConvertible {
  /// This value itself.
  ///
  /// - Throws: `TensorError` if `dtype` is another type.
  public func tensorValue(as dtype: DType?) throws(TensorError) -> TensorValue {
    guard dtype == nil || dtype == self.dtype else {
      throw TensorError("expected \(dtype ?? self.dtype), found a tensor of \(self.dtype)")
    }
    return self
  }
}

extension TensorConvertible where Self: TensorScalar {
  /// A scalar tensor of this type.
  ///
  /// - Throws: `TensorError` if `dtype` is another type.
  public func tensorValue(as dtype: DType?) throws(TensorError) -> TensorValue {
    try TensorValue(self).tensorValue(as: dtype)
  }

  /// A vector of this type.
  ///
  /// - Throws: `TensorError` if `dtype` is another type.
  public static func tensorValue(of elements: [Self], as dtype: DType?) throws(TensorError)
    -> TensorValue
  {
    try TensorValue(elements).tensorValue(as: dtype)
  }
}

extension Int8: TensorConvertible {}
extension Int16: TensorConvertible {}
extension Int32: TensorConvertible {}
extension Int64: TensorConvertible {}
extension UInt8: TensorConvertible {}
extension UInt16: TensorConvertible {}
extension UInt32: TensorConvertible {}
extension UInt64: TensorConvertible {}
extension Bool: TensorConvertible {}
extension Float: TensorConvertible {}
extension Float16: TensorConvertible {}

extension Int: TensorConvertible {
  /// A scalar of `dtype`; alone `int32`, or `int64` if it does not fit.
  ///
  /// - Throws: `TensorError` if the type is not numeric or does not hold the integer.
  public func tensorValue(as dtype: DType?) throws(TensorError) -> TensorValue {
    try Self.tensorValue(of: [self], as: dtype).reshaped(to: .scalar)
  }

  /// A vector of `dtype`; alone `int32`, or `int64` if an element does not fit.
  ///
  /// - Throws: `TensorError` if the type is not numeric or does not hold an integer.
  public static func tensorValue(of elements: [Int], as dtype: DType?) throws(TensorError)
    -> TensorValue
  {
    let shape = Shape([elements.count])
    let natural: DType = elements.allSatisfy { Int32(exactly: $0) != nil } ? .int32 : .int64
    let dtype = dtype ?? natural
    if dtype.isFloatingPoint {
      return try TensorValue(converting: elements.map(Double.init), to: dtype, shape: shape)
    }
    guard dtype.isInteger else { throw TensorError("expected \(dtype), found an integer") }
    let value = try TensorValue(integers: elements, as: dtype, shape: shape)
    guard value.integers == elements else {
      throw TensorError("an integer does not fit in \(dtype)")
    }
    return value
  }
}

extension Double: TensorConvertible {
  /// A scalar of `dtype`; alone `float32`, as a number in a TensorFlow script is.
  ///
  /// - Throws: `TensorError` if the type is not a floating-point one.
  public func tensorValue(as dtype: DType?) throws(TensorError) -> TensorValue {
    try Self.tensorValue(of: [self], as: dtype).reshaped(to: .scalar)
  }

  /// A vector of `dtype`; alone `float32`.
  ///
  /// - Throws: `TensorError` if the type is not a floating-point one.
  public static func tensorValue(of elements: [Double], as dtype: DType?) throws(TensorError)
    -> TensorValue
  {
    let dtype = dtype ?? .float32
    guard dtype.isFloatingPoint else {
      throw TensorError("expected \(dtype), found a floating-point number")
    }
    return try TensorValue(converting: elements, to: dtype, shape: Shape([elements.count]))
  }
}

extension String: TensorConvertible {
  /// A scalar of `string` with this text in UTF-8.
  ///
  /// - Throws: `TensorError` if `dtype` is another type.
  public func tensorValue(as dtype: DType?) throws(TensorError) -> TensorValue {
    try TensorValue(strings: [Array(utf8)], shape: .scalar).tensorValue(as: dtype)
  }
}

extension Array: TensorConvertible where Element: TensorConvertible {
  /// The elements joined along a new outermost dimension.
  ///
  /// - Throws: `TensorError` if they do not adapt to `dtype` or differ in shape.
  public func tensorValue(as dtype: DType?) throws(TensorError) -> TensorValue {
    try Element.tensorValue(of: self, as: dtype)
  }
}

/// A dense, row-major array of elements of one type: what is fed to a graph and fetched from it.
///
/// A value type: copies share their bytes until one is written to. Strings are arrays of bytes.
public struct TensorValue: Sendable {
  package enum Contents: Sendable {
    case bytes(TensorStorage)
    case strings([[UInt8]])
    case list(TensorList)
    case shared(SharedValues)
  }

  /// The type of the elements.
  public let dtype: DType
  /// The sizes of the dimensions.
  public let shape: Shape
  package private(set) var contents: Contents

  package init(dtype: DType, shape: Shape, storage: TensorStorage) {
    precondition(storage.byteCount >= shape.count * (dtype.byteCount ?? 0))
    self.dtype = dtype
    self.shape = shape
    contents = .bytes(storage)
  }

  /// A tensor of zeros (empty strings for `string`).
  public init(zeros shape: Shape, dtype: DType) {
    self.dtype = dtype
    self.shape = shape
    if let size = dtype.byteCount {
      contents = .bytes(TensorStorage(byteCount: shape.count * size))
    } else {
      contents = .strings([[UInt8]](repeating: [], count: shape.count))
    }
  }

  /// A tensor of the given elements in row-major order.
  ///
  /// - Throws: `TensorError` if their number is not that of the shape.
  public init<Scalar: TensorScalar>(_ scalars: [Scalar], shape: Shape) throws(TensorError) {
    guard scalars.count == shape.count else {
      throw TensorError(
        "\(scalars.count) elements were given for shape \(shape), which holds \(shape.count)")
    }
    self.dtype = Scalar.dtype
    self.shape = shape
    contents = .bytes(scalars.withUnsafeBytes { TensorStorage(copying: $0) })
  }

  /// A vector of the given elements.
  public init<Scalar: TensorScalar>(_ scalars: [Scalar]) {
    self.dtype = Scalar.dtype
    self.shape = Shape([scalars.count])
    contents = .bytes(scalars.withUnsafeBytes { TensorStorage(copying: $0) })
  }

  /// A tensor of shape `[]`.
  public init<Scalar: TensorScalar>(_ scalar: Scalar) {
    self.dtype = Scalar.dtype
    self.shape = .scalar
    contents = .bytes(Swift.withUnsafeBytes(of: scalar) { TensorStorage(copying: $0) })
  }

  /// A tensor of one repeated element.
  public init<Scalar: TensorScalar>(repeating scalar: Scalar, shape: Shape) {
    self.init(zeros: shape, dtype: Scalar.dtype)
    withUnsafeMutableBytes { bytes in
      bytes.bindMemory(to: Scalar.self).update(repeating: scalar)
    }
  }

  /// A tensor of strings, each an array of bytes.
  ///
  /// - Throws: `TensorError` if their number is not that of the shape.
  public init(strings: [[UInt8]], shape: Shape) throws(TensorError) {
    guard strings.count == shape.count else {
      throw TensorError(
        "\(strings.count) strings were given for shape \(shape), which holds \(shape.count)")
    }
    self.dtype = .string
    self.shape = shape
    contents = .strings(strings)
  }

  /// A tensor whose elements lie row-major in `bytes`, in this machine's byte order.
  ///
  /// - Throws: `TensorError` if the type has no byte size or the number of bytes does not fit.
  public init(dtype: DType, shape: Shape, bytes: UnsafeRawBufferPointer) throws(TensorError) {
    guard let size = dtype.byteCount else {
      throw TensorError("a tensor of \(dtype) cannot be made from raw bytes")
    }
    guard let count = shape.checkedCount, bytes.count.isMultiple(of: size),
      bytes.count / size == count
    else {
      throw TensorError("\(bytes.count) bytes were given for \(dtype)\(shape)")
    }
    self.dtype = dtype
    self.shape = shape
    contents = .bytes(TensorStorage(copying: bytes))
    if dtype == .bool {
      // Any other byte than 0 and 1 would be no Bool of Swift's.
      withUnsafeMutableBytes { own in
        for index in own.indices where own[index] > 1 { own[index] = 1 }
      }
    }
  }

  /// The number of elements.
  public var count: Int { shape.count }

  /// The number of bytes the elements take; the sum of the lengths for strings.
  public var byteCount: Int {
    switch contents {
    case .bytes: count * (dtype.byteCount ?? 0)
    case .strings(let strings): strings.reduce(0) { $0 + $1.count }
    case .list(let list): list.items.reduce(0) { $0 + $1.byteCount }
    case .shared: 0
    }
  }

  /// The elements in row-major order.
  ///
  /// - Throws: `TensorError` if the tensor is not of that type.
  public func scalars<Scalar: TensorScalar>(as type: Scalar.Type = Scalar.self)
    throws(TensorError) -> [Scalar]
  {
    guard dtype == Scalar.dtype else {
      throw TensorError("a tensor of \(dtype) was read as \(Scalar.dtype)")
    }
    return withUnsafeBytes { Array($0.bindMemory(to: Scalar.self)) }
  }

  /// The only element of a tensor that has one.
  ///
  /// - Throws: `TensorError` if there are more or fewer elements, or of another type.
  public func scalar<Scalar: TensorScalar>(as type: Scalar.Type = Scalar.self)
    throws(TensorError) -> Scalar
  {
    let all = try scalars(as: type)
    guard all.count == 1 else {
      throw TensorError("a tensor of shape \(shape) was read as a single element")
    }
    return all[0]
  }

  /// The elements of a string tensor in row-major order.
  ///
  /// - Throws: `TensorError` if it holds no strings.
  public func strings() throws(TensorError) -> [[UInt8]] {
    guard case .strings(let strings) = contents else {
      throw TensorError("a tensor of \(dtype) was read as strings")
    }
    return strings
  }

  /// Calls `body` with the elements' bytes; a string tensor has none.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch contents {
    case .bytes(let storage):
      defer { withExtendedLifetime(storage) {} }
      return try body(UnsafeRawBufferPointer(start: storage.base, count: byteCount))
    case .strings, .list, .shared:
      return try body(UnsafeRawBufferPointer(start: nil, count: 0))
    }
  }

  /// Calls `body` with the elements' bytes for writing, unshared from any copy of this value.
  public mutating func withUnsafeMutableBytes<Result, Failure: Error>(
    _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard case .bytes(var storage) = contents else {
      return try body(UnsafeMutableRawBufferPointer(start: nil, count: 0))
    }
    contents = .strings([])
    if !isKnownUniquelyReferenced(&storage) {
      storage = TensorStorage(
        copying: UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount))
    }
    contents = .bytes(storage)
    defer { withExtendedLifetime(storage) {} }
    let size = shape.count * (dtype.byteCount ?? 0)
    return try body(UnsafeMutableRawBufferPointer(start: storage.base, count: size))
  }

  /// The same elements under another shape.
  ///
  /// - Throws: `TensorError` if the number of elements differs.
  public func reshaped(to shape: Shape) throws(TensorError) -> TensorValue {
    guard shape.count == count else {
      throw TensorError("a tensor of shape \(self.shape) cannot take shape \(shape)")
    }
    return TensorValue(dtype: dtype, shape: shape, contents: contents)
  }

  init(dtype: DType, shape: Shape, contents: Contents) {
    self.dtype = dtype
    self.shape = shape
    self.contents = contents
  }
}

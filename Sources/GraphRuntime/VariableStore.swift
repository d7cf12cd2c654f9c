import GraphCompiler
import TensorCore

/// The variables of a session, with a version that each write raises.
struct VariableStore {
  private(set) var values: [String: TensorStorageBox] = [:]
  private(set) var counters: [String: UnsafeCounter] = [:]

  /// A variable's bytes at a fixed address while its shape stays; guarded by the session's lock on runs.
  final class TensorStorageBox: @unchecked Sendable {
    let dtype: DType
    let shape: Shape
    let storage: TensorStorage
    var version: UInt64
    /// The value itself where its elements are not in a buffer.
    let hostValue: TensorValue?
    init(
      dtype: DType, shape: Shape, storage: TensorStorage, version: UInt64,
      hostValue: TensorValue? = nil
    ) {
      self.hostValue = hostValue
      self.dtype = dtype
      self.shape = shape
      self.storage = storage
      self.version = version
    }
    /// The value where it is: to be let go before a run may change it.
    var borrowed: TensorValue {
      hostValue ?? TensorValue(dtype: dtype, shape: shape, storage: storage)
    }
    /// A copy that no later run changes.
    var value: TensorValue {
      hostValue
        ?? TensorValue(
          dtype: dtype, shape: shape,
          storage: TensorStorage(
            copying: UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)))
    }
  }

  /// A random stream's position, then the key and the upper half of the counter that the session
  /// chose for it, which only an op without seeds draws from.
  final class UnsafeCounter: @unchecked Sendable {
    let storage = TensorStorage(byteCount: 24)
    init(key: UInt64, high: UInt64) {
      value = 0
      storage.base.storeBytes(of: key, toByteOffset: 8, as: UInt64.self)
      storage.base.storeBytes(of: high, toByteOffset: 16, as: UInt64.self)
    }
    var value: UInt64 {
      get { storage.base.load(as: UInt64.self) }
      set { storage.base.storeBytes(of: newValue, as: UInt64.self) }
    }
  }

  /// What the streams of ops without seeds follow from, beside their names.
  var entropy = UInt64.random(in: .min ... .max)

  private var nextVersion: UInt64 = 1
  /// Raised whenever a name means other memory than before: until then a run's bindings hold.
  private(set) var layout: UInt64 = 1

  mutating func set(_ name: String, to value: TensorValue) {
    if let box = values[name], box.dtype == value.dtype, box.shape == value.shape,
      box.hostValue == nil
    {
      value.withUnsafeBytes { bytes in
        if let base = bytes.baseAddress {
          box.storage.base.copyMemory(from: base, byteCount: bytes.count)
        }
      }
      return touch(box)
    }
    let storage = value.withUnsafeBytes { TensorStorage(copying: $0) }
    nextVersion += 1
    layout += 1
    values[name] = TensorStorageBox(
      dtype: value.dtype, shape: value.shape, storage: storage, version: nextVersion,
      hostValue: value.dtype.byteCount == nil ? value : nil)
  }

  /// Makes the memory of a value that nobody else holds the variable's own.
  mutating func adopt(_ name: String, _ value: TensorValue) {
    guard case .bytes(let storage) = value.contents else { return set(name, to: value) }
    nextVersion += 1
    layout += 1
    values[name] = TensorStorageBox(
      dtype: value.dtype, shape: value.shape, storage: storage, version: nextVersion)
  }

  /// Room for a value of this type and shape, kept if it is there already.
  mutating func reserve(_ name: String, dtype: DType, shape: Shape) -> TensorStorageBox {
    if let box = values[name], box.dtype == dtype, box.shape == shape { return box }
    let storage = TensorStorage(byteCount: shape.count * (dtype.byteCount ?? 0))
    nextVersion += 1
    layout += 1
    let box = TensorStorageBox(dtype: dtype, shape: shape, storage: storage, version: nextVersion)
    values[name] = box
    return box
  }

  mutating func remove(_ name: String) {
    layout += 1
    values[name] = nil
  }

  mutating func touch(_ box: TensorStorageBox) {
    nextVersion += 1
    box.version = nextVersion
  }

  mutating func counter(_ name: String) -> UnsafeCounter {
    if let counter = counters[name] { return counter }
    var words = SplitMix64(state: name.utf8.stableHash ^ entropy)
    let counter = UnsafeCounter(key: words.next(), high: words.next())
    counters[name] = counter
    return counter
  }
}

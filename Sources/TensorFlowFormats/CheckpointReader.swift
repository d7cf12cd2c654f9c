import SwiftProtobuf
import TensorCore

/// A tensor's place in a checkpoint.
public struct CheckpointEntry: Sendable, Hashable {
  /// The variable's name.
  public let name: String
  /// The type of its elements.
  public let dtype: DType
  /// Its shape.
  public let shape: Shape
  let shard: Int
  let offset: Int
  let size: Int
  let checksum: UInt32
  /// Whether the variable is saved in parts, each under a name of its own.
  let isPartitioned: Bool
}

/// Reads TensorFlow's V2 checkpoints: `prefix.index` and `prefix.data-…`; every checksum is verified.
public struct CheckpointReader: Sendable {
  /// The path without endings.
  public let prefix: String
  /// The tensors, sorted by name.
  public let entries: [CheckpointEntry]
  private let places: [String: Int]
  private let shardCount: Int
  private let isAside: Bool

  /// Reads the index.
  ///
  /// - Throws: `FileError` if it is missing, damaged or of a form that is not known.
  public init(prefix: String) throws(FileError) {
    let aside = CheckpointWriter.aside(prefix)
    do throws(FileError) {
      try self.init(prefix: prefix, files: prefix, isAside: false)
      // While a pair of the same name is being replaced, index and data may be of different savings.
      if FileSystem.exists(aside + ".complete"), !isConsistent {
        throw FileError(prefix + ".index", "belongs to other data")
      }
    } catch {
      guard FileSystem.exists(aside + ".complete") else { throw error }
      try self.init(prefix: prefix, files: aside, isAside: true)
    }
  }

  private init(prefix: String, files: String, isAside: Bool) throws(FileError) {
    let path = files + ".index"
    let table = try SortedTable.read(FileSystem.read(path, limit: 1 << 30), path: path)
    guard let first = table.first, first.key.isEmpty,
      let header = try? TFBundleHeaderProto(serializedBytes: first.value)
    else { throw FileError(path, "has no header") }
    guard header.endianness == .little else {
      throw FileError(path, "was written by a machine of the other byte order")
    }
    guard header.version.minConsumer <= 1 else {
      throw FileError(path, "needs a reader of version \(header.version.minConsumer)")
    }
    guard (1...65_536).contains(header.numShards) else {
      throw FileError(path, "claims \(header.numShards) data files")
    }
    var entries: [CheckpointEntry] = []
    // The names of a partitioned variable's parts begin with a zero.
    for item in table.dropFirst() where item.key.first != 0 {
      entries.append(try Self.entry(item.key, item.value, Int(header.numShards), path))
    }
    self.prefix = prefix
    self.entries = entries
    places = Dictionary(
      entries.enumerated().map { ($0.element.name, $0.offset) },
      uniquingKeysWith: { first, _ in first })
    self.isAside = isAside
    shardCount = Int(header.numShards)
  }

  private static func entry(_ key: [UInt8], _ value: [UInt8], _ shards: Int, _ path: String)
    throws(FileError) -> CheckpointEntry
  {
    let name = String(decoding: key, as: UTF8.self)
    guard let proto = try? TFBundleEntryProto(serializedBytes: value) else {
      throw FileError(path, "the entry \"\(name)\" cannot be read")
    }
    guard let dtype = DType(rawValue: Int32(proto.dtype.rawValue)) else {
      throw FileError(path, "\"\(name)\" has an unknown type")
    }
    let shape = Shape(proto.shape.dim.map { Int($0.size) })
    guard let count = shape.checkedCount, proto.offset >= 0, proto.size >= 0,
      proto.shardID >= 0, Int(proto.shardID) < shards,
      count.multipliedReportingOverflow(by: dtype.byteCount ?? 1).overflow == false,
      !proto.slices.isEmpty || dtype.byteCount.map({ $0 * count == Int(proto.size) }) ?? true
    else { throw FileError(path, "the entry \"\(name)\" contradicts itself") }
    return CheckpointEntry(
      name: name, dtype: dtype, shape: shape, shard: Int(proto.shardID),
      offset: Int(proto.offset), size: Int(proto.size), checksum: proto.crc32C,
      isPartitioned: !proto.slices.isEmpty)
  }

  /// Whether every tensor's checksum fits the data beside the index.
  private var isConsistent: Bool { entries.allSatisfy { (try? value(of: $0.name)) != nil } }

  /// A tensor's value.
  ///
  /// - Throws: `FileError` if it is not there or its bytes are damaged.
  public func value(of name: String) throws(FileError) -> TensorValue {
    guard let place = places[name] else {
      throw FileError(prefix + ".index", "has no tensor \"\(name)\"")
    }
    let entry = entries[place]
    guard !entry.isPartitioned else {
      throw FileError(
        prefix + ".index", "\"\(name)\" is saved in parts (partitioned), which is not supported")
    }
    let files = isAside ? CheckpointWriter.aside(prefix) : prefix
    let path = files + CheckpointWriter.dataSuffix(entry.shard, of: shardCount)
    let bytes = try FileSystem.read(path, from: entry.offset, count: entry.size)
    if entry.dtype == .string { return try strings(entry, bytes, path) }
    guard CRC32C.masked(CRC32C.checksum(bytes)) == entry.checksum else {
      throw FileError(path, "is damaged: the checksum of \"\(name)\" is wrong")
    }
    let value = bytes.withUnsafeBytes { buffer in
      Result { () throws(TensorError) in
        try TensorValue(dtype: entry.dtype, shape: entry.shape, bytes: buffer)
      }
    }
    switch value {
    case .success(let value): return value
    case .failure(let error): throw FileError(path, "\"\(name)\": \(error)")
    }
  }

  /// Lengths, their checksum, then the strings; the entry's checksum covers lengths of four bytes.
  private func strings(_ entry: CheckpointEntry, _ bytes: [UInt8], _ path: String)
    throws(FileError) -> TensorValue
  {
    var reader = ByteReader(bytes, 0..<bytes.count, path)
    guard entry.shape.count <= bytes.count else {
      throw FileError(path, "\"\(entry.name)\" has too few bytes for its strings")
    }
    var lengths: [UInt64] = []
    var crc: UInt32 = 0
    for _ in 0..<entry.shape.count {
      let length = try reader.varint()
      lengths.append(length)
      crc = CRC32C.checksum(SortedTable.stringLength(length), after: crc)
    }
    let stored = try reader.fixed32()
    guard stored == CRC32C.masked(crc) else {
      throw FileError(path, "is damaged: the lengths of \"\(entry.name)\" are wrong")
    }
    crc = CRC32C.checksum(SortedTable.little(stored), after: crc)
    var strings: [[UInt8]] = []
    for length in lengths {
      strings.append(try reader.bytes(length))
      crc = CRC32C.checksum(strings[strings.count - 1], after: crc)
    }
    guard reader.isAtEnd, CRC32C.masked(crc) == entry.checksum,
      let value = try? TensorValue(strings: strings, shape: entry.shape)
    else { throw FileError(path, "is damaged: the checksum of \"\(entry.name)\" is wrong") }
    return value
  }
}

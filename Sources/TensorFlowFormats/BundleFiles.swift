import SwiftProtobuf
import TensorCore

/// A checkpoint of version 2: `prefix.index` and `prefix.data-…`.
struct BundleFiles: CheckpointSource {
  let path: String
  let tensors: [StoredTensor]
  private let prefix: String
  private let shardCount: Int
  /// The data files, by their numbers, opened together with the index: of one checkpoint, even if
  /// another takes its place meanwhile. Of a great many, each is opened when it is read.
  private let shards: [Int: OpenFile]

  private static let openShardLimit = 64

  static func exists(_ prefix: String) -> Bool {
    if FileSystem.exists(prefix + ".index") { return true }
    if case .replace? = CheckpointJournal.read(prefix) { return true }
    return false
  }

  /// The checkpoint of the prefix, as it is or as a process that died was about to make it.
  static func open(_ prefix: String) throws(FileError) -> BundleFiles {
    // A folder that cannot be locked can be read all the same.
    let lock = try? FolderLock(FileSystem.directory(of: prefix), shared: true)
    defer { withExtendedLifetime(lock) {} }
    guard case .replace(let data, let index)? = CheckpointJournal.read(prefix) else {
      return try BundleFiles(prefix)
    }
    // The files in place are of one checkpoint before the first was replaced, and after the last.
    if let own = try? BundleFiles(prefix), own.isConsistent { return own }
    return try BundleFiles(
      prefix, index: FileSystem.exists(index) ? index : nil,
      data: FileSystem.exists(data) ? data : nil)
  }

  private init(_ prefix: String, index: String? = nil, data: String? = nil) throws(FileError) {
    self.prefix = prefix
    path = index ?? prefix + ".index"
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
    shardCount = Int(header.numShards)
    var entries = BundleIndex(path: path, shardCount: shardCount)
    for (key, value) in table.dropFirst() { try entries.add(key, value) }
    tensors = try entries.tensors()
    var shards: [Int: OpenFile] = [:]
    if shardCount <= Self.openShardLimit {
      for shard in 0..<shardCount {
        let path = prefix + CheckpointWriter.dataSuffix(shard, of: shardCount)
        // One that is missing is an error only when it is read.
        shards[shard] = try? OpenFile(shardCount == 1 ? data ?? path : path)
      }
    }
    self.shards = shards
  }

  /// Whether every checksum fits the data.
  private var isConsistent: Bool {
    tensors.allSatisfy { tensor in
      tensor.pieces.allSatisfy { (try? value(of: $0, tensor.entry)) != nil }
    }
  }

  func value(of piece: StoredTensor.Piece, _ entry: CheckpointEntry) throws(FileError)
    -> TensorValue
  {
    guard case .bytes(let shard, let offset, let size, let checksum) = piece.place else {
      throw FileError(path, "\"\(entry.name)\" is not in a data file")
    }
    let path = prefix + CheckpointWriter.dataSuffix(shard, of: shardCount)
    let file = if let open = shards[shard] { open } else { try OpenFile(path) }
    let shape = piece.box.shape
    if entry.dtype == .string {
      return try strings(
        entry.name, shape, file.read(from: offset, count: size), checksum, path)
    }
    guard entry.dtype.byteCount != nil else {
      throw FileError(path, "\"\(entry.name)\" is a \(entry.dtype), which cannot be read")
    }
    try file.check(offset, size)
    // Read to where it stays: a copy of a large variable may be more than there is memory.
    var value = TensorValue(zeros: shape, dtype: entry.dtype)
    let read = value.withUnsafeMutableBytes { buffer in
      Result { () throws(FileError) in
        try file.read(from: offset, into: .init(rebasing: buffer[..<size]))
        guard CRC32C.masked(CRC32C.checksum(UnsafeRawBufferPointer(buffer))) == checksum else {
          throw FileError(path, "is damaged: the checksum of \"\(entry.name)\" is wrong")
        }
        // Any other byte than 0 and 1 would be no Bool of Swift's.
        if entry.dtype == .bool {
          for index in buffer.indices where buffer[index] > 1 { buffer[index] = 1 }
        }
      }
    }
    try read.get()
    return value
  }

  /// Lengths, their checksum, then the strings; the entry's checksum covers lengths of four bytes.
  private func strings(
    _ name: String, _ shape: Shape, _ bytes: [UInt8], _ checksum: UInt32, _ path: String
  ) throws(FileError) -> TensorValue {
    var reader = ByteReader(bytes, 0..<bytes.count, path)
    guard shape.count <= bytes.count else {
      throw FileError(path, "\"\(name)\" has too few bytes for its strings")
    }
    var lengths: [UInt64] = []
    var crc: UInt32 = 0
    for _ in 0..<shape.count {
      let length = try reader.varint()
      lengths.append(length)
      crc = CRC32C.checksum(SortedTable.stringLength(length), after: crc)
    }
    let stored = try reader.fixed32()
    guard stored == CRC32C.masked(crc) else {
      throw FileError(path, "is damaged: the lengths of \"\(name)\" are wrong")
    }
    crc = CRC32C.checksum(SortedTable.little(stored), after: crc)
    var strings: [[UInt8]] = []
    for length in lengths {
      strings.append(try reader.bytes(length))
      crc = CRC32C.checksum(strings[strings.count - 1], after: crc)
    }
    guard reader.isAtEnd, CRC32C.masked(crc) == checksum,
      let value = try? TensorValue(strings: strings, shape: shape)
    else { throw FileError(path, "is damaged: the checksum of \"\(name)\" is wrong") }
    return value
  }
}

/// The entries of an index, checked against one another.
private struct BundleIndex {
  let path: String
  let shardCount: Int
  private var wholes: [(name: String, proto: TFBundleEntryProto)] = []
  /// The parts of partitioned variables, by the keys that are made of their slices.
  private var parts: [[UInt8]: TFBundleEntryProto] = [:]

  init(path: String, shardCount: Int) {
    self.path = path
    self.shardCount = shardCount
  }

  mutating func add(_ key: [UInt8], _ value: [UInt8]) throws(FileError) {
    let name = String(decoding: key, as: UTF8.self)
    guard let proto = try? TFBundleEntryProto(serializedBytes: value) else {
      throw FileError(path, "the entry \"\(name)\" cannot be read")
    }
    if key.first == 0 {
      parts[key] = proto
    } else {
      wholes.append((name, proto))
    }
  }

  func tensors() throws(FileError) -> [StoredTensor] {
    var tensors: [StoredTensor] = []
    for (name, proto) in wholes { tensors.append(try tensor(name, proto)) }
    try checkPlaces(tensors)
    return tensors
  }

  private func tensor(_ name: String, _ proto: TFBundleEntryProto) throws(FileError)
    -> StoredTensor
  {
    guard let dtype = DType(rawValue: Int32(proto.dtype.rawValue)) else {
      throw FileError(path, "\"\(name)\" has an unknown type")
    }
    let shape = Shape(proto.shape.dim.map { Int($0.size) })
    let slices = proto.slices.map { TensorSlice($0) }
    guard let count = shape.checkedCount,
      !count.multipliedReportingOverflow(by: dtype.byteCount ?? 1).overflow,
      let whole = SliceBox(TensorSlice(wholeOfRank: shape.rank), in: shape)
    else { throw FileError(path, "the entry \"\(name)\" contradicts itself") }
    let entry = CheckpointEntry(name: name, dtype: dtype, shape: shape, parts: slices)
    if slices.isEmpty {
      return StoredTensor(
        entry: entry, pieces: [.init(box: whole, place: try place(name, dtype, shape, proto))])
    }
    var pieces: [StoredTensor.Piece] = []
    for slice in slices {
      guard let part = parts[OrderedCode.key(name, slice)] else {
        throw FileError(path, "the part \(slice) of \"\(name)\" is missing")
      }
      guard let box = SliceBox(slice, in: shape),
        Shape(part.shape.dim.map { Int($0.size) }) == box.shape,
        part.dtype == proto.dtype
      else { throw FileError(path, "the part \(slice) of \"\(name)\" does not fit \(shape)") }
      pieces.append(.init(box: box, place: try place(name, dtype, box.shape, part)))
    }
    return StoredTensor(entry: entry, pieces: pieces)
  }

  private func place(
    _ name: String, _ dtype: DType, _ shape: Shape, _ proto: TFBundleEntryProto
  ) throws(FileError) -> StoredTensor.Place {
    guard proto.offset >= 0, proto.size >= 0, proto.shardID >= 0, Int(proto.shardID) < shardCount,
      !proto.offset.addingReportingOverflow(proto.size).overflow,
      dtype.byteCount.map({ $0 * shape.count == Int(proto.size) }) ?? true
    else { throw FileError(path, "the entry \"\(name)\" contradicts itself") }
    return .bytes(
      shard: Int(proto.shardID), offset: Int(proto.offset), size: Int(proto.size),
      checksum: proto.crc32C)
  }

  /// Refuses tensors that share bytes: together they could claim more memory than the files hold.
  private func checkPlaces(_ tensors: [StoredTensor]) throws(FileError) {
    var places: [(shard: Int, offset: Int, end: Int, name: String)] = []
    for tensor in tensors {
      for piece in tensor.pieces {
        if case .bytes(let shard, let offset, let size, _) = piece.place, size > 0 {
          places.append((shard, offset, offset + size, tensor.entry.name))
        }
      }
    }
    places.sort { ($0.shard, $0.offset) < ($1.shard, $1.offset) }
    for (a, b) in zip(places, places.dropFirst()) where a.shard == b.shard && b.offset < a.end {
      throw FileError(path, "\"\(a.name)\" and \"\(b.name)\" claim the same bytes")
    }
  }
}

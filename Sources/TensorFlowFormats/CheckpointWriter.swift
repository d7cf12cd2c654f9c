import SwiftProtobuf
import TensorCore

/// A part of a partitioned variable, to be saved under the whole one's name.
public struct CheckpointPart: Sendable {
  /// The whole variable's name.
  public let name: String
  /// The whole variable's shape.
  public let wholeShape: Shape
  /// What the part holds of it.
  public let slice: TensorSlice
  /// The part's elements.
  public let value: TensorValue

  /// A part of a variable.
  public init(name: String, wholeShape: Shape, slice: TensorSlice, value: TensorValue) {
    self.name = name
    self.wholeShape = wholeShape
    self.slice = slice
    self.value = value
  }
}

/// Writes TensorFlow's V2 checkpoints, so that a process killed at any moment leaves a loadable one, and
/// any number of threads and processes may write to one place (`CheckpointJournal`).
public enum CheckpointWriter {
  static func dataSuffix(_ shard: Int, of count: Int) -> String {
    func padded(_ number: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }
    return ".data-\(padded(shard))-of-\(padded(count))"
  }

  /// Writes the tensors under `prefix`, in the order of their names.
  ///
  /// - Parameter parts: the parts of partitioned variables, each under the whole variable's name.
  /// - Throws: `FileError` if a file cannot be written; the checkpoint that was there stays.
  public static func write(
    _ tensors: [(name: String, value: TensorValue)], parts: [CheckpointPart] = [],
    to prefix: String
  ) throws(FileError) {
    var pending = tensors.map { Pending(key: Array($0.name.utf8), name: $0.name, value: $0.value) }
    for part in parts {
      pending.append(
        Pending(key: OrderedCode.key(part.name, part.slice), name: part.name, value: part.value))
    }
    for (name, group) in Dictionary(grouping: parts, by: \.name) {
      try check(group, prefix)
      pending.append(Pending(key: Array(name.utf8), name: name, parts: group))
    }
    pending.sort { $0.key.lexicographicallyPrecedes($1.key) }
    try check(pending, prefix)
    let folder = FileSystem.directory(of: prefix)
    try FileSystem.makeDirectory(folder)
    // First of all, since what was left may fill the disk.
    try FolderLock(folder).held { () throws(FileError) in
      try CheckpointJournal.recover(folder)
    }
    var header = TFBundleHeaderProto()
    header.numShards = 1
    header.version.producer = 1
    let data = try AsideFile(for: prefix + dataSuffix(0, of: 1))
    var entries: [(key: [UInt8], value: [UInt8])] = [([], encoded(header))]
    for item in pending { entries.append((item.key, encoded(try entry(item, data)))) }
    try data.sync()
    let index = try AsideFile(for: prefix + ".index")
    try index.write(SortedTable.write(entries))
    try index.sync()
    try FolderLock(folder).held { () throws(FileError) in
      try CheckpointJournal.recover(folder)
      try CheckpointJournal.replace(prefix, data: data, index: index)
    }
  }

  /// A tensor, a part of one, or what says of which parts one consists.
  private struct Pending {
    let key: [UInt8]
    let name: String
    var value: TensorValue?
    var parts: [CheckpointPart] = []
  }

  /// Writes the item's elements.
  ///
  /// - Returns: what the index says of the item.
  private static func entry(_ item: Pending, _ data: AsideFile) throws(FileError)
    -> TFBundleEntryProto
  {
    var entry = TFBundleEntryProto()
    let dtype = item.value?.dtype ?? item.parts[0].value.dtype
    entry.dtype = TFDataType(rawValue: Int(dtype.rawValue)) ?? .dtInvalid
    let shape = item.value?.shape ?? item.parts[0].wholeShape
    entry.shape = TFTensorShapeProto()
    entry.shape.dim = shape.dimensions.map { size in
      var dimension = TFTensorShapeProto.Dim()
      dimension.size = Int64(size)
      return dimension
    }
    guard let value = item.value else {
      entry.slices = item.parts.map(\.slice.proto)
      return entry
    }
    entry.offset = Int64(data.count)
    let crc = try write(value, to: data)
    entry.size = Int64(data.count) - entry.offset
    entry.crc32C = CRC32C.masked(crc)
    return entry
  }

  /// Refuses parts that are not those of one variable.
  private static func check(_ parts: [CheckpointPart], _ prefix: String) throws(FileError) {
    for part in parts {
      guard part.wholeShape == parts[0].wholeShape, part.value.dtype == parts[0].value.dtype,
        SliceBox(part.slice, in: part.wholeShape)?.shape == part.value.shape
      else {
        throw FileError(
          prefix, "the part \(part.slice) of \"\(part.name)\" does not fit the others")
      }
    }
  }

  /// Refuses what no reader could tell apart or bring back.
  private static func check(_ sorted: [Pending], _ prefix: String) throws(FileError) {
    for item in sorted {
      guard !item.name.isEmpty else {
        throw FileError(prefix, "a tensor without a name cannot be saved")
      }
      if let dtype = item.value?.dtype, dtype == .resource || dtype == .variant {
        throw FileError(prefix, "\"\(item.name)\" is a \(dtype), which cannot be saved")
      }
    }
    for (a, b) in zip(sorted, sorted.dropFirst()) where a.key == b.key {
      throw FileError(prefix, "two tensors are called \"\(a.name)\"")
    }
  }

  private static func encoded(_ message: any SwiftProtobuf.Message) -> [UInt8] {
    var options = BinaryEncodingOptions()
    options.useDeterministicOrdering = true
    return (try? message.serializedBytes(options: options)) ?? []
  }

  /// Writes a tensor's elements from where they are.
  ///
  /// - Returns: their checksum.
  private static func write(_ value: TensorValue, to data: AsideFile) throws(FileError) -> UInt32 {
    if let strings = try? value.strings() { return try write(strings, to: data) }
    let result = value.withUnsafeBytes { bytes in
      Result { () throws(FileError) in
        try data.write(bytes)
        return CRC32C.checksum(bytes)
      }
    }
    return try result.get()
  }

  /// Writes the lengths, their checksum, then the strings.
  private static func write(_ strings: [[UInt8]], to data: AsideFile) throws(FileError) -> UInt32 {
    var crc: UInt32 = 0
    var pending: [UInt8] = []
    func flush(above limit: Int) throws(FileError) {
      guard pending.count > limit else { return }
      try data.write(pending)
      pending.removeAll(keepingCapacity: true)
    }
    for string in strings {
      pending += SortedTable.varint(UInt64(string.count))
      crc = CRC32C.checksum(SortedTable.stringLength(UInt64(string.count)), after: crc)
      try flush(above: 1 << 20)
    }
    let stored = SortedTable.little(CRC32C.masked(crc))
    pending += stored
    crc = CRC32C.checksum(stored, after: crc)
    for string in strings {
      pending += string
      crc = CRC32C.checksum(string, after: crc)
      try flush(above: 1 << 20)
    }
    try flush(above: 0)
    return crc
  }

  /// The endings of the files that a checkpoint of version 2 consists of.
  package static func endings(_ prefix: String) -> [String] {
    let name = FileSystem.name(of: prefix)
    return FileSystem.names(in: FileSystem.directory(of: prefix))
      .filter { $0.hasPrefix(name + ".index") || $0.hasPrefix(name + ".data-") }
      .map { String($0.dropFirst(name.count)) }
      .filter { $0 == ".index" || $0.wholeMatch(of: /\.data-\d{5}-of-\d{5}/) != nil }.sorted()
  }

  /// Deletes a checkpoint and its MetaGraph.
  ///
  /// - Throws: `FileError` if the folder cannot be changed.
  package static func remove(_ prefix: String) throws(FileError) {
    try FolderLock(FileSystem.directory(of: prefix)).held { () throws(FileError) in
      try CheckpointJournal.remove(prefix)
    }
  }
}

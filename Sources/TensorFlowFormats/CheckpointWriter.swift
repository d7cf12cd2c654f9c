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

/// Writes TensorFlow's V2 checkpoints, so that a process killed at any moment leaves a loadable one.
///
/// Index and data are two files, and no rename replaces both. So they are first written completely
/// under another name, which a marker file then declares complete; only after that are they linked
/// into place, data first. Whoever finds an index that does not fit its data finds the complete pair
/// beside it; the marker, and then the pair, go away last.
public enum CheckpointWriter {
  static func aside(_ prefix: String) -> String { prefix + ".saving" }

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
    var header = TFBundleHeaderProto()
    header.numShards = 1
    header.version.producer = 1
    var entries: [(key: [UInt8], value: [UInt8])] = [([], encoded(header))]
    var data: [UInt8] = []
    for item in pending { entries.append((item.key, encoded(entry(item, &data)))) }
    try place(SortedTable.write(entries), data, prefix)
  }

  /// A tensor, a part of one, or what says of which parts one consists.
  private struct Pending {
    let key: [UInt8]
    let name: String
    var value: TensorValue?
    var parts: [CheckpointPart] = []
  }

  private static func entry(_ item: Pending, _ data: inout [UInt8]) -> TFBundleEntryProto {
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
    let crc = append(value, to: &data)
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

  private static func append(_ value: TensorValue, to data: inout [UInt8]) -> UInt32 {
    if let strings = try? value.strings() {
      var crc: UInt32 = 0
      for string in strings {
        data += SortedTable.varint(UInt64(string.count))
        crc = CRC32C.checksum(SortedTable.stringLength(UInt64(string.count)), after: crc)
      }
      let stored = SortedTable.little(CRC32C.masked(crc))
      data += stored
      crc = CRC32C.checksum(stored, after: crc)
      for string in strings {
        data += string
        crc = CRC32C.checksum(string, after: crc)
      }
      return crc
    }
    return value.withUnsafeBytes { bytes in
      data += bytes
      return CRC32C.checksum(bytes)
    }
  }

  private static func place(_ index: [UInt8], _ data: [UInt8], _ prefix: String) throws(FileError) {
    let aside = aside(prefix)
    let suffix = dataSuffix(0, of: 1)
    try FileSystem.makeDirectory(FileSystem.directory(of: prefix))
    if FileSystem.exists(aside + ".complete") {
      // A saving was interrupted between its two renames: its pair may be the only good one.
      try publish(aside, prefix)
    }
    FileSystem.remove(aside + ".complete")
    try FileSystem.write(data, to: aside + suffix)
    try FileSystem.write(index, to: aside + ".index")
    try FileSystem.syncDirectory(of: prefix)
    try FileSystem.write([], to: aside + ".complete")
    try FileSystem.syncDirectory(of: prefix)
    try publish(aside, prefix)
    for ending in [".complete", ".index", suffix] { FileSystem.remove(aside + ending) }
  }

  /// Puts a complete pair into place.
  private static func publish(_ aside: String, _ prefix: String) throws(FileError) {
    let suffix = dataSuffix(0, of: 1)
    for ending in [suffix, ".index"] where FileSystem.exists(aside + ending) {
      try FileSystem.replace(prefix + ending, withLinkTo: aside + ending)
    }
    try FileSystem.syncDirectory(of: prefix)
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
  package static func remove(_ prefix: String) {
    for ending in [".index", dataSuffix(0, of: 1), ".meta"] { FileSystem.remove(prefix + ending) }
  }
}

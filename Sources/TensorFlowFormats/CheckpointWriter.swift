import SwiftProtobuf
import TensorCore

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
  /// - Throws: `FileError` if a file cannot be written; the checkpoint that was there stays.
  public static func write(_ tensors: [(name: String, value: TensorValue)], to prefix: String)
    throws(FileError)
  {
    let sorted = tensors.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    try check(sorted, prefix)
    var header = TFBundleHeaderProto()
    header.numShards = 1
    header.version.producer = 1
    var entries: [(key: [UInt8], value: [UInt8])] = [([], encoded(header))]
    var data: [UInt8] = []
    for (name, value) in sorted {
      var entry = TFBundleEntryProto()
      entry.dtype = TFDataType(rawValue: Int(value.dtype.rawValue)) ?? .dtInvalid
      entry.shape.dim = value.shape.dimensions.map { size in
        var dimension = TFTensorShapeProto.Dim()
        dimension.size = Int64(size)
        return dimension
      }
      if entry.shape.dim.isEmpty { entry.shape = TFTensorShapeProto() }
      entry.offset = Int64(data.count)
      let crc = append(value, to: &data)
      entry.size = Int64(data.count) - entry.offset
      entry.crc32C = CRC32C.masked(crc)
      entries.append((Array(name.utf8), encoded(entry)))
    }
    try place(SortedTable.write(entries), data, prefix)
  }

  /// Refuses what no reader could tell apart or bring back.
  private static func check(_ sorted: [(name: String, value: TensorValue)], _ prefix: String)
    throws(FileError)
  {
    for (name, value) in sorted {
      guard !name.isEmpty else {
        throw FileError(prefix, "a tensor without a name cannot be saved")
      }
      guard value.dtype != .resource, value.dtype != .variant else {
        throw FileError(prefix, "\"\(name)\" is a \(value.dtype), which cannot be saved")
      }
    }
    for (a, b) in zip(sorted, sorted.dropFirst()) where a.name == b.name {
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

  /// Deletes a checkpoint and its MetaGraph.
  package static func remove(_ prefix: String) {
    for ending in [".index", dataSuffix(0, of: 1), ".meta"] { FileSystem.remove(prefix + ending) }
  }
}

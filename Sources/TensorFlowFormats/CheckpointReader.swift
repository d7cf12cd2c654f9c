import SwiftProtobuf
import TensorCore

/// A tensor of a checkpoint.
public struct CheckpointEntry: Sendable, Hashable {
  /// The variable's name.
  public let name: String
  /// The type of its elements.
  public let dtype: DType
  /// Its shape.
  public let shape: Shape
  /// What each part of a partitioned variable holds of it; empty if it is saved whole.
  public let parts: [TensorSlice]
}

/// Reads TensorFlow's checkpoints of both versions, of one or several files; every checksum is
/// verified.
public struct CheckpointReader: Sendable {
  /// The path without endings.
  public let prefix: String
  /// The tensors, sorted by name; a partitioned variable is one.
  public let entries: [CheckpointEntry]
  private let source: any CheckpointSource
  private let places: [String: Int]

  /// Reads the index: of version 2 if there is one, otherwise the tables of version 1.
  ///
  /// - Parameter prefix: the path without endings; of version 1 the file itself, or of several files
  ///   `prefix` or `prefix-?????-of-?????`.
  /// - Throws: `FileError` if it is missing, damaged or of a form that is not known.
  public init(prefix: String) throws(FileError) {
    if !BundleFiles.exists(prefix), let files = TableFiles.paths(prefix) {
      self.init(prefix, try TableFiles(files))
      return
    }
    self.init(prefix, try BundleFiles.open(prefix))
  }

  private init(_ prefix: String, _ source: any CheckpointSource) {
    self.prefix = prefix
    self.source = source
    entries = source.tensors.map(\.entry)
    places = Dictionary(
      entries.enumerated().map { ($0.element.name, $0.offset) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Whether there is a checkpoint of that prefix.
  package static func exists(_ prefix: String) -> Bool {
    BundleFiles.exists(prefix) || TableFiles.paths(prefix) != nil
  }

  /// The tensor of that name, or nil.
  package func entry(named name: String) -> CheckpointEntry? { places[name].map { entries[$0] } }

  /// A tensor's value; that of a partitioned variable is put together from its parts.
  ///
  /// - Throws: `FileError` if it is not there or its bytes are damaged.
  public func value(of name: String) throws(FileError) -> TensorValue {
    let tensor = try tensor(name)
    let entry = tensor.entry
    if entry.parts.isEmpty { return try source.value(of: tensor.pieces[0], entry) }
    try source.check(entry, tensor.pieces)
    var parts: [(box: SliceBox, value: TensorValue)] = []
    for piece in tensor.pieces {
      parts.append((piece.box, try source.value(of: piece, entry)))
    }
    guard let value = TensorValue(joining: parts, dtype: entry.dtype, shape: entry.shape) else {
      throw FileError(
        source.path, "the parts of \"\(name)\" overlap or leave some of its elements out")
    }
    return value
  }

  /// What a slice of a tensor holds, whether it was saved so, in other parts or whole.
  ///
  /// - Throws: `FileError` if it is not there or its bytes are damaged.
  public func value(of name: String, slice: TensorSlice) throws(FileError) -> TensorValue {
    let tensor = try tensor(name)
    guard let box = SliceBox(slice, in: tensor.entry.shape) else {
      throw FileError(
        source.path, "\"\(name)\" is of the shape \(tensor.entry.shape), which has no part \(slice)"
      )
    }
    if let piece = tensor.pieces.first(where: {
      $0.box.starts == box.starts && $0.box.shape == box.shape
    }) {
      return try source.value(of: piece, tensor.entry)
    }
    return box.cut(from: try value(of: name))
  }

  private func tensor(_ name: String) throws(FileError) -> StoredTensor {
    guard let place = places[name] else {
      throw FileError(source.path, "has no tensor \"\(name)\"")
    }
    return source.tensors[place]
  }
}

/// The files of a checkpoint of either version.
protocol CheckpointSource: Sendable {
  /// The file to be named where something is wrong.
  var path: String { get }
  /// The tensors, sorted by name.
  var tensors: [StoredTensor] { get }
  /// The elements of a piece, verified.
  func value(of piece: StoredTensor.Piece, _ entry: CheckpointEntry) throws(FileError)
    -> TensorValue
}

extension CheckpointSource {
  /// Refuses parts that together are not as large as the whole, before any of them is read.
  func check(_ entry: CheckpointEntry, _ pieces: [StoredTensor.Piece]) throws(FileError) {
    var total = 0
    for piece in pieces {
      let (sum, overflow) = total.addingReportingOverflow(piece.box.shape.count)
      guard !overflow, sum <= entry.shape.count else {
        throw FileError(path, "the parts of \"\(entry.name)\" overlap")
      }
      total = sum
    }
    guard total == entry.shape.count else {
      throw FileError(path, "some parts of \"\(entry.name)\" are missing")
    }
  }
}

/// A tensor and where its elements are.
struct StoredTensor: Sendable {
  /// The whole tensor, or a part of it.
  struct Piece: Sendable {
    let box: SliceBox
    let place: Place
  }

  /// Where the elements of a piece are.
  enum Place: Sendable {
    /// In a data file of version 2.
    case bytes(shard: Int, offset: Int, size: Int, checksum: UInt32)
    /// In a message of version 1.
    case message([UInt8])
  }

  let entry: CheckpointEntry
  let pieces: [Piece]
}

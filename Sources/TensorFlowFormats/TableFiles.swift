import SwiftProtobuf
import TensorCore

/// A checkpoint of version 1: one table or several, whose messages hold slices of tensors.
struct TableFiles: CheckpointSource {
  let path: String
  let tensors: [StoredTensor]

  /// The files of a prefix; nil if there are none.
  static func paths(_ prefix: String) -> [String]? {
    if FileSystem.isFile(prefix) { return [prefix] }
    let pattern = "-?????-of-?????"
    let stem = prefix.hasSuffix(pattern) ? String(prefix.dropLast(pattern.count)) : prefix
    let (directory, name) = (FileSystem.directory(of: stem), FileSystem.name(of: stem))
    let found = FileSystem.names(in: directory).filter { $0.hasPrefix(name + "-") }
      .compactMap { file -> (number: Int, count: Int, file: String)? in
        let parts = file.dropFirst(name.count + 1).split(separator: "-")
        guard parts.count == 3, parts[1] == "of", parts[0].count == 5, parts[2].count == 5,
          let number = Int(parts[0]), let count = Int(parts[2])
        else { return nil }
        return (number, count, file)
      }.sorted { $0.number < $1.number }
    guard let count = found.first?.count, found.map(\.number) == Array(0..<count),
      found.allSatisfy({ $0.count == count })
    else { return nil }
    return found.map { directory + "/" + $0.file }
  }

  init(_ paths: [String]) throws(FileError) {
    path = paths[0]
    var all: [String: StoredTensor] = [:]
    for path in paths {
      for tensor in try Self.tensors(of: path) {
        guard let other = all[tensor.entry.name] else {
          all[tensor.entry.name] = tensor
          continue
        }
        guard other.entry.dtype == tensor.entry.dtype, other.entry.shape == tensor.entry.shape
        else {
          throw FileError(path, "\"\(tensor.entry.name)\" is of another kind in another file")
        }
        all[tensor.entry.name] = Self.tensor(
          tensor.entry, other.pieces + tensor.pieces)
      }
    }
    tensors = all.values.sorted {
      $0.entry.name.utf8.lexicographicallyPrecedes($1.entry.name.utf8)
    }
  }

  private static func tensors(of path: String) throws(FileError) -> [StoredTensor] {
    let table = try SortedTable.read(FileSystem.read(path), path: path)
    guard let first = table.first, first.key.isEmpty,
      let header = try? TFSavedTensorSlices(serializedBytes: first.value), header.hasMeta
    else { throw FileError(path, "is not a checkpoint: it does not say which tensors it holds") }
    let values = Dictionary(
      table.dropFirst().map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    var tensors: [StoredTensor] = []
    for meta in header.meta.tensor {
      let shape = Shape(meta.shape.dim.map { Int($0.size) })
      guard let dtype = DType(rawValue: Int32(meta.type.rawValue)), let count = shape.checkedCount,
        !count.multipliedReportingOverflow(by: dtype.byteCount ?? 1).overflow
      else { throw FileError(path, "\"\(meta.name)\" has an unknown type or shape") }
      var pieces: [StoredTensor.Piece] = []
      for proto in meta.slice {
        let slice = TensorSlice(proto)
        guard let value = values[OrderedCode.key(meta.name, slice)] else {
          throw FileError(path, "the part \(slice) of \"\(meta.name)\" is missing")
        }
        guard let box = SliceBox(slice, in: shape) else {
          throw FileError(path, "the part \(slice) of \"\(meta.name)\" does not fit \(shape)")
        }
        pieces.append(.init(box: box, place: .message(value)))
      }
      guard !pieces.isEmpty else { throw FileError(path, "\"\(meta.name)\" has no elements") }
      let entry = CheckpointEntry(name: meta.name, dtype: dtype, shape: shape, parts: [])
      tensors.append(tensor(entry, pieces))
    }
    return tensors
  }

  /// A tensor of the pieces, which are its parts unless one is all of it.
  private static func tensor(_ entry: CheckpointEntry, _ pieces: [StoredTensor.Piece])
    -> StoredTensor
  {
    let isWhole = pieces.count == 1 && pieces[0].box.shape == entry.shape
    let parts = pieces.map { piece in
      TensorSlice(
        zip(piece.box.starts, piece.box.shape.dimensions).map { .init(start: $0, length: $1) })
    }
    return StoredTensor(
      entry: CheckpointEntry(
        name: entry.name, dtype: entry.dtype, shape: entry.shape, parts: isWhole ? [] : parts),
      pieces: pieces)
  }

  func value(of piece: StoredTensor.Piece, _ entry: CheckpointEntry) throws(FileError)
    -> TensorValue
  {
    guard case .message(let bytes) = piece.place,
      let message = try? TFSavedTensorSlices(serializedBytes: bytes),
      message.data.name == entry.name
    else { throw FileError(path, "the elements of \"\(entry.name)\" cannot be read") }
    do throws(TensorError) {
      return try message.data.data.elements(entry.dtype, piece.box.shape, isComplete: true)
    } catch {
      throw FileError(path, "\"\(entry.name)\": \(error)")
    }
  }
}

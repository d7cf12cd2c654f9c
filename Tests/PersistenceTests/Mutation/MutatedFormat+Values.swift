import Dataflow
import Foundation
import TensorFlowFormats

/// Tensors, checkpoints, SavedModels and event files.
extension MutatedFormat {
  /// NumPy's file of one tensor.
  static let tensor = MutatedFormat(name: "npy") { mutator, folder in
    let path = try write(
      mutator.damaged(fixture("mutation/tensor.npy")), folder, "mutant.npy")
    _ = try NPY.read(path)
  }

  /// The digits' format.
  static let images = MutatedFormat(name: "idx") { mutator, folder in
    let sizes: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 6, 0, 0, 0, 5]
    let pixels = (0..<120).map { UInt8($0) }
    let path = try write(mutator.damaged(sizes + pixels), folder, "mutant-idx3-ubyte")
    _ = try IDX.read(path)
  }

  /// One file of a checkpoint damaged, the other whole.
  static func checkpoint(_ name: String, damaging ending: String) -> MutatedFormat {
    let files = [".index", ".data-00000-of-00001"].map { ($0, fixture("adam" + $0)) }
    return MutatedFormat(name: name) { mutator, folder in
      for (own, bytes) in files {
        _ = try write(own == ending ? mutator.damaged(bytes) : bytes, folder, "mutant" + own)
      }
      try readAll(folder + "/mutant")
    }
  }

  /// A table whose entries are damaged and whose checksums are right: what a stranger would write.
  static func entries(_ name: String, _ tableFile: String, _ others: [String])
    -> MutatedFormat
  {
    let intact = (try? SortedTable.read(fixture(tableFile), path: tableFile)) ?? []
    let data = others.map { (String($0.drop { $0 != "." }), fixture($0)) }
    let ending = String(tableFile.drop { $0 != "." })
    return MutatedFormat(name: name) { mutator, folder in
      var table = intact
      let number = mutator.number(below: table.count)
      if mutator.number(below: 4) == 0 {
        table[number].key = mutator.damaged(table[number].key)
      } else {
        table[number].value = mutator.damaged(table[number].value)
      }
      table.sort { $0.key.lexicographicallyPrecedes($1.key) }
      _ = try write(SortedTable.write(table), folder, "mutant" + ending)
      for (ending, bytes) in data { _ = try write(bytes, folder, "mutant" + ending) }
      try readAll(folder + "/mutant")
    }
  }

  /// A checkpoint of version 1 with partitioned variables, as bytes and by its entries.
  static let version1 = MutatedFormat(name: "version1") { mutator, folder in
    let path = try write(mutator.damaged(fixture("parts-v1")), folder, "mutant.v1")
    try readAll(path)
  }
  static let table = entries("table", "parts-v1", [])

  /// A SavedModel's graph damaged, its variables whole.
  static let savedModel = MutatedFormat(name: "savedmodel") { mutator, folder in
    let model = folder + "/model"
    for name in ["variables.index", "variables.data-00000-of-00001"] {
      try FileSystem.makeDirectory(model + "/variables")
      _ = try write(fixture("mutation/model/variables/" + name), model, "variables/" + name)
    }
    _ = try write(
      mutator.damaged(fixture("mutation/model/saved_model.pb")), model, "saved_model.pb")
    let graph = try GraphFile.read(model)
    let session = try Session(graph, backend: .cpu, threads: 1, memoryBudget: 256 << 20)
    try SavedModel.restore(session, from: model)
    try run(graph, &mutator)
  }

  /// An event file's bytes, and its records with checksums that are right.
  static let events = MutatedFormat(name: "events") { mutator, folder in
    let path = try write(
      mutator.damaged(fixture("events.out.tfevents.fixture")), folder, "mutant.tfevents")
    try readEvents(path)
  }

  static let records = MutatedFormat(name: "records") { mutator, folder in
    let source = try write(fixture("events.out.tfevents.fixture"), folder, "source.tfevents")
    let reader = try RecordReader(path: source)
    var records: [[UInt8]] = []
    while let record = try reader.next() { records.append(record) }
    let number = mutator.number(below: records.count)
    records[number] = mutator.damaged(records[number])
    let path = folder + "/mutant.records"
    FileSystem.remove(path)
    if let writer = try RecordAppender(creating: path) {
      for record in records { try writer.append(record) }
    }
    try readEvents(path)
  }

  static func readEvents(_ path: String) throws {
    let reader = try EventReader(path)
    while let event = try reader.next() { _ = "\(event)" }
  }

  static func readAll(_ prefix: String) throws {
    let reader = try CheckpointReader(prefix: prefix)
    for entry in reader.entries { _ = try reader.value(of: entry.name) }
  }
}

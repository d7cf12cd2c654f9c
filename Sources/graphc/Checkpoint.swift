import ArgumentParser
import Dataflow
import TensorFlowFormats

struct Checkpoint: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists the tensors of a checkpoint and verifies every checksum.")

  @Argument(help: "The checkpoint's path without .index or .data-…; of version 1 its file.")
  var prefix: String
  @Option(help: "Show the elements of this tensor.")
  var values: String?

  func run() throws {
    let reader = try CheckpointReader(prefix: prefix)
    if let values {
      print(try reader.value(of: values))
      return
    }
    var total = 0
    for entry in reader.entries {
      let value = try reader.value(of: entry.name)
      total += value.byteCount
      print("\(entry.name) \(entry.dtype)\(entry.shape) \(value.byteCount) bytes")
      for part in entry.parts { print("  part \(part)") }
    }
    print("# \(reader.entries.count) tensors, \(total) bytes, every checksum right")
  }
}

import ArgumentParser
import Dataflow
import TensorFlowFormats

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Runs a graph once.")

  @Argument(help: "A .meta, .pb, .pbtxt or .graph file.")
  var file: String
  @Option(help: "NAME=file.npy, number, true or false; may be repeated.")
  var feed: [String] = []
  @Option(help: "A tensor to fetch; may be repeated.")
  var fetch: [String]
  @Option(help: "An operation to run; may be repeated.")
  var target: [String] = []
  @Option(help: "The checkpoint to take variables from.")
  var checkpoint: String?
  @Option(help: "A folder to write each fetched tensor to, as a .npy file of its name.")
  var out: String?
  @Option(help: "finite: stops at the first op that makes a NaN or an infinity.")
  var check: RunCheck?
  @OptionGroup var options: SessionOptions

  func run() throws {
    let session = try options.session(opening: file, checkpoint: checkpoint)
    var feeds: [String: any TensorConvertible] = [:]
    for text in feed {
      let (name, value) = try assignment(text)
      feeds[name] =
        value.hasSuffix(".npy") ? try NPY.read(value) : try session.scalar(value, for: name)
    }
    let values = try session.run(fetching: fetch, targets: target, feeding: feeds, check: check)
    for (name, value) in zip(fetch, values) {
      print("\(name) = \(value)")
      if let out {
        let file = String(name.map { $0 == "/" || $0 == ":" ? "_" : $0 })
        try FileSystem.makeDirectory(out)
        try NPY.write(value, to: "\(out)/\(file).npy")
      }
    }
  }
}

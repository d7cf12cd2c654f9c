import ArgumentParser
import Dataflow

/// One page each: a question about training deep nets, asked of handwritten digits.
protocol Example {
  /// What it is called on the command line.
  static var name: String { get }
  /// What it compares, in a line.
  static var abstract: String { get }
  /// Trains, and puts rows and curves into the experiment.
  static func run(_ experiment: Experiment) throws
}

@main struct Examples: ParsableCommand {
  static let all: [any Example.Type] = [
    Activations.self, BatchNorm.self, Selu100.self, Transfer.self, Optimizers.self,
    OneCycleRates.self, Dropouts.self, Autoencoder.self, Auxiliary.self,
  ]

  static let configuration = CommandConfiguration(
    commandName: "examples",
    abstract: "Trains nets on handwritten digits, a question a page.",
    discussion: all.map { "\($0.name): \($0.abstract)" }.joined(separator: "\n"))

  @Argument(help: "One of the names below.")
  var name: String
  @Option(help: "How often to go through the training images.")
  var epochs = 40
  @Option(help: "A folder with the four MNIST or Fashion-MNIST files; 5,000 digits by default.")
  var data: String?
  @Option(help: "A folder for event files, which TensorBoard shows, and for the plot.")
  var events: String?
  @Option(help: "Where to write the curves as an SVG picture.")
  var plot: String?
  @Option(help: "The seed of the initial weights and of the order of the images.")
  var seed = 42

  func validate() throws {
    guard Self.all.contains(where: { $0.name == name }) else {
      throw ValidationError(
        "there is no example \"\(name)\"; there are "
          + Self.all.map { $0.name }.joined(separator: ", "))
    }
    guard epochs > 0 else { throw ValidationError("--epochs must be positive") }
  }

  func run() throws {
    guard let example = Self.all.first(where: { $0.name == name }) else { return }
    let experiment = Experiment(
      name: name, digits: try DataSet.mnist(directory: data), epochs: epochs, seed: seed,
      events: events, plot: plot ?? events.map { "\($0)/\(name).svg" })
    try example.run(experiment)
    try experiment.finish(title: example.abstract)
  }
}

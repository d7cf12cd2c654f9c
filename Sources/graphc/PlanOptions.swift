import ArgumentParser
import Dataflow
import GraphRuntime

/// Which run is planned, for the commands that show plans.
struct PlanOptions: ParsableArguments {
  @Option(help: "A tensor to fetch; may be repeated.")
  var fetch: [String] = []
  @Option(help: "An operation to run; may be repeated.")
  var target: [String] = []
  @Option(
    help:
      "NAME=50,784: the shape of a fed tensor, or NAME=true; may be repeated. Unknown sizes are 1.")
  var feed: [String] = []
  @OptionGroup var options: SessionOptions

  /// The plan of the run, in which placeholders that are not mentioned are fed too.
  ///
  /// - Parameter defaultFetch: what is fetched if nothing is named.
  func planned(_ session: Session, defaultFetch: Node? = nil) throws -> PlannedRun {
    var fetches = try fetch.map { try session.tensor(named: $0) }
    if fetch.isEmpty, target.isEmpty, let first = defaultFetch?.outputs.first { fetches = [first] }
    return try session.planned(
      fetching: fetches, targets: target.map { try session.node(named: $0) },
      feeding: session.exampleFeeds(feed, completing: true))
  }
}

import GraphCore
import TensorCore

/// The last runs of a session as their callers wrote them, so that the same run on other values of the
/// same shapes goes straight to its plan.
struct RecentRuns {
  private struct Entry {
    /// The size of the graph then; a graph that has grown may give the same run another meaning.
    let graphCount: Int
    let fetches: [Tensor]
    let targets: [Node]
    let feeds: [Tensor]
    let run: KnownRun
  }

  private var entries: [Entry] = []
  /// Scripts take turns between a few runs; more would take longer to look through than to find anew.
  private static let limit = 8

  /// A run that is known for these values.
  func find(
    _ graphCount: Int, _ fetches: [Tensor], _ targets: [Node], _ feeds: [Tensor],
    _ values: [TensorValue]
  ) -> KnownRun? {
    entries.first {
      $0.graphCount == graphCount && $0.fetches == fetches && $0.targets == targets
        && $0.feeds == feeds && $0.run.fits(values)
    }?.run
  }

  mutating func insert(
    _ run: KnownRun, _ graphCount: Int, _ fetches: [Tensor], _ targets: [Node], _ feeds: [Tensor]
  ) {
    if entries.count == Self.limit { entries.removeLast() }
    entries.insert(
      Entry(
        graphCount: graphCount, fetches: fetches, targets: targets, feeds: feeds, run: run), at: 0)
  }
}

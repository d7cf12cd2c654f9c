/// How a graph grew between the last runs: one that grows before every run is compiled every time.
struct GrowthRecord {
  /// The indices of the nodes that were added before each of the last runs.
  private(set) var recent: [Range<Int>] = []
  private var count: Int?

  /// Enough to see a habit even where only one of several runs in a loop adds nodes.
  private static let limit = 32

  /// Notes a run on a graph of so many nodes; what is there before the first run is no growth.
  mutating func note(_ count: Int) {
    let before = self.count ?? count
    self.count = count
    recent.append(min(before, count)..<count)
    if recent.count > Self.limit { recent.removeFirst() }
  }
}

import GraphCore
import TensorCore

extension Graph {
  /// The attributes `seed` and `seed2` of a random op, by TensorFlow 1's rule.
  ///
  /// Of the graph's and the op's seed: both are taken as they are; an op's alone is joined by a fixed
  /// number; a graph's alone by one that differs from op to op; with neither both are 0, which means
  /// that every session draws differently.
  ///
  /// - Parameter node: the node's full name.
  package func seeds(_ seed: Int?, node: String) -> [String: Attribute] {
    let (graphSeed, mode, count) = state.withLock { ($0.seed, $0.seedMode, $0.nodes.count) }
    var pair: (Int, Int)
    switch (graphSeed, seed) {
    case (let graph?, let op?): pair = (graph, op)
    case (nil, let op?): pair = (87_654_321, op)
    case (nil, nil): return ["seed": .int(0), "seed2": .int(0)]
    case (let graph?, nil):
      switch mode {
      case .tf1: pair = (graph, count)
      case .named: pair = (graph, Self.hashedSeed(graph, node))
      }
    }
    let limit = Int(Int32.max)
    // Truncated as Python's remainder does, which is never negative.
    pair = ((pair.0 % limit + limit) % limit, (pair.1 % limit + limit) % limit)
    if pair == (0, 0) { pair.1 = limit }
    return ["seed": .int(pair.0), "seed2": .int(pair.1)]
  }

  /// A positive number of 31 bits that depends on the graph's seed and the node's name alone.
  ///
  /// Of the seed's bytes, lowest first, then the name's.
  private static func hashedSeed(_ seed: Int, _ name: String) -> Int {
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: seed >> (8 * $0)) } + Array(name.utf8)
    let hash = bytes.stableHash
    return Int((hash ^ (hash >> 32)) & 0x7fff_ffff)
  }
}

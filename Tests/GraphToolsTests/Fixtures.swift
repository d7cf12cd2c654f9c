import Dataflow

/// Files of other tests, and graphs by their text.
enum Fixtures {
  /// A path below `Tests`.
  static func path(_ path: String, of file: String = #filePath) -> String {
    file.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
      .joined(separator: "/") + "/" + path
  }

  /// The graph that the text describes, each of some strings replaced by another.
  static func graph(_ text: String, _ replacements: [(String, String)] = []) throws -> Graph {
    var lines = text
    for (old, new) in replacements { lines = replace(old, by: new, in: lines) }
    let graph = Graph()
    try GraphText.parse(lines, path: "text.graph", into: graph)
    return graph
  }

  static func text(_ graph: Graph) -> String {
    GraphText.lines(of: graph).map { $0 + "\n" }.joined()
  }

  private static func replace(_ old: String, by new: String, in text: String) -> String {
    var (result, rest) = ("", text[...])
    while let first = rest.firstRange(of: old) {
      result += rest[..<first.lowerBound] + new
      rest = rest[first.upperBound...]
    }
    return result + rest
  }
}

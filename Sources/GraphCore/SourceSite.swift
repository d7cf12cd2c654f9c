/// The place in a user's program where something was built: `Model/Net.swift:12`.
public struct SourceSite: Hashable, Sendable, CustomStringConvertible {
  /// Module and file name, as `#fileID` gives them.
  public let file: String
  /// The line, counted from 1.
  public let line: UInt

  /// A site given by a builder function's own `#fileID` and `#line` arguments.
  public init(_ file: StaticString, _ line: UInt) {
    self.file = "\(file)"
    self.line = line
  }

  /// A line of a file that holds a graph.
  package init(path: String, line: Int) {
    file = path
    self.line = UInt(line)
  }

  /// File and line joined by a colon.
  public var description: String { "\(file):\(line)" }
}

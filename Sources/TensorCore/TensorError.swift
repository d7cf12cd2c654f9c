/// A value that cannot be made, read or converted as asked.
public struct TensorError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was expected, what was found, and a cure where there is one.
  public let description: String

  /// An error with the given message.
  public init(_ description: String) { self.description = description }
}

/// Why a run was refused or failed.
public struct SessionError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was expected, what was found, and the cure.
  public let description: String

  /// An error with the given message.
  public init(_ description: String) { self.description = description }
}

import GraphCore
import GraphRuntime
import TensorCore

extension Session {
  /// Gives this session's variables the values that those of the same name have in another session,
  /// where type and shape fit: a cut or cloned graph goes on from there.
  ///
  /// - Returns: the names of the variables that were set.
  @discardableResult
  public func copyVariables(from other: Session) throws -> [String] {
    var copied: [String] = []
    let stored = Dictionary(
      other.graph.variables().map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for variable in graph.variables() {
      guard let source = stored[variable.name], source.dtype == variable.dtype,
        let value = try? other.value(of: source), variable.shape.matches(value.shape)
      else { continue }
      try set(variable, to: value)
      copied.append(variable.name)
    }
    return copied
  }
}

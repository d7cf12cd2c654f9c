import GraphCore
import TensorCore

/// An op whose results' shapes depend on data, or that computes strings or lists: it is computed
/// between two stages of a run, from values to values.
public protocol DataOp: Op {
  /// The outputs' values.
  ///
  /// - Throws: `GraphError` if the inputs' values do not fit; the session adds the node.
  static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError) -> [TensorValue]
}

extension DataOp {
  /// No effects.
  public static var effects: Effects { .none }
}

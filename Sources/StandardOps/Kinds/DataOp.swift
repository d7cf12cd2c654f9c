import GraphCore
import TensorCore

/// An op whose results' shapes depend on data, or that computes strings or lists: it is computed
/// between two stages of a run, from values to values.
public protocol DataOp: Op {
  /// The outputs' values.
  ///
  /// - Throws: `GraphError` if the inputs' values do not fit; the session adds the node.
  static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError) -> [TensorValue]
  /// The bytes of the outputs where a few numbers say how many there are; 0 if they follow from what the
  /// inputs hold.
  static func byteCount(of node: Node, _ inputs: [TensorValue]) -> Int
}

extension DataOp {
  /// No effects.
  public static var effects: Effects { .none }
  /// No more than the inputs explain.
  public static func byteCount(of node: Node, _ inputs: [TensorValue]) -> Int { 0 }
}

import GraphCore
import StandardOps
import TensorCore

/// A variable as a value that functions take.
package struct ResourceValue: Sendable {
  /// The name under which the session holds the variable.
  package let name: String
  package let dtype: DType
  package let shape: PartialShape
  /// Whether it is memory that lasts as long as a run.
  let isRunMemory: Bool

  package init(name: String, dtype: DType, shape: PartialShape, isRunMemory: Bool = false) {
    self.isRunMemory = isRunMemory
    self.name = name
    self.dtype = dtype
    self.shape = shape
  }

  init(_ handle: Node) {
    self.init(
      name: handle.variableName, dtype: handle[Ops.VarHandleOp.dtype],
      shape: handle[Ops.VarHandleOp.shape], isRunMemory: handle.isRunMemory)
  }

  /// The value as it is fed.
  package var tensorValue: TensorValue {
    let sizes = shape.dimensions.map {
      $0.map { $0.map(String.init) ?? "?" }.joined(separator: ",")
    }
    return TensorValue(
      resource: [name, dtype.name, sizes ?? "*", isRunMemory ? "run" : ""].joined(separator: "\n"))
  }

  /// The variable that a fed value stands for.
  package init?(_ value: TensorValue) {
    guard value.dtype == .resource, let bytes = try? value.strings().first else { return nil }
    let parts = String(decoding: bytes, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 4, let dtype = DType(name: parts[1]) else { return nil }
    let shape =
      parts[2] == "*"
      ? PartialShape.unknown
      : PartialShape(parts[2].split(separator: ",").map { Int($0) })
    self.init(name: parts[0], dtype: dtype, shape: shape, isRunMemory: parts[3] == "run")
  }
}

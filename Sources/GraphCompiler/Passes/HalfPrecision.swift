import GraphCore
import StandardOps
import TensorCore

extension Node {
  /// Whether the node computes with half-precision numbers, which no backend does: they are stored, moved
  /// and converted.
  var computesInHalf: Bool {
    let types = record.outputs.lazy.map(\.dtype)
    guard let definition,
      types.contains(where: \.isHalf) || inputs.contains(where: \.dtype.isHalf),
      !record.inputs.isEmpty || definition is any RandomOp.Type
    else { return false }
    switch definition {
    case let op as any ElementwiseOp.Type:
      let expression = Lowering.expression(of: op, self)
      return expression.instructions.contains { step in
        switch step {
        case .unary(_, let a), .binary(_, let a, _), .comparison(_, let a, _):
          expression.types[a].isHalf
        case .load, .coordinate, .constant, .select, .cast: false
        }
      }
    case is any MovingOp.Type: return false
    case is any KernelOp.Type, is any CompositeOp.Type: return true
    case is any ReductionOp.Type: return true
    default: return false
    }
  }
}

extension DType {
  fileprivate var isHalf: Bool { self == .float16 || self == .bfloat16 }
}

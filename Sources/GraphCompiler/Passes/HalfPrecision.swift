import GraphCore
import StandardOps
import TensorCore

extension Node {
  /// Whether the node computes with half-precision numbers, which no backend does: they are stored, moved
  /// and converted.
  var computesInHalf: Bool {
    guard let definition, definition.signature.inputs.count > 0 || definition is any RandomOp.Type,
      (record.outputs.map(\.dtype) + inputs.map(\.dtype)).contains(where: \.isHalf)
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
    case is any KernelOp.Type, is any CompositeOp.Type: return !Self.moving.contains(op)
    case is any ReductionOp.Type: return true
    default: return false
    }
  }

  /// The kernels and composites that only move elements.
  private static let moving: Set<String> = [
    "BatchToSpaceND", "DepthToSpace", "DynamicStitch", "Gather", "GatherNd", "GatherV2",
    "IdentityN",
    "MatrixDiag", "MatrixDiagPart", "MatrixDiagV3", "ResourceGather", "ResourceScatterUpdate",
    "ShapeN", "SpaceToBatchND", "SpaceToDepth", "Split", "SplitV", "TensorScatterUpdate", "Tile",
    "Unpack",
  ]
}

extension DType {
  fileprivate var isHalf: Bool { self == .float16 || self == .bfloat16 }
}

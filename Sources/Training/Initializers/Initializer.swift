import GraphCore
import StandardOps
import TensorCore

/// How a variable starts: from its shape and type to a tensor.
///
/// Those that draw numbers take TensorFlow's values for the same seeds where the graph's seed mode is
/// `tf1`; by default the seed of each follows from the graph's seed and the variable's name.
public struct Initializer: Sendable {
  package let build: @Sendable (Graph, Shape, DType) -> Tensor

  /// An initializer by a function that builds the initial value.
  public init(_ build: @escaping @Sendable (Graph, Shape, DType) -> Tensor) { self.build = build }

  /// All elements equal to a number.
  public static func constant(_ number: Double) -> Initializer {
    filled(number, name: "Const")
  }
  /// All elements 0.
  public static let zeros = filled(0, name: "zeros")
  /// All elements 1.
  public static let ones = filled(1, name: "ones")

  private static func filled(_ number: Double, name: String) -> Initializer {
    Initializer { graph, shape, dtype in
      let value = try? TensorValue(converting: [number], to: dtype, shape: .scalar)
      return graph.constant(
        (value ?? TensorValue(zeros: .scalar, dtype: dtype)), shape: shape, name: name)
    }
  }

  /// `gain` on the main diagonal of a matrix, 0 elsewhere; TensorFlow's `Identity`.
  public static func identity(gain: Double = 1) -> Initializer {
    Initializer { graph, shape, dtype in
      guard shape.rank == 2 else {
        return graph.mistake(
          "an identity matrix has rank 2, found shape \(shape)", op: "identity",
          site: SourceSite(#fileID, #line))
      }
      let eye = graph.nameScope("eye") {
        let sizes = [0, shape[0], shape[1]].map { graph.constant($0, .int32) }
        let diagonal = graph.ones([min(shape[0], shape[1])], dtype: dtype)
        return diagonal.apply(Ops.MatrixDiagV3.self, sizes + [diagonal.constant(0)], name: "diag")
      }
      return gain == 1 ? eye : eye * gain
    }
  }

  /// A matrix with orthonormal columns, or rows if there are fewer of these, times `gain`;
  /// TensorFlow's `Orthogonal`.
  ///
  /// The Q of a normal matrix, its columns' signs those of R's diagonal (Saxe, McClelland and
  /// Ganguli, 2013). A kernel of higher rank is one matrix whose columns are its last dimension.
  public static func orthogonal(gain: Double = 1, seed: Int? = nil) -> Initializer {
    Initializer { graph, shape, dtype in
      guard shape.rank >= 2 else {
        return graph.mistake(
          "an orthogonal initializer takes rank 2 or more, found shape \(shape)",
          op: "orthogonal", site: SourceSite(#fileID, #line))
      }
      let columns = shape[shape.rank - 1]
      let rows = shape.dimensions.dropLast().reduce(1, *)
      let isWide = rows < columns
      let normal = graph.randomNormal(
        isWide ? [columns, rows] : [rows, columns], dtype: dtype, seed: seed)
      let (q, r) = qr(normal)
      let diagonal = r.apply(
        Ops.MatrixDiagPartV3.self, [graph.constant(0, .int32), r.constant(0)], name: "DiagPart")
      let signed = q * sign(diagonal)
      return reshape(isWide ? transpose(signed) : signed, to: shape.dimensions) * gain
    }
  }
}

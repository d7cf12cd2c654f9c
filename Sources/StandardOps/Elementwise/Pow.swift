import GraphCore
import TensorCore

extension Ops {
  /// x to the power y.
  public enum Pow: BinaryOp {
    public static let types: [DType] = .signed
    public static func body(_ x: ElementContext) -> Element {
      x[0].binary(.power, x[1])
    }
    public static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      // ln x only where x is above 0, so that no NaN comes from the other elements.
      let isPositive = x .> zerosLike(x)
      let logarithm = select(
        isPositive, log(select(isPositive, x, onesLike(x))), zerosLike(x))
      return (dy * y * pow(x, y - 1), dy * z * logarithm)
    }
  }

  /// (x − y)².
  public enum SquaredDifference: BinaryOp {
    public static let types: [DType] = .floats + .indices
    public static func body(_ x: ElementContext) -> Element {
      let difference = x[0] - x[1]
      return difference * difference
    }
    public static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) {
      let dx = dy * 2 * (x - y)
      return (dx, -dx)
    }
  }
}

/// x to the power y, element by element.
public func pow(
  _ x: Tensor, _ y: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.Pow.self, [y], name: name, site: SourceSite(file, line)) }

/// x to the power y, element by element.
///
/// The number is taken in the tensor's type.
public func pow(
  _ x: Tensor, _ y: Double, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  x.graph.at(SourceSite(file, line)) {
    pow(x, x.constant(y, name: (name ?? "Pow") + "/y"), name: name)
  }
}

/// (x − y)², element by element.
public func squaredDifference(
  _ x: Tensor, _ y: Tensor, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) -> Tensor { x.apply(Ops.SquaredDifference.self, [y], name: name, site: SourceSite(file, line)) }

import GraphCore
import TensorCore

extension Ops {
  /// x + y.
  public enum AddV2: BinaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0] + x[1] }
    public static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) { (dy, dy) }
  }
  /// x + y, as TensorFlow 1 named it.
  public enum Add: BinaryOp {
    public static let types: [DType] = .signed + [.uint8]
    public static func body(_ x: ElementContext) -> Element { x[0] + x[1] }
    public static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) { (dy, dy) }
  }
  /// x − y.
  public enum Sub: BinaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0] - x[1] }
    public static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) { (dy, -dy) }
  }
  /// x · y.
  public enum Mul: BinaryOp {
    public static func body(_ x: ElementContext) -> Element { x[0] * x[1] }
    public static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) { (dy * y, x * dy) }
  }
  /// x / y; towards zero for integers.
  public enum RealDiv: BinaryOp {
    public static let types: [DType] = .floats
    public static func body(_ x: ElementContext) -> Element { x[0] / x[1] }
    public static func gradients(_ dy: Tensor, x: Tensor, y: Tensor, z: Tensor) -> (
      Tensor?, Tensor?
    ) { (dy / y, dy * (-x / y / y)) }
  }
}

extension Tensor {
  /// Element by element, broadcasting by NumPy's rules.
  public static func + (x: Tensor, y: Tensor) -> Tensor {
    x.apply(Ops.AddV2.self, [y], name: "add")
  }
  /// Element by element, broadcasting by NumPy's rules.
  public static func - (x: Tensor, y: Tensor) -> Tensor { x.apply(Ops.Sub.self, [y], name: "sub") }
  /// Element by element, broadcasting by NumPy's rules.
  public static func * (x: Tensor, y: Tensor) -> Tensor { x.apply(Ops.Mul.self, [y], name: "mul") }
  /// Element by element, broadcasting by NumPy's rules.
  public static func / (x: Tensor, y: Tensor) -> Tensor {
    x.apply(Ops.RealDiv.self, [y], name: "truediv")
  }
  /// The negative, element by element.
  public static prefix func - (x: Tensor) -> Tensor { x.apply(Ops.Neg.self) }

  /// Adds a number, taken in the tensor's type.
  public static func + (x: Tensor, y: Double) -> Tensor { x.with(y, "add") { $0 + $1 } }
  /// Subtracts a number, taken in the tensor's type.
  public static func - (x: Tensor, y: Double) -> Tensor { x.with(y, "sub") { $0 - $1 } }
  /// Multiplies by a number, taken in the tensor's type.
  public static func * (x: Tensor, y: Double) -> Tensor { x.with(y, "mul") { $0 * $1 } }
  /// Divides by a number, taken in the tensor's type.
  public static func / (x: Tensor, y: Double) -> Tensor { x.with(y, "truediv") { $0 / $1 } }
  /// Adds to a number, taken in the tensor's type.
  public static func + (x: Double, y: Tensor) -> Tensor { y.with(x, "add") { $1 + $0 } }
  /// Subtracts from a number, taken in the tensor's type.
  public static func - (x: Double, y: Tensor) -> Tensor { y.with(x, "sub") { $1 - $0 } }
  /// Multiplies a number, taken in the tensor's type.
  public static func * (x: Double, y: Tensor) -> Tensor { y.with(x, "mul") { $1 * $0 } }
  /// Divides a number, taken in the tensor's type.
  public static func / (x: Double, y: Tensor) -> Tensor { y.with(x, "truediv") { $1 / $0 } }

  /// Combines the tensor with a constant of its type.
  package func with(
    _ number: Double, _ name: String, _ combine: (Tensor, Tensor) -> Tensor
  ) -> Tensor { combine(self, constant(number, name: name + "/y")) }

  /// A scalar constant of this tensor's type.
  package func constant(_ number: Double, name: String? = nil) -> Tensor {
    if isPoison { return self }
    do throws(TensorError) {
      let value = try TensorValue(converting: [number], to: dtype, shape: .scalar)
      if dtype.isInteger, value.doubles != [number] {
        throw TensorError("\(number) is not a value of \(dtype)")
      }
      return graph.constant(value, name: name)
    } catch {
      graph.record(
        GraphError(error.description, site: node.site, notes: [Graph.note("beside", self)]))
      return graph.poison
    }
  }
}

import GraphCore
import TensorCore

/// An op that makes one value of several, or takes it apart: nothing of it is left in a plan.
public protocol BundleOp: Op {}

extension BundleOp {
  /// No effects.
  public static var effects: Effects { .none }
  /// Scalars for bundles; what they hold is known when they are taken apart.
  public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
    node.record.outputs.map { $0.dtype == .variant || $0.dtype == .bool ? .scalar : .unknown }
  }
  /// Gradient graphs hold these ops; nobody differentiates them again.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { .unavailable("an optional passes no gradients here") }
}

extension Ops {
  /// Values as one optional.
  public enum OptionalFromValue: BundleOp {
    public static let signature = Signature(
      ["components: Toutput_types"], gives: ["optional: variant"], [.types("Toutput_types")])
  }

  /// An optional without values.
  public enum OptionalNone: BundleOp {
    public static let signature = Signature([], gives: ["optional: variant"])
  }

  /// The values of an optional.
  public enum OptionalGetValue: BundleOp {
    public static let signature = Signature(
      ["optional: variant"], gives: ["components: output_types"],
      [.types("output_types"), .value("output_shapes", .listOfShape)])
  }

  /// Whether an optional has values.
  public enum OptionalHasValue: BundleOp {
    public static let signature = Signature(["optional: variant"], gives: ["has_value: bool"])
  }
}

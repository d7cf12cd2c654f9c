import GraphCore
import TensorCore

extension Ops {
  /// The elements converted to another type: towards zero to integers, wrapping to narrower ones.
  public enum Cast: ElementwiseOp {
    /// The type of the output.
    public static let destination = AttributeKey<DType>("DstT")
    public static let signature = Signature(
      ["x: SrcT"], gives: ["y: DstT"],
      [.type("SrcT", .dense), .type("DstT", .dense), .flag("Truncate")])
    public static func body(_ x: ElementContext) -> Element { x[0].cast(to: x.node[destination]) }
    public static func partialValues(of node: Node) -> [PartialValue?] {
      // Sizes fit every index type; a number that would wrap is left to run.
      guard node[destination].isInteger, let value = node.partialValue(0),
        value.elements.allSatisfy({ $0.map { Int32(exactly: $0) != nil } ?? true })
      else { return [nil] }
      return [value]
    }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient {
      let source = node.input(0).dtype
      guard source.isFloatingPoint, node[destination].isFloatingPoint else {
        return .none("a cast between \(source) and \(node[destination]) has no derivative")
      }
      return .dense([upstream[0].map { cast($0, source) }])
    }
  }
}

/// The tensor converted to another type; itself if it has that type.
public func cast(
  _ x: Tensor, _ dtype: DType, name: String? = nil, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  if x.isPoison || x.dtype == dtype { return x }
  return x.apply(
    Ops.Cast.self, name: name ?? "Cast", ["DstT": .type(dtype)], site: SourceSite(file, line))
}

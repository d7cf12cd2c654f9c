import GraphCore
import TensorCore

/// An op that calls one of several functions, whose outputs are alike.
public protocol BranchOp: CallOp {
  /// The functions of a node, that for no condition first, then those of its conditions in turn.
  static func branches(of node: Node) -> [Function?]
  /// The conditions, of which the first that holds chooses.
  static func conditions(of node: Node) -> [Tensor]
}

extension BranchOp {
  /// The chosen function's.
  public static func gradient(
    of node: Node, _ upstream: [Tensor?], in context: GradientContext
  ) -> Gradient { Ops.differentiated { branchGradient(node, upstream, context) } }

  /// Each branch is put in place once more where switches lead to it, and differentiated there.
  private static func branchGradient(
    _ node: Node, _ upstream: [Tensor?], _ context: GradientContext
  ) -> Gradient {
    let functions = branches(of: node).compactMap { $0 }
    let conditions = conditions(of: node)
    guard functions.count == conditions.count + 1 else {
      return .unavailable("its functions are not known")
    }
    /// A tensor as each branch has it.
    func parts(_ tensor: Tensor) -> [Tensor] {
      var (rest, parts) = (tensor, [Tensor]())
      for condition in conditions {
        let sides = switched(rest, if: condition)
        parts.append(sides.whenTrue)
        rest = sides.whenFalse
      }
      return [rest] + parts
    }
    let data = node.inputs.dropFirst().map(parts)
    let gradients = upstream.map { $0.map(parts) }
    let branches = functions.enumerated().map { side, function -> [Tensor?] in
      let inputs = data.map { $0[side] }
      let outputs = node.graph.inlined(function, inputs)
      let found = context.differentiate(outputs, gradients.map { $0?[side] }, inputs)
      return zip(inputs, found).map { input, gradient in
        let isPassing = input.dtype.isFloatingPoint || input.dtype == .variant
        return gradient ?? (isPassing ? zerosLike(input) : nil)
      }
    }
    let merged = data.indices.map { index -> Tensor? in
      let all = branches.compactMap { $0[index] }
      return all.count == branches.count ? merge(all).output : nil
    }
    return .dense([nil] + merged)
  }
}

extension Ops {
  private static let conditional: [Signature.AttributeDefinition] = [
    .type("Tcond"), .types("Tin"), .types("Tout"), .value("then_branch", .function),
    .value("else_branch", .function), .value("output_shapes", .listOfShape, default: .list([])),
  ]

  /// Calls one of two functions.
  public enum If: BranchOp {
    public static let functionAttributes = ["else_branch", "then_branch"]
    public static let signature = Signature(
      ["cond: Tcond", "input: Tin"], gives: ["output: Tout"], conditional)
    public static func branches(of node: Node) -> [Function?] {
      functionAttributes.map { node.function($0) }
    }
    public static func conditions(of node: Node) -> [Tensor] { [asPredicate(node.input(0))] }
  }

  /// Calls one of two functions without effects.
  public enum StatelessIf: BranchOp {
    public static let effects = Effects.none
    public static let functionAttributes = If.functionAttributes
    public static let signature = If.signature
    public static func branches(of node: Node) -> [Function?] { If.branches(of: node) }
    public static func conditions(of node: Node) -> [Tensor] { If.conditions(of: node) }
  }

  /// Calls the function at an index of a list, the last for an index that the list has not.
  public enum Case: BranchOp {
    public static let functionAttributes = ["branches"]
    public static let signature = Signature(
      ["branch_index: int32 scalar", "input: Tin"], gives: ["output: Tout"],
      [
        .types("Tin"), .types("Tout"), .value("branches", .listOfFunction),
        .value("output_shapes", .listOfShape, default: .list([])),
      ])
    public static func branches(of node: Node) -> [Function?] {
      let functions = node.functionNames("branches").map { node.graph.function(named: $0) }
      return functions.suffix(1) + functions.dropLast()
    }
    public static func conditions(of node: Node) -> [Tensor] {
      node.functionNames("branches").indices.dropLast().map {
        node.input(0) .== node.graph.constant($0, .int32)
      }
    }
  }

  /// `Case` of functions without effects.
  public enum StatelessCase: BranchOp {
    public static let effects = Effects.none
    public static let functionAttributes = Case.functionAttributes
    public static let signature = Case.signature
    public static func branches(of node: Node) -> [Function?] { Case.branches(of: node) }
    public static func conditions(of node: Node) -> [Tensor] { Case.conditions(of: node) }
  }

  /// A condition as a Boolean: numbers are true unless 0.
  package static func asPredicate(_ tensor: Tensor) -> Tensor {
    tensor.dtype == .bool ? tensor : cast(tensor, .bool)
  }
}

import GraphCore
import StandardOps
import TensorCore

/// The first part of a run whose rest cannot be planned before it has run: a predicate is computed, a
/// shape depends on data, or a loop's rounds are counted by what it computes.
package struct Stage: Sendable {
  /// What runs.
  package var plan: Plan
  /// The tensors of the flat graph whose values the plan's fetches give; they are fed to the rest.
  package var fetched: [Tensor]
  /// The nodes of the flat graph that have run then.
  package var completed: Set<Int>
  /// What follows the plan.
  package var action: Action

  /// What happens between two stages.
  package enum Action: Sendable {
    /// A fetched value decides how the rest is planned.
    case decide
    /// A node is computed from values.
    case compute(Node, [Operand])
    /// A loop runs, round by round.
    case loop(Node, FlatGraph.Loop, [Operand])
    /// A variable whose elements are no numbers is set.
    case assign(Node, variable: String, Operand)
  }

  /// Where an action finds a value.
  package enum Operand: Sendable {
    /// Among what was fed, or fetched by this stage.
    case tensor(Endpoint)
    /// A variable.
    case variable(ResourceValue)
  }
}

extension Stage {
  /// The bytes of what a node between two stages would give, where that follows from numbers rather
  /// than from how much it is given.
  package static func byteCount(of node: Node, _ inputs: [TensorValue]) -> Int {
    (node.definition as? any DataOp.Type)?.byteCount(of: node, inputs) ?? 0
  }

  /// What a node between two stages gives.
  ///
  /// - Throws: `GraphError` if the values do not fit.
  package static func values(of node: Node, _ inputs: [TensorValue]) throws(GraphError)
    -> [TensorValue]
  {
    guard let op = node.definition as? any DataOp.Type else { return [] }
    do throws(GraphError) {
      try Graph.checkRanks(of: node, op.signature, shapes: inputs.map { PartialShape($0.shape) })
      return try op.values(of: node, inputs)
    } catch {
      throw Graph.located(error, node: node.name, op: node.op, site: node.site, inputs: [])
    }
  }
}

extension Stage {
  /// Whether a node makes nothing but strings of values that a plan can fetch.
  package static func computesStrings(_ node: Node) -> Bool {
    // Asked of whatever a run fetches: what is true of few nodes comes first.
    let record = node.record
    return record.outputs.first?.dtype == .string
      && record.outputs.allSatisfy { $0.dtype == .string }
      && node.isPure && node.definition is any DataOp.Type
      && node.inputs.allSatisfy { $0.dtype.byteCount != nil || $0.dtype == .string }
  }
}

extension Function {
  /// The nodes that a call runs for what they do besides computing.
  package var effectNodes: [Node] { body.operations.filter(\.mustRun) }
}

/// Thrown where the rest cannot be planned before a stage has run.
package struct StageNeeded: Error {
  /// The stage.
  package let stage: Stage
}

/// A variable as a value that functions take.
package struct ResourceValue: Sendable {
  /// The name under which the session holds the variable.
  package let name: String
  package let dtype: DType
  package let shape: PartialShape

  package init(name: String, dtype: DType, shape: PartialShape) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
  }

  init(_ handle: Node) {
    self.init(
      name: handle.variableName, dtype: handle[Ops.VarHandleOp.dtype],
      shape: handle[Ops.VarHandleOp.shape])
  }

  /// The value as it is fed.
  package var tensorValue: TensorValue {
    let sizes = shape.dimensions.map {
      $0.map { $0.map(String.init) ?? "?" }.joined(separator: ",")
    }
    return TensorValue(resource: [name, dtype.name, sizes ?? "*"].joined(separator: "\n"))
  }

  /// The variable that a fed value stands for.
  package init?(_ value: TensorValue) {
    guard value.dtype == .resource, let bytes = try? value.strings().first else { return nil }
    let parts = String(decoding: bytes, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, let dtype = DType(name: parts[1]) else { return nil }
    let shape =
      parts[2] == "*"
      ? PartialShape.unknown
      : PartialShape(parts[2].split(separator: ",").map { Int($0) })
    self.init(name: parts[0], dtype: dtype, shape: shape)
  }
}

/// Thrown where the copy cannot go on: what is there so far runs as a stage.
struct StageBarrier: Error {
  /// The copy so far, fetching what the action and the rest need.
  let workspace: Workspace
  let fetched: [Tensor]
  let completed: Set<Int>
  let action: Stage.Action
}

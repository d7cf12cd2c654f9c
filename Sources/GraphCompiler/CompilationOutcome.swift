import GraphCore
import StandardOps
import TensorCore

/// What compiling a request comes to.
public enum CompilationOutcome: Sendable {
  /// All of the run.
  case plan(Plan)
  /// A first part of the run, on whose results the rest depends.
  case segment(Segment)
  /// The plan depends on the values of these feeds, by position; the request is to be made with them.
  case needsValues([Int])
}

/// The first part of a run whose rest cannot be planned before it has run: a predicate is computed, a
/// shape depends on data, or a loop's rounds are counted by what it computes.
public struct Segment: Sendable {
  /// What runs.
  package var plan: Plan
  /// The tensors of the flat graph whose values the plan's fetches give; they are fed to the rest.
  package var fetched: [Tensor]
  /// The nodes of the flat graph that have run then.
  package var completed: Set<Int>
  /// What follows the plan.
  package var action: Action

  /// What happens between two segments.
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
    /// Among what was fed, or fetched by this segment.
    case tensor(Endpoint)
    /// A variable.
    case variable(ResourceValue)
  }
}

extension Segment {
  /// The bytes of what a node between two segments would give, where that follows from numbers rather
  /// than from how much it is given.
  package static func byteCount(of node: Node, _ inputs: [TensorValue]) -> Int {
    (node.definition as? any DataOp.Type)?.byteCount(of: node, inputs) ?? 0
  }

  /// What a node between two segments gives.
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

/// Why a copy cannot go on.
enum Halt {
  /// The plan depends on the values of these feeds, by position.
  case needsValues([Int])
  /// What is there so far runs first.
  case endOfSegment(EndOfSegment)
}

/// A copy that ends before its request does.
struct EndOfSegment {
  /// The copy so far, fetching what the action and the rest need.
  let workspace: Workspace
  let fetched: [Tensor]
  let completed: Set<Int>
  let action: Segment.Action
}

extension Function {
  /// The nodes that a call runs for what they do besides computing.
  package var effectNodes: [Node] { body.operations.filter(\.mustRun) }
}

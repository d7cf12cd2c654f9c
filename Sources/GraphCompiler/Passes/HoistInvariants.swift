import GraphCore
import StandardOps
import TensorCore

/// Computes before a loop what is the same in each of its rounds.
///
/// A node follows the loop's fixed values and constants alone, and cannot fail: there may be no round.
/// What only moves elements stays, since kernels read it in place.
package enum HoistInvariants: Pass {
  package static let name = "hoist-invariants"
  package static let summary = "computes before a loop what is the same in each of its rounds"

  package static func run(_ workspace: inout Workspace, _ options: CompilerOptions) throws {
    var log = workspace.log
    try workspace.rebuild(addsNodes: \.isLoop) { node, inputs, target in
      guard node.isLoop, let condition = node.function("cond"), let body = node.function("body")
      else { return nil }
      let isFixed = zip(body.inputs, body.outputs).map { $0 == $1 }
      var hoisting = Hoisting(target, inputs, isFixed)
      let parts = try [condition, body].map { try hoisting.hoist(from: $0) }
      if hoisting.values.isEmpty { return nil }
      for value in hoisting.values {
        log.record(
          name, node: value.node.name, origin: node.record.origin,
          "is the same in every round of \"\(node.name)\"", heir: value.node.name)
      }
      for (number, function) in [condition, body].enumerated() {
        target.add(
          parts[number].function(function.name, hoisting.values, givesThem: number == 1))
      }
      var attributes = node.attributes
      let all = inputs + hoisting.values
      attributes["T"] = .list(all.map { .type($0.dtype) })
      attributes["output_shapes"] = .list(all.map { .shape($0.shape) })
      let made = target.withScope({ $0.names = "" }) {
        target.add(
          node.op == Ops.While.name ? Ops.While.self : Ops.StatelessWhile.self, all,
          name: target.freeName(node.name) + "/", attributes)
      }
      return Array(made.outputs.prefix(inputs.count))
    }
    workspace.log = log
  }
}

/// Copies parts of a loop's functions before the loop.
private struct Hoisting {
  /// What was copied and is taken in the rounds.
  private(set) var values: [Tensor] = []
  private let target: Graph
  private let inputs: [Tensor]
  private let isFixed: [Bool]

  init(_ target: Graph, _ inputs: [Tensor], _ isFixed: [Bool]) {
    (self.target, self.inputs, self.isFixed) = (target, inputs, isFixed)
  }

  /// A function's copy without what was hoisted.
  struct Rest {
    var workspace: Workspace
    /// What stands for the values that were hoisted from it, by their number.
    var placeholders: [Int: Tensor] = [:]

    /// - Parameter givesThem: whether it gives the values on to the next round.
    func function(_ name: String, _ values: [Tensor], givesThem: Bool) -> Function {
      let added = values.enumerated().map { number, value in
        placeholders[number] ?? Self.placeholder(like: value, in: workspace.graph)
      }
      return Function(
        name: name, body: workspace.graph, inputs: workspace.arguments + added,
        outputs: workspace.fetches + (givesThem ? added : []))
    }

    static func placeholder(like value: Tensor, in graph: Graph) -> Tensor {
      graph.withScope({ $0.names = "" }) {
        graph.add(
          Ops.Placeholder.self, name: graph.freeName("hoisted") + "/",
          ["dtype": .type(value.dtype), "shape": .shape(value.shape)]
        ).output(0)
      }
    }
  }

  /// Copies what of a function is the same in every round.
  mutating func hoist(from function: Function) throws -> Rest {
    var workspace = Workspace(function)
    let nodes = workspace.neededNodes()
    var outer: [Int: [Tensor]] = [:]
    for (number, argument) in function.inputs.enumerated() where isFixed[number] {
      outer[argument.node.index] = [inputs[number]]
    }
    var isHoisted = Set<Int>()
    for node in nodes where outer[node.index] == nil {
      let sources = node.record.inputs
      guard node.isHoistable, sources.allSatisfy({ outer[$0.node] != nil }) else { continue }
      let copies = sources.compactMap { outer[$0.node]?[$0.output] }
      outer[node.index] = try target.copy(node, inputs: copies).outputs
      isHoisted.insert(node.index)
    }
    var taken = Set(workspace.fetches.map(\.endpoint))
    for node in nodes where !isHoisted.contains(node.index) {
      taken.formUnion(node.record.inputs)
    }
    var rest: [Int: Tensor] = [:]
    var values = values
    try workspace.rebuild(addsNodes: { _ in false }) { node, inputs, graph in
      guard isHoisted.contains(node.index), node.isWorthHoisting,
        taken.contains(node.output(0).endpoint), let value = outer[node.index]?[0]
      else { return nil }
      let placeholder = Rest.placeholder(like: value, in: graph)
      rest[values.count] = placeholder
      values.append(value)
      return [placeholder]
    }
    self.values = values
    return Rest(workspace: workspace, placeholders: rest)
  }
}

extension Node {
  /// Whether the node may be computed where it would not have been: it has one result, no effect, and
  /// ends no run.
  fileprivate var isHoistable: Bool {
    guard isPure, record.outputs.count == 1, record.outputs[0].dtype.byteCount != nil else {
      return false
    }
    switch definition {
    case _ where op == Ops.Const.name: return true
    case let op as any ElementwiseOp.Type: return !Lowering.expression(of: op, self).mayFail
    case is any ViewOp.Type, is any ReductionOp.Type: return true
    default: return isProduct
    }
  }

  /// Whether keeping its result is better than computing it again.
  fileprivate var isWorthHoisting: Bool {
    op != Ops.Const.name && !(definition is any ViewOp.Type)
  }
}

extension ElementExpression {
  /// Whether a step of it may end a run: a division, remainder or power of integers.
  fileprivate var mayFail: Bool {
    instructions.contains { step in
      guard case .binary(let operation, let a, _) = step else { return false }
      return !types[a].isFloatingPoint
        && [.divide, .floorDivide, .truncatedRemainder, .floorRemainder, .power, .index].contains(
          operation)
    }
  }
}

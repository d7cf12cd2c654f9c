import GraphCore
import TensorCore
import TensorFlowFormats

/// What a graph's own nodes for restoring say: under which key of a checkpoint each variable is.
///
/// They are read, not run: from the op that restores, or the function that it calls, back to the
/// assignments, and from these to the variables and to the names given to `RestoreV2`.
struct RestoreNodes {
  /// Where a variable's value is in a checkpoint.
  struct Source: Hashable {
    let key: String
    let slice: TensorSlice?
  }

  /// By the name of the variable's node.
  private(set) var sources: [String: Source] = [:]

  /// The sources of the variables that the graph's saver restores; none if it has no saver.
  init(of graph: Graph) {
    let stated = TFMetaGraphDef.details(of: graph).saverDef.restoreOpName
    let names = [stated, stated.split(separator: ":").first.map(String.init), "save/restore_all"]
    guard let start = names.compactMap({ $0 }).compactMap({ graph.operation(named: $0) }).first
    else { return }
    var pending = [start]
    var seen = Set<Int>()
    while let node = pending.popLast() {
      guard seen.insert(node.index).inserted else { continue }
      visit(node, calls: [], library: graph)
      pending += node.inputs.map(\.node) + node.controlInputs
    }
  }

  /// How deep functions may call one another.
  private static let depthLimit = 16
  /// How many nodes of functions are looked at: functions that call one another often could go on.
  private var budget = 1 << 20

  private mutating func visit(_ node: Node, calls: [Node], library: Graph) {
    if ["Assign", "AssignVariableOp"].contains(node.op), node.record.inputs.count == 2 {
      guard let variable = Self.source(node.input(0), calls),
        ["VarHandleOp", "VariableV2", "Variable"].contains(variable.node.op),
        let value = Self.source(node.input(1), calls), let source = Self.restored(value, calls)
      else { return }
      sources[variable.node.name] = source
    }
    guard ["PartitionedCall", "StatefulPartitionedCall"].contains(node.op),
      calls.count < Self.depthLimit, case .function(let name, _)? = node.attributes["f"],
      let function = library.function(named: name)
    else { return }
    for inner in function.body.operations where budget > 0 {
      budget -= 1
      visit(inner, calls: calls + [node], library: library)
    }
  }

  /// What a tensor passes on: through identities, and through arguments to what the caller gave.
  private static func source(_ tensor: Tensor, _ calls: [Node]) -> Tensor? {
    var (tensor, calls) = (tensor, calls)
    while true {
      switch tensor.node.op {
      case "Identity", "Reshape", "Cast":
        guard !tensor.node.record.inputs.isEmpty else { return nil }
        tensor = tensor.node.input(0)
      case "_Arg":
        guard let call = calls.popLast(), case .int(let index)? = tensor.node.attributes["index"],
          call.record.inputs.indices.contains(index)
        else { return nil }
        tensor = call.input(index)
      default: return tensor
      }
    }
  }

  /// Where a tensor that was read from a checkpoint is in it.
  private static func restored(_ tensor: Tensor, _ calls: [Node]) -> Source? {
    let node = tensor.node
    guard ["RestoreV2", "RestoreSlice", "Restore"].contains(node.op), node.record.inputs.count >= 2,
      let names = try? node.constantValue(1)?.strings(), names.indices.contains(tensor.index)
    else { return nil }
    var slice: TensorSlice?
    if node.record.inputs.count > 2, let slices = try? node.constantValue(2)?.strings(),
      slices.indices.contains(tensor.index), !slices[tensor.index].isEmpty
    {
      slice = TensorSlice.parse(
        specification: String(decoding: slices[tensor.index], as: UTF8.self))
      if slice == nil { return nil }
    }
    return Source(key: String(decoding: names[tensor.index], as: UTF8.self), slice: slice)
  }
}

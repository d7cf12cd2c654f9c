import GraphCore
import GraphRuntime
import TensorCore
import TensorFlowFormats

extension Session {
  /// Sets variables from a checkpoint of either version, all at once or none.
  ///
  /// A variable is looked for under the key that the graph's own saver names, as a part of a
  /// partitioned variable, under its own name, and under the key that the objects of a TensorFlow 2
  /// checkpoint give to that name. Parts are put together or cut out as the graph needs them.
  ///
  /// What the graph's own saver leaves out may be missing: only a run that needs it fails.
  ///
  /// - Parameters:
  ///   - prefix: the path without endings.
  ///   - variables: those to set; by default all global ones, or in a graph without collections all
  ///     that it declares.
  /// - Returns: the names of the variables that the graph's own saver leaves out and that are not in
  ///   the checkpoint; none if `variables` are given.
  /// - Throws: if a file is missing or damaged, or if variables are missing from it or differ in type
  ///   or shape: one error that lists them all.
  @discardableResult
  public func restoreVariables(from prefix: String, _ variables: [Variable]? = nil) throws
    -> [String]
  {
    let reader = try CheckpointReader(prefix: prefix)
    let targets = RestoreTarget.all(of: graph, variables)
    var leftOut: [String] = []
    var objectKeys: [String: String]?
    var values: [(name: String, value: TensorValue)] = []
    var problems: [String] = []
    for target in targets {
      var found = target.sources.first { reader.entry(named: $0.key) != nil }
      if found == nil {
        if objectKeys == nil { objectKeys = try reader.objectKeys() }
        found = target.names.compactMap { objectKeys?[$0] }
          .first { reader.entry(named: $0) != nil }.map { .init(key: $0, slice: nil) }
      }
      guard let found, let entry = reader.entry(named: found.key) else {
        if target.isLeftOut {
          leftOut.append(target.name)
        } else {
          problems.append("\"\(target.name)\" is not in it")
        }
        continue
      }
      guard entry.dtype == target.dtype,
        found.slice != nil || target.shape.matches(entry.shape)
      else {
        problems.append(
          "\"\(target.name)\" is \(entry.dtype)\(entry.shape), "
            + "the graph expects \(target.dtype) \(target.shape)")
        continue
      }
      guard problems.isEmpty else { continue }
      let value =
        if let slice = found.slice { try reader.value(of: found.key, slice: slice) } else {
          try reader.value(of: found.key)
        }
      guard target.shape.matches(value.shape) else {
        problems.append(
          "the part of \"\(found.key)\" for \"\(target.name)\" is \(value.shape), "
            + "the graph expects \(target.shape)")
        continue
      }
      values.append((target.sessionName, value))
    }
    guard problems.isEmpty else {
      throw SessionError(
        "the checkpoint \(prefix) does not fit the graph:\n  "
          + problems.joined(separator: "\n  "))
    }
    adopt(values)
    return leftOut
  }
}

/// A variable that a checkpoint is to give a value.
private struct RestoreTarget {
  let name: String
  let sessionName: String
  let dtype: DType
  let shape: PartialShape
  /// Where it may be, the likeliest first.
  let sources: [RestoreNodes.Source]
  /// Whether the graph has a saver that leaves the variable out.
  var isLeftOut = false
  /// The names by which objects may know it.
  var names: [String] { [name, sessionName] }

  static func all(of graph: Graph, _ variables: [Variable]?) -> [RestoreTarget] {
    let stated = RestoreNodes(of: graph).sources
    let all = variables ?? graph.variables()
    if !all.isEmpty {
      return all.map { variable in
        let node = variable.handle.node
        let part = variable.part.map {
          RestoreNodes.Source(key: $0.name, slice: TensorSlice($0))
        }
        return RestoreTarget(
          name: variable.name, sessionName: node.sessionName, dtype: variable.dtype,
          shape: variable.shape,
          sources: [stated[node.name], part, .init(key: variable.name, slice: nil)]
            .compactMap { $0 },
          isLeftOut: variables == nil && !stated.isEmpty && stated[node.name] == nil)
      }
    }
    var seen = Set<String>()
    return graph.declaredVariables.compactMap { node in
      guard stated.isEmpty || stated[node.name] != nil, seen.insert(node.sessionName).inserted,
        case .type(let dtype)? = node.attributes["dtype"]
      else { return nil }
      var shape = PartialShape.unknown
      if case .shape(let known)? = node.attributes["shape"] { shape = known }
      return RestoreTarget(
        name: node.name, sessionName: node.sessionName, dtype: dtype, shape: shape,
        sources: [stated[node.name], .init(key: node.name, slice: nil)].compactMap { $0 })
    }
  }
}

extension Graph {
  /// The nodes that declare variables, whatever collections say.
  package var declaredVariables: [Node] {
    operations.filter { ["VarHandleOp", "VariableV2", "Variable"].contains($0.op) }
  }
}

extension TensorSlice {
  /// What a part holds of its variable.
  package init(_ part: VariablePart) {
    self.init(
      zip(part.offset, part.shape.dimensions).map { Extent(start: $0, length: $1) })
  }
}

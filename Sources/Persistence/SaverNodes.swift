import GraphCore
import StandardOps
import TensorCore
import TensorFlowFormats

/// The nodes by which TensorFlow saves and restores a graph's variables, under its names.
///
/// Our own savers read and write the session's variables directly; these nodes are what makes an
/// exported MetaGraph complete for TensorFlow.
package struct SaverNodes: Sendable {
  /// The tensor to be fed the checkpoint's prefix: `save/Const:0`.
  package let filename: String
  /// The tensor to fetch for saving: `save/control_dependency:0`.
  package let save: String
  /// The operation to run for restoring: `save/restore_all`.
  package let restore: String

  package init(filename: String, save: String, restore: String) {
    self.filename = filename
    self.save = save
    self.restore = restore
  }

  /// What a MetaGraph says of them.
  package var definition: TFSaverDef {
    var definition = TFSaverDef()
    definition.filenameTensorName = filename
    definition.saveTensorName = save
    definition.restoreOpName = restore
    definition.maxToKeep = 5
    definition.keepCheckpointEveryNHours = 10_000
    definition.version = .v2
    return definition
  }

  /// Adds the nodes for `variables` to the graph.
  package init(adding variables: [Variable], to graph: Graph) {
    let sorted = variables.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    let names = sorted.map { $0.part?.name ?? $0.name }
    (filename, save, restore) = graph.atRoot {
      graph.nameScope("save") {
        let input = graph.constant("model", name: "filename/input")
        let name = graph.placeholder(default: input, shape: .scalar, name: "filename")
        let prefix = graph.placeholder(default: name, shape: .scalar, name: "Const")
        let types = Attribute.list(sorted.map { .type($0.dtype) })
        let slices = sorted.map { $0.part.map { specification(of: $0) } ?? "" }

        let saved = graph.add(
          Ops.SaveV2.self,
          [
            prefix, graph.constant(names, name: "SaveV2/tensor_names"),
            graph.constant(slices, name: "SaveV2/shape_and_slices"),
          ] + sorted.map(\.value), name: "SaveV2", ["dtypes": types])
        let done = graph.controlDependencies([saved]) {
          identity(prefix, name: "control_dependency")
        }
        let restored = graph.add(
          Ops.RestoreV2.self,
          [
            prefix, graph.constant(names, name: "RestoreV2/tensor_names"),
            graph.constant(slices, name: "RestoreV2/shape_and_slices"),
          ], name: "RestoreV2", ["dtypes": types])
        let assignments = sorted.enumerated().map { index, variable in
          variable.isReference
            ? graph.add(
              Ops.Assign.self, [variable.handle, restored.output(index)], name: "Assign")
            : graph.add(
              Ops.AssignVariableOp.self,
              [variable.handle, identity(restored.output(index), name: "Identity")],
              name: "AssignVariableOp")
        }
        let all = graph.group(assignments, name: "restore_all")
        return (prefix.name, done.name, all.name)
      }
    }
  }
}

/// What the saver's nodes say of a part: the whole shape and the slice, `5 3 0,3:0,3`.
private func specification(of part: VariablePart) -> String {
  part.wholeShape.dimensions.map { "\($0) " }.joined() + TensorSlice(part).description
}

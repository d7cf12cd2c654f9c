extension NodeRecord {
  /// The same node in another graph, where the nodes that it refers to have other places.
  package func moved(_ place: (Int) -> Int) -> NodeRecord {
    NodeRecord(
      index: place(index), name: name, op: op, definition: definition,
      inputs: inputs.map { Endpoint(node: place($0.node), output: $0.output) },
      controlInputs: controlInputs.map(place), attributes: attributes, device: device,
      details: details, site: site, outputs: outputs, partialValues: partialValues)
  }
}

extension Variable {
  /// The same variable by its nodes in another graph.
  package func placed(
    handle: Tensor, value: Tensor, initializer: Node, initialValue: Tensor?
  ) -> Variable {
    // A copy, so that whatever else a variable says of itself goes along.
    var copy = self
    copy.handle = handle
    copy.value = value
    copy.initializer = initializer
    copy.initialValue = initialValue
    return copy
  }
}

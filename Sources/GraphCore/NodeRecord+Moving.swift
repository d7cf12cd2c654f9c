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

import TensorCore

extension CheckpointReader {
  /// The key under which a checkpoint of TensorFlow 2 says what its other keys belong to.
  private static let objectGraphKey = "_CHECKPOINTABLE_OBJECT_GRAPH"

  /// The tensors but for what the file says about itself.
  package var variableEntries: [CheckpointEntry] {
    entries.filter { $0.name != Self.objectGraphKey }
  }

  /// The keys of variables by the names that they had in a graph, as the objects of a TensorFlow 2
  /// checkpoint state them; none in other checkpoints. A name that several variables had is left out.
  ///
  /// - Throws: `FileError` if the statement is damaged.
  package func objectKeys() throws(FileError) -> [String: String] {
    guard entry(named: Self.objectGraphKey) != nil else { return [:] }
    let value = try value(of: Self.objectGraphKey)
    guard let bytes = try? value.strings().first,
      let objects = try? TFTrackableObjectGraph(serializedBytes: bytes)
    else { throw FileError(prefix, "what it says of its objects cannot be read") }
    var keys: [String: String] = [:]
    var repeated = Set<String>()
    for attribute in objects.nodes.flatMap(\.attributes) where !attribute.fullName.isEmpty {
      let key = attribute.checkpointKey
      if let other = keys.updateValue(key, forKey: attribute.fullName), other != key {
        repeated.insert(attribute.fullName)
      }
    }
    return keys.filter { !repeated.contains($0.key) }
  }
}

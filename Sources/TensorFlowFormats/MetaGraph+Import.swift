import GraphCore
import SwiftProtobuf
import TensorCore

extension Graph {
  /// Appends a MetaGraph's nodes and collections to this graph.
  ///
  /// - Throws: `FileError` naming what is at fault.
  package func append(_ metaGraph: TFMetaGraphDef, path: String) throws(FileError) {
    appendFunctions(of: metaGraph)
    try appendNodes(of: metaGraph, path: path)
    var rest = metaGraph
    rest.graphDef.node = []
    rest.collectionDef = [:]
    // What is known here is stated anew when the graph is written.
    rest.metaInfoDef.strippedOpList.op.removeAll { ops[$0.name] != nil }
    if rest.metaInfoDef.strippedOpList.op.isEmpty { rest.metaInfoDef.clearStrippedOpList() }
    let details = rest.compactText
    state.withLock { $0.details = details }
    for (name, collection) in metaGraph.collectionDef.sorted(by: { $0.key < $1.key }) {
      let key = CollectionKey(rawValue: name)
      for item in try items(of: collection, key, path) { add(item, to: key) }
    }
  }

  private func items(of collection: TFCollectionDef, _ key: CollectionKey, _ path: String)
    throws(FileError) -> [CollectionItem]
  {
    switch collection.kind {
    case .nodeList(let list)?:
      var items: [CollectionItem] = []
      for name in list.value {
        if name.contains(":"), let tensor = tensor(named: name) {
          items.append(.tensor(tensor))
        } else if let node = operation(named: name) {
          items.append(.operation(node))
        } else {
          throw FileError(
            path, "the collection \(key.rawValue) names \"\(name)\", which is not there")
        }
      }
      return items
    case .bytesList(let list)?:
      return list.value.map { bytes in
        if CollectionKey.ofVariables.contains(key), let variable = variable(bytes: [UInt8](bytes)) {
          return .variable(variable)
        }
        return .bytes([UInt8](bytes))
      }
    case .int64List(let list)?: return list.value.map { .int(Int($0)) }
    case .floatList(let list)?: return list.value.map { .float($0) }
    case .anyList(let list)?:
      return list.value.map { .message(typeURL: $0.typeURL, [UInt8]($0.value)) }
    case nil: return []
    }
  }

  /// A resource variable by the names of its nodes; nil for one of another kind.
  private func variable(bytes: [UInt8]) -> Variable? {
    guard let proto = try? TFVariableDef(serializedBytes: bytes),
      !proto.hasSaveSliceInfoDef || proto.saveSliceInfoDef.part != nil,
      let handle = tensor(named: proto.variableName),
      ["VarHandleOp", "VariableV2", "Variable"].contains(handle.node.op),
      let value = tensor(named: proto.snapshotName),
      let initializer = operation(named: proto.initializerName)
    else { return nil }
    return Variable(
      handle: handle, value: value, initializer: initializer,
      initialValue: tensor(named: proto.initialValueName), isTrainable: proto.trainable,
      distribution: (proto.synchronization.rawValue, proto.aggregation.rawValue),
      part: proto.hasSaveSliceInfoDef ? proto.saveSliceInfoDef.part : nil)
  }
}

extension TFSaveSliceInfoDef {
  /// What the message says; nil if it contradicts itself.
  fileprivate var part: VariablePart? {
    let whole = Shape(fullShape.map { Int($0) })
    let shape = Shape(varShape.map { Int($0) })
    guard whole.checkedCount != nil, shape.checkedCount != nil, whole.rank == shape.rank,
      varOffset.count == whole.rank, varOffset.allSatisfy({ $0 >= 0 })
    else { return nil }
    return VariablePart(
      name: fullName, wholeShape: whole, offset: varOffset.map { Int($0) }, shape: shape)
  }

  init(_ part: VariablePart) {
    self.init()
    fullName = part.name
    fullShape = part.wholeShape.dimensions.map { Int64($0) }
    varOffset = part.offset.map { Int64($0) }
    varShape = part.shape.dimensions.map { Int64($0) }
  }
}

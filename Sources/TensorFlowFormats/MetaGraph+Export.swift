import GraphCore
import SwiftProtobuf
import TensorCore

extension TFMetaGraphDef {
  /// A graph with its collections.
  package init(_ graph: Graph) {
    self.init()
    graphDef = TFGraphDef(graph)
    metaInfoDef.tensorflowVersion = "1.15.0"
    metaInfoDef.tags = []
    for key in graph.collectionKeys {
      if let collection = TFCollectionDef(graph.items(in: key), key) {
        collectionDef[key.rawValue] = collection
      }
    }
  }

  /// The message's bytes, the same for the same graph.
  package func bytes() throws -> [UInt8] {
    var options = BinaryEncodingOptions()
    options.useDeterministicOrdering = true
    return try serializedBytes(options: options)
  }
}

extension TFCollectionDef {
  /// A collection in the one list that its items fit; nil if they are of several kinds.
  init?(_ items: [CollectionItem], _ key: CollectionKey) {
    self.init()
    let elements = items.compactMap(\.element)
    if elements.count == items.count {
      let variables = items.compactMap { item -> Variable? in
        if case .variable(let variable) = item { variable } else { nil }
      }
      if variables.count == items.count {
        bytesList.value = variables.compactMap { try? TFVariableDef($0).serializedBytes() }
      } else {
        // Tensors bear their output's number, operations do not.
        nodeList.value = items.map { item in
          switch item {
          case .operation(let node): node.name
          case .tensor(let tensor): tensor.name
          case .variable(let variable): variable.handle.name
          default: ""
          }
        }
      }
      return
    }
    for item in items {
      switch item {
      case .bytes(let bytes): bytesList.value.append(.init(bytes))
      case .int(let number): int64List.value.append(Int64(number))
      case .float(let number): floatList.value.append(number)
      default: return nil
      }
    }
    if case .bytesList(let list)? = kind, list.value.count != items.count { return nil }
  }
}

extension TFVariableDef {
  /// A variable by the names of its nodes.
  init(_ variable: Variable) {
    self.init()
    variableName = variable.handle.name
    initializerName = variable.initializer.name
    snapshotName = variable.value.name
    initialValueName = variable.initialValue?.name ?? ""
    isResource = true
    trainable = variable.isTrainable
  }
}

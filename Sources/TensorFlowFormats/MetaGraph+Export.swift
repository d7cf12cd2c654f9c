import GraphCore
import SwiftProtobuf
import TensorCore

extension TFMetaGraphDef {
  /// The graph with its collections and what its file said besides.
  ///
  /// - Throws: `GraphErrors` if a collection holds what no file can hold together.
  package init(_ graph: Graph) throws(GraphErrors) {
    self = Self.details(of: graph)
    graphDef = TFGraphDef(graph)
    if metaInfoDef.tensorflowVersion.isEmpty { metaInfoDef.tensorflowVersion = "1.15.0" }
    let used = Set(graph.operations.map(\.op))
    let listed = Set(metaInfoDef.strippedOpList.op.map(\.name))
    metaInfoDef.strippedOpList.op += used.subtracting(listed).sorted().compactMap {
      graph.ops[$0].map { TFOpDef($0) }
    }
    metaInfoDef.strippedOpList.op.sort { $0.name < $1.name }
    var errors: [GraphError] = []
    for key in graph.collectionKeys {
      do throws(GraphError) {
        collectionDef[key.rawValue] = try TFCollectionDef(graph.items(in: key), key)
      } catch {
        errors.append(error)
      }
    }
    if !errors.isEmpty { throw GraphErrors(errors) }
  }
}

extension TFCollectionDef {
  /// The items in the one kind of list that a file may give them: variables of TensorFlow's own
  /// collections as messages, whatever else the graph holds by name, data as it is.
  init(_ items: [CollectionItem], _ key: CollectionKey) throws(GraphError) {
    self.init()
    for item in items {
      switch item {
      case .variable(let variable) where CollectionKey.ofVariables.contains(key):
        bytesList.value.append((try? TFVariableDef(variable).serializedBytes()) ?? .init())
      // Tensors bear their output's number, operations do not.
      case .operation(let node): nodeList.value.append(node.name)
      case .tensor(let tensor): nodeList.value.append(tensor.name)
      case .variable(let variable): nodeList.value.append(variable.handle.name)
      case .bytes(let bytes): bytesList.value.append(.init(bytes))
      case .int(let number): int64List.value.append(Int64(number))
      case .float(let number): floatList.value.append(number)
      case .message(let typeURL, let bytes):
        var message = Google_Protobuf_Any()
        message.typeURL = typeURL
        message.value = .init(bytes)
        anyList.value.append(message)
      }
    }
    let written =
      switch kind {
      case .nodeList(let list)?: list.value.count
      case .bytesList(let list)?: list.value.count
      case .int64List(let list)?: list.value.count
      case .floatList(let list)?: list.value.count
      case .anyList(let list)?: list.value.count
      case nil: 0
      }
    guard written == items.count else {
      throw GraphError(
        "the collection \(key.rawValue) mixes kinds that one list of a file cannot hold; "
          + "nodes and tensors go together, variables, strings and numbers each apart")
    }
  }
}

extension TFVariableDef {
  init(_ variable: Variable) {
    self.init()
    variableName = variable.handle.name
    initializerName = variable.initializer.name
    snapshotName = variable.value.name
    initialValueName = variable.initialValue?.name ?? ""
    isResource = !variable.isReference
    trainable = variable.isTrainable
    synchronization = .init(rawValue: variable.distribution.synchronization) ?? .auto
    aggregation = .init(rawValue: variable.distribution.aggregation) ?? .none
    if let part = variable.part { saveSliceInfoDef = TFSaveSliceInfoDef(part) }
  }
}

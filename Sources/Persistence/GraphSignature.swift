import GraphCore
import TensorCore
import TensorFlowFormats

/// What a graph offers to whoever serves it: names for the tensors to feed and to fetch.
public struct GraphSignature: Sendable {
  /// A tensor under the signature's name for it.
  public struct Argument: Sendable {
    /// The signature's name.
    public let name: String
    /// The graph's name of the tensor.
    public let tensorName: String
    /// The type of the elements; nil if the file does not say.
    public let dtype: DType?
    /// What is known of the shape.
    public let shape: PartialShape
  }

  /// The signature's name, such as `serving_default`.
  public let name: String
  /// What the signature is for, such as `tensorflow/serving/predict`.
  public let method: String
  /// What is fed, sorted by name.
  public let inputs: [Argument]
  /// What is fetched, sorted by name.
  public let outputs: [Argument]

  /// The name under which TensorFlow keeps what starts a graph.
  static let initialization = "__saved_model_init_op"
}

extension GraphSignature.Argument {
  fileprivate init(_ name: String, _ info: TFTensorInfo) {
    self.name = name
    switch info.encoding {
    case .name(let tensor)?: tensorName = tensor
    case .cooSparse(let sparse)?: tensorName = sparse.valuesTensorName
    case .compositeTensor, nil: tensorName = ""
    }
    dtype = info.dtype.dtype
    shape = info.tensorShape.partialShape ?? .unknown
  }

  fileprivate var line: String {
    "\(name): \(dtype.map { $0.name } ?? "?")\(shape) = \(tensorName)"
  }
}

extension Graph {
  /// The signatures that the graph's file states, sorted by name.
  public var signatures: [GraphSignature] {
    Self.signatures(of: TFMetaGraphDef.details(of: self))
  }

  private static func signatures(of details: TFMetaGraphDef) -> [GraphSignature] {
    func arguments(_ infos: [String: TFTensorInfo]) -> [GraphSignature.Argument] {
      infos.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) }
    }
    return details.signatureDef.sorted { $0.key < $1.key }.map { name, definition in
      GraphSignature(
        name: name, method: definition.methodName, inputs: arguments(definition.inputs),
        outputs: arguments(definition.outputs))
    }
  }

  /// What a SavedModel says of the graph, in lines for a listing.
  package var signatureLines: [String] {
    let details = TFMetaGraphDef.details(of: self)
    var lines: [String] = []
    if !details.metaInfoDef.tags.isEmpty {
      lines.append("#: tags \(details.metaInfoDef.tags.joined(separator: ", "))")
    }
    for signature in Self.signatures(of: details)
    where signature.name != GraphSignature.initialization {
      lines.append(
        "#: signature \(signature.name)"
          + (signature.method.isEmpty ? "" : " (\(signature.method))"))
      lines += signature.inputs.map { "#:   feed \($0.line)" }
      lines += signature.outputs.map { "#:   fetch \($0.line)" }
    }
    // TensorFlow 1 names them in a collection.
    let collected = items(in: "saved_model_assets").compactMap { item -> TFAssetFileDef? in
      guard case .message(_, let bytes) = item else { return nil }
      return try? TFAssetFileDef(serializedBytes: bytes)
    }
    for asset in details.assetFileDef + collected {
      lines.append("#: asset \(asset.filename) = \(asset.tensorInfo.name)")
    }
    return lines
  }

  /// The op that a SavedModel has run after its variables are restored, or nil.
  package var initializationName: String? {
    for key in ["saved_model_main_op", "legacy_init_op"] {
      if let element = collection(CollectionKey(rawValue: key)).first { return element.target.name }
    }
    return signatures.first { $0.name == GraphSignature.initialization }?.outputs.first.map {
      $0.tensorName
    }
  }
}

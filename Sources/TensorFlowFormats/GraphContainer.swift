import SwiftProtobuf

/// A graph file's message, before a graph is made of it: what a conversion that loses nothing passes on.
package struct GraphContainer: Sendable {
  /// What kind of message the file holds.
  package enum Kind: Sendable { case graph, metaGraph, savedModel }

  /// What kind of message the file holds.
  package let kind: Kind
  /// The graph with all that is said of it; of a GraphDef the graph alone.
  package var metaGraph: TFMetaGraphDef
  /// The other graphs of a SavedModel.
  package var others: [TFMetaGraphDef] = []
  /// The folder of a SavedModel.
  package let directory: String?

  package init(_ metaGraph: TFMetaGraphDef, kind: Kind, directory: String? = nil) {
    self.metaGraph = metaGraph
    self.kind = kind
    self.directory = directory
  }

  /// A larger graph is refused before it is parsed.
  package static let sizeLimit = 1 << 31
  private static let savedModelNames = ["saved_model.pb", "saved_model.pbtxt"]

  /// Whether the path is a SavedModel: its folder, or the file in it.
  package static func isSavedModel(_ path: String) -> Bool { savedModelFile(path) != nil }

  private static func savedModelFile(_ path: String) -> String? {
    if savedModelNames.contains(FileSystem.name(of: path)), FileSystem.isFile(path) { return path }
    guard FileSystem.isDirectory(path) else { return nil }
    return savedModelNames.map { path + "/" + $0 }.first { FileSystem.isFile($0) }
  }

  /// Lets text hold messages of these types where any may be, as TensorFlow writes it.
  private static let registration: Void = {
    Google_Protobuf_Any.register(messageType: TFAssetFileDef.self)
    Google_Protobuf_Any.register(messageType: TFSaverDef.self)
    Google_Protobuf_Any.register(messageType: TFVariableDef.self)
  }()

  /// The message of a `.meta`, `.pb` or `.pbtxt` file, or of a SavedModel.
  ///
  /// - Parameters:
  ///   - tags: which graph of a SavedModel; by default its only one, or the one for serving.
  ///   - maxMemory: the most bytes of tensors that the file states by a few of their elements.
  /// - Throws: `FileError` if the file is missing, damaged or of another kind, or asks for more.
  package static func read(_ path: String, tags: [String] = [], maxMemory: Int? = nil)
    throws(FileError) -> GraphContainer
  {
    let container = try parsed(path, tags)
    let size = try FileSystem.size(of: savedModelFile(path) ?? path)
    try MemoryAllowance(limit: maxMemory, fileBytes: size)
      .check(container.metaGraph.graphDef, path)
    return container
  }

  private static func parsed(_ path: String, _ tags: [String]) throws(FileError) -> GraphContainer {
    _ = registration
    if let file = savedModelFile(path) {
      let bytes = try FileSystem.read(file, limit: sizeLimit)
      let model =
        file.hasSuffix(".pbtxt")
        ? TFSavedModel(fileText: MapText.completed(String(decoding: bytes, as: UTF8.self)))
        : try? TFSavedModel(serializedBytes: bytes)
      guard let model else { throw FileError(file, "is not a SavedModel, or is truncated") }
      return try chosen(model, tags, file, FileSystem.directory(of: file))
    }
    if FileSystem.isDirectory(path) {
      throw FileError(path, "is a folder without saved_model.pb or saved_model.pbtxt")
    }
    let bytes = try FileSystem.read(path, limit: sizeLimit)
    if path.hasSuffix(".pbtxt") {
      return try read(text: String(decoding: bytes, as: UTF8.self), tags, path)
    }
    if path.hasSuffix(".meta") {
      guard let message = try? TFMetaGraphDef(serializedBytes: bytes) else {
        throw FileError(path, "is not a MetaGraphDef, or is truncated")
      }
      return GraphContainer(message, kind: .metaGraph)
    }
    guard path.hasSuffix(".pb") else {
      throw FileError(
        path, "must end in .meta, .pb, .pbtxt or .graph, or be the folder of a SavedModel")
    }
    guard let message = try? TFGraphDef(serializedBytes: bytes), !message.node.isEmpty else {
      throw FileError(path, "is not a GraphDef, or is truncated")
    }
    return GraphContainer(message)
  }

  private init(_ graph: TFGraphDef) {
    var message = TFMetaGraphDef()
    message.graphDef = graph
    self.init(message, kind: .graph)
  }

  /// Text of a GraphDef, a MetaGraphDef or a SavedModel, whose fields' names tell which.
  private static func read(text: String, _ tags: [String], _ path: String) throws(FileError)
    -> GraphContainer
  {
    let text = MapText.completed(text)
    // Fields that are not known are passed over, so that each kind must show what only it has.
    if let message = TFGraphDef(fileText: text), !message.node.isEmpty {
      return GraphContainer(message)
    }
    if let message = TFMetaGraphDef(fileText: text), message.hasGraphDef {
      return GraphContainer(message, kind: .metaGraph)
    }
    if let model = TFSavedModel(fileText: text), !model.metaGraphs.isEmpty {
      return try chosen(model, tags, path, FileSystem.directory(of: path))
    }
    do {
      _ = try TFGraphDef(textFormatString: text)
    } catch {
      throw FileError(
        path, "is neither a GraphDef nor a MetaGraphDef in text form: as a GraphDef, \(error)")
    }
    throw FileError(path, "is text without a graph")
  }

  private static func chosen(
    _ model: TFSavedModel, _ tags: [String], _ path: String, _ directory: String
  ) throws(FileError) -> GraphContainer {
    let graphs = model.metaGraphs
    let wanted = Set(tags)
    func has(_ tags: Set<String>) -> (TFMetaGraphDef) -> Bool {
      { Set($0.metaInfoDef.tags) == tags }
    }
    let index =
      if !tags.isEmpty {
        graphs.firstIndex(where: has(wanted))
      } else if graphs.count == 1 { 0 } else { graphs.firstIndex(where: has(["serve"])) }
    guard let index else {
      let held = graphs.map { "{" + $0.metaInfoDef.tags.joined(separator: ", ") + "}" }
      throw FileError(
        path,
        "holds no graph with the tags {\(tags.joined(separator: ", "))}; it has "
          + (held.isEmpty ? "none" : held.joined(separator: ", ")) + "; choose one with --tag")
    }
    var container = GraphContainer(graphs[index], kind: .savedModel, directory: directory)
    container.others = graphs.enumerated().filter { $0.offset != index }.map(\.element)
    return container
  }
}

extension GraphContainer {
  /// Writes the message in the form that the path's ending names, or as a SavedModel's folder.
  ///
  /// - Returns: what that form cannot hold, a line each.
  /// - Throws: `FileError` if it cannot be written.
  package func write(to path: String) throws -> [String] {
    _ = Self.registration
    if path.hasSuffix(".meta.pbtxt") {
      try Self.write(text: metaGraph, to: path)
    } else if path.hasSuffix(".meta") {
      try FileSystem.writeAtomically(metaGraph.bytes(), to: path)
    } else if path.hasSuffix(".pbtxt") {
      try Self.write(text: metaGraph.graphDef, to: path)
      return lostInGraphDef + lostBesides
    } else if path.hasSuffix(".pb") {
      try FileSystem.writeAtomically(metaGraph.graphDef.bytes(), to: path)
      return lostInGraphDef + lostBesides
    } else {
      try writeSavedModel(path)
      return []
    }
    return lostBesides
  }

  private static func write(text message: some SwiftProtobuf.Message, to path: String)
    throws(FileError)
  {
    try FileSystem.writeAtomically(Array(message.fileText.utf8), to: path)
  }

  private func writeSavedModel(_ path: String) throws {
    var model = TFSavedModel()
    model.savedModelSchemaVersion = 1
    model.metaGraphs = [metaGraph] + others
    if model.metaGraphs[0].metaInfoDef.tags.isEmpty {
      model.metaGraphs[0].metaInfoDef.tags = ["serve"]
    }
    try FileSystem.makeDirectory(path)
    try FileSystem.writeAtomically(model.bytes(), to: path + "/saved_model.pb")
    guard let directory else { return }
    for folder in ["variables", "assets", "assets.extra"]
    where FileSystem.isDirectory(directory + "/" + folder) {
      try FileSystem.copyFolder(directory + "/" + folder, to: path + "/" + folder)
    }
  }

  /// What beside the graph a SavedModel has that no file holds.
  package var lostBesides: [String] {
    guard let directory else { return [] }
    var lost: [String] = []
    if !others.isEmpty {
      let tags = others.map { "{" + $0.metaInfoDef.tags.joined(separator: ", ") + "}" }
      lost.append("the graphs tagged \(tags.joined(separator: ", "))")
    }
    if CheckpointReader.exists(directory + "/variables/variables") {
      lost.append("the variables' values, which stay in \(directory)/variables/variables")
    }
    if !FileSystem.names(in: directory + "/assets").isEmpty {
      lost.append("the assets, which stay in \(directory)/assets")
    }
    return lost
  }

  /// What a MetaGraphDef says and a GraphDef does not.
  private var lostInGraphDef: [String] {
    var lost: [String] = []
    func count(_ number: Int, _ one: String, _ several: String) -> String {
      "\(number) \(number == 1 ? one : several)"
    }
    if !metaGraph.collectionDef.isEmpty {
      lost.append(
        count(metaGraph.collectionDef.count, "collection", "collections") + " ("
          + metaGraph.collectionDef.keys.sorted().joined(separator: ", ") + ")")
    }
    if !metaGraph.signatureDef.isEmpty {
      lost.append(
        count(metaGraph.signatureDef.count, "signature", "signatures") + " ("
          + metaGraph.signatureDef.keys.sorted().joined(separator: ", ") + ")")
    }
    if metaGraph.hasSaverDef { lost.append("the names of the saver's nodes") }
    if !metaGraph.assetFileDef.isEmpty { lost.append("the names of assets") }
    if metaGraph.hasObjectGraphDef { lost.append("the objects of TensorFlow 2") }
    if metaGraph.hasMetaInfoDef { lost.append("tags, TensorFlow's version and the list of ops") }
    return lost
  }
}

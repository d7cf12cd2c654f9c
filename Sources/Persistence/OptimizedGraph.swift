import GraphCore
import GraphRuntime
import TensorCore
import TensorFlowFormats

/// A graph frozen and rewritten for TensorFlow to run: only ops that it knows, with the fed and fetched
/// tensors under their names.
public struct OptimizedGraph: Sendable {
  package let message: TFGraphDef
  /// What its user should know: names that changed, and why less was done than could be.
  public let notes: [String]
  /// The number of nodes.
  public var nodeCount: Int { message.node.count }

  /// What a session's graph becomes if it is to give certain tensors from others.
  ///
  /// Variables become constants of the session's values. Calls are put in place, what follows from
  /// constants is computed, and the compiler's rules are applied as the session allows. A graph that
  /// this does not suit, with loops or conditionals that data decides, is only frozen and rid of what
  /// is not needed.
  ///
  /// - Parameters:
  ///   - fetches: the tensors that it gives.
  ///   - shapes: what is known of the shapes of fed tensors, which stay even where nothing needs them;
  ///     placeholders that are not among them have the shape that they state. Unknown sizes stay
  ///     unknown; those of the same dimension are taken to be the same in every placeholder.
  ///   - values: tensors that become constants.
  /// - Throws: if the fetches need a variable without a value or write one, or need unknown ops.
  public init(
    of session: Session, fetching fetches: [Tensor], shapes: [Tensor: PartialShape] = [:],
    fixing values: Feeds = [:]
  ) throws {
    let graph = session.graph
    let fixed = Set(values.entries.compactMap { $0.key as? Tensor })
    var feeds = shapes.map { (tensor: $0.key, shape: $0.value) }
    for node in graph.operations where node.op == "Placeholder" {
      let tensor = node.output(0)
      if shapes[tensor] == nil, !fixed.contains(tensor) { feeds.append((tensor, tensor.shape)) }
    }
    feeds.sort { ($0.tensor.node.index, $0.tensor.index) < ($1.tensor.node.index, $1.tensor.index) }
    var notes: [String] = []
    var message: TFGraphDef
    do {
      let portable = try session.portable(fetching: fetches, feeding: feeds, fixing: values)
      (message, notes) = try PortableMessage.graphDef(of: portable, fetches, feeds)
    } catch {
      do {
        message = try FrozenMessage(session, feeds: feeds, values: values).graphDef(fetches)
      } catch let second {
        throw SessionError("neither can the graph be rewritten: \(error)\nnor frozen: \(second)")
      }
      notes = [
        "only frozen and rid of what is not needed, since the rest cannot be rewritten: \(error)"
      ]
    }
    // Who feeds a tensor by its name does so also where nothing needs it any more.
    let present = Set(message.node.map(\.name))
    for (tensor, shape) in feeds where shapes[tensor] != nil && tensor.index == 0 {
      guard !present.contains(tensor.node.name) else { continue }
      message.node.append(.placeholder(tensor.node.name, tensor.dtype, shape))
    }
    // What should stand beside what may be gone now.
    for index in message.node.indices { message.node[index].attr["_class"] = nil }
    let details = TFMetaGraphDef.details(of: graph).graphDef
    message.versions = details.versions
    if !details.hasVersions { message.versions.producer = 134 }
    let library = graph.library(for: message.node, besides: message.library.function)
    message.clearLibrary()
    if !library.function.isEmpty { message.library = library }
    self.message = message
    self.notes = notes
  }

  /// Writes the graph as a `.pb` or `.pbtxt` file.
  ///
  /// - Returns: the number of bytes of the graph as `.pb`.
  /// - Throws: `FileError` if it cannot be written.
  @discardableResult
  public func write(to path: String) throws -> Int {
    guard path.hasSuffix(".pb") || path.hasSuffix(".pbtxt") else {
      throw FileError(path, "must end in .pb or .pbtxt")
    }
    var whole = TFMetaGraphDef()
    whole.graphDef = message
    _ = try GraphContainer(whole, kind: .graph).write(to: path)
    return try message.bytes().count
  }
}

extension Graph {
  /// The functions that nodes call, and those that these call.
  fileprivate func library(for nodes: [TFNodeDef], besides made: [TFFunctionDef])
    -> TFFunctionDefLibrary
  {
    let all = made + TFGraphDef(self).library.function
    let byName = Dictionary(
      all.map { ($0.signature.name, $0) }, uniquingKeysWith: { first, _ in first })
    var library = TFFunctionDefLibrary()
    var seen = Set<String>()
    var pending = nodes
    while let node = pending.popLast() {
      var names = [node.op]
      for value in node.attr.values {
        if case .func(let function)? = value.value { names.append(function.name) }
        if case .list(let list)? = value.value { names += list.func.map(\.name) }
      }
      for name in names where !seen.contains(name) {
        guard let function = byName[name] else { continue }
        seen.insert(name)
        library.function.append(function)
        pending += function.nodeDef
      }
    }
    library.function.sort { $0.signature.name < $1.signature.name }
    return library
  }
}

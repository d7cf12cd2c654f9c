import GraphCompiler
import GraphCore
import TensorCore

/// A graph that the compiler has rewritten but not turned into kernels, for others to run.
package struct PortableGraph {
  /// The nodes, those that are needed and maybe others.
  package let graph: Graph
  /// What became of the fetched tensors.
  package let fetches: [Tensor]
  /// The placeholders that are still needed, each with the fed tensor.
  package let feeds: [(placeholder: Tensor, tensor: Tensor)]
}

extension Session {
  /// The graph that gives what is fetched, with the session's variables as constants, rewritten by the
  /// passes and rules that a run of it would use but for sizes that may be unknown.
  ///
  /// - Parameters:
  ///   - feeds: the tensors that are fed, with what is known of their shapes.
  ///   - values: tensors that always have these values.
  /// - Throws: `CompilationError` and others where the graph cannot be rewritten as a whole.
  package func portable(
    fetching fetches: [Tensor], feeding feeds: [(tensor: Tensor, shape: PartialShape)],
    fixing values: Feeds
  ) throws -> PortableGraph {
    let resolved = try resolve(values)
    var request = try flatRequest(fetches, [], resolved)
    let graph = request.flat.graph
    var shapes: [Tensor: (shape: PartialShape, source: Tensor)] = [:]
    for feed in feeds {
      guard
        case .tensor(let endpoint) = request.flat.images[feed.tensor.node.index][
          feed.tensor.index]
      else { throw SessionError("\(feed.tensor) cannot be fed") }
      let tensor = Tensor(graph.node(at: endpoint.node), endpoint.output)
      shapes[tensor] = (feed.shape, feed.tensor)
      request.feed(TensorValue(zeros: [0], dtype: .bool), to: tensor)
    }
    var compilation = request.compilation(
      deciding: request.feeds.indices.filter { shapes[request.feeds[$0].tensor] == nil })
    let open = compilation.feeds.map { feed in
      shapes[feed.tensor]?.shape ?? PartialShape(feed.shape)
    }
    for index in compilation.feeds.indices where shapes[compilation.feeds[index].tensor] != nil {
      compilation.feeds[index].value = nil
    }
    let workspace = try OpenSizes.rewritten(
      compilation, shapes: open, options: compiler.options(for: nil) { try self.evaluate($0) }
    ) { name in variables.withLock { $0.values[name]?.value } }
    return PortableGraph(
      graph: workspace.graph, fetches: workspace.fetches,
      feeds: workspace.feeds.compactMap { position, placeholder in
        shapes[compilation.feeds[position].tensor].map { (placeholder, $0.source) }
      })
  }
}

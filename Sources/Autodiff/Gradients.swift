import GraphCore
import StandardOps
import TensorCore

/// Something that a gradient can be taken with respect to: a tensor or a variable.
public protocol GradientTarget: GraphElement {
  /// The tensor at which gradients are collected: for a variable its handle, so that every read of
  /// it counts.
  var gradientTensor: Tensor { get }
}

extension Tensor: GradientTarget {
  /// The tensor itself.
  public var gradientTensor: Tensor { self }
}

extension Variable: GradientTarget {
  /// The variable's handle.
  public var gradientTensor: Tensor { handle }
}

/// Adds the gradients of `Σ ys` with respect to `xs` to the graph; TensorFlow's `tf.gradients`.
///
/// - Parameters:
///   - ys: floating-point tensors, such as a loss.
///   - xs: tensors and variables.
///   - upstream: for each of `ys` the gradient of something with respect to it, in its shape; ones by
///     default.
///   - stopGradients: tensors to treat as constants.
///   - name: the name scope of the new nodes.
/// - Returns: for each of `xs` a tensor of its shape; nil where no differentiable path leads to `ys`
///   (`explainMissingGradient` says why).
public func gradients(
  of ys: [Tensor], withRespectTo xs: [any GradientTarget], upstream: [Tensor]? = nil,
  stopGradients: [Tensor] = [], name: String = "gradients", file: StaticString = #fileID,
  line: UInt = #line
) -> [Tensor?] {
  guard let graph = ys.first?.graph else { return xs.map { _ in nil } }
  return graph.at(SourceSite(file, line)) {
    graph.nameScope(name) {
      values(of: ys, xs, upstream, stopGradients, graph).map { $0.map(\.densified) }
    }
  }
}

/// Adds the gradients of a single tensor, such as a loss, to the graph.
///
/// - Returns: for each of `xs` a tensor of its shape, or nil where there is no gradient.
public func gradients(
  of y: Tensor, withRespectTo xs: [any GradientTarget], upstream: Tensor? = nil,
  stopGradients: [Tensor] = [], name: String = "gradients", file: StaticString = #fileID,
  line: UInt = #line
) -> [Tensor?] {
  gradients(
    of: [y], withRespectTo: xs, upstream: upstream.map { [$0] }, stopGradients: stopGradients,
    name: name, file: file, line: line)
}

/// The same as `gradients`, where a gradient that touches only some rows stays a list of rows.
///
/// - Returns: for each of `xs` its gradient, or nil where there is none.
public func gradientValues(
  of ys: [Tensor], withRespectTo xs: [any GradientTarget], upstream: [Tensor]? = nil,
  stopGradients: [Tensor] = [], name: String = "gradients", file: StaticString = #fileID,
  line: UInt = #line
) -> [GradientValue?] {
  guard let graph = ys.first?.graph else { return xs.map { _ in nil } }
  return graph.at(SourceSite(file, line)) {
    graph.nameScope(name) { values(of: ys, xs, upstream, stopGradients, graph) }
  }
}

/// Checks and seeds `ys`, then sweeps back to `xs`.
private func values(
  of ys: [Tensor], _ xs: [any GradientTarget], _ upstream: [Tensor]?, _ stops: [Tensor],
  _ graph: Graph
) -> [GradientValue?] {
  let targets = xs.map(\.gradientTensor)
  if (ys + targets + (upstream ?? [])).contains(where: \.isPoison) { return xs.map { _ in nil } }
  do throws(GraphError) {
    for tensor in ys + targets + (upstream ?? []) + stops where tensor.graph !== graph {
      throw GraphError(
        "\(tensor) belongs to another graph than what is differentiated",
        notes: [Graph.note("beside", ys[0])])
    }
    if let upstream {
      guard upstream.count == ys.count else {
        throw GraphError("\(ys.count) upstream gradients are expected, found \(upstream.count)")
      }
      for (y, dy) in zip(ys, upstream)
      where y.dtype != dy.dtype || !y.shape.isCompatible(with: dy.shape) {
        throw GraphError(
          "an upstream gradient must be \(y.dtype) of shape \(y.shape), found \(dy)",
          notes: [Graph.note("y", y)])
      }
    }
    for y in ys where !y.dtype.isFloatingPoint {
      throw GraphError(
        "only floating-point tensors have gradients, found \(y); differentiate what it was "
          + "computed from",
        notes: [Graph.note("y", y)])
    }
  } catch {
    var located = error
    located.site = graph.scope.site
    graph.record(located)
    return xs.map { _ in nil }
  }
  var sweep = BackwardSweep(graph: graph, from: ys, to: targets, stops: stops)
  for (index, y) in ys.enumerated() {
    let seed = upstream?[index] ?? ones(like: y, name: "grad_ys_\(index)")
    sweep.contribute(.dense(seed), to: y.endpoint)
  }
  return sweep.run()
}

/// Ones in the shape of `y`, made as TensorFlow makes them.
private func ones(like y: Tensor, name: String) -> Tensor {
  let dims = shapeTensor(of: y)
  return fill(dims, with: y.constant(1, name: name))
}

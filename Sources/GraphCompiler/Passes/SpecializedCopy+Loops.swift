import GraphCore
import StandardOps
import TensorCore

extension SpecializedCopy {
  /// A loop as one node of the copy, if every round has the same sizes: its functions are specialised
  /// for them, as the copy itself is.
  ///
  /// - Returns: what stands for the loop's outputs; nil if only running tells what a round does, so that
  ///   each is planned when its turn comes.
  mutating func region(of node: Node, _ loop: FlatGraph.Loop, _ inputs: [Tensor]) -> [Tensor]? {
    guard options.makesRegions, request.open == nil else { return nil }
    let body: RegionBody
    let condition: (workspace: Workspace, fetches: [Tensor?])
    do throws(NoRegion) {
      guard let inner = request.region.entering(node.name) else {
        throw NoRegion("there are too many loops, or it lies in too many")
      }
      if let unknown = inputs.first(where: {
        $0.shape.fullyDefined == nil && $0.dtype != .resource
      }) {
        throw NoRegion("\(unknown) is no tensor of a known size")
      }
      body = try RegionBody(loop, inputs, of: self, at: node, in: inner)
      condition = try body.condition(of: self)
    } catch {
      record(node, "runs round by round, since \(error.reason)")
      loopFault = "\(node.name) runs round by round: \(error.reason)"
      return nil
    }
    let names = ["cond", "body"].map { target.uniqueFunctionName("\(node.name)/\($0)") }
    target.add(body.function(condition.workspace, condition.fetches, named: names[0]))
    target.add(body.function(body.workspace, body.results, named: names[1]))
    let given = body.passed.map { body.inputs[$0] }
    let hasEffects = [condition.workspace, body.workspace].contains { $0.hasEffects }
    let made = target.withScope({
      $0.origin = node.index
      $0.names = ""
    }) {
      target.add(
        hasEffects ? Ops.While.self : Ops.StatelessWhile.self, given,
        name: target.freeName(node.name) + "/",
        [
          "cond": .function(names[0], [:]), "body": .function(names[1], [:]),
          "output_shapes": .list(given.map { .shape($0.shape) }),
        ])
    }
    if made.isPoison { return nil }
    keep(made, as: node)
    var outputs = inputs
    for (number, position) in body.passed.enumerated() where body.results[number] != nil {
      outputs[position] = made.output(number)
    }
    for (position, list) in body.lists { outputs[position] = token(list) }
    return Array(outputs.prefix(loop.variableCount))
  }

  /// The outputs of a loop that is run once more to record it for a gradient: once is enough.
  func recorded(_ node: Node, _ loop: FlatGraph.Loop) -> [Tensor]? {
    guard let recording = recordings[node.index], copies[recording] != nil else { return nil }
    let same = (outputs[recording] ?? []).dropFirst(WhileGradient.recordedStart)
      .prefix(loop.variableCount).compactMap { $0 }
    return same.map(\.dtype) == node.record.outputs.map(\.dtype) ? same : nil
  }
}

extension CompilationRequest {
  /// The needed loops that record what others do that are needed too, by the index of those.
  func recordings(_ needed: [Bool]) -> [Int: Int] {
    var recordings: [Int: Int] = [:]
    for (index, loop) in loops.sorted(by: { $0.key < $1.key }) where needed[index] {
      guard let recorded = loop.recorded, recorded != index, needed[recorded],
        loops[recorded] != nil, recordings[recorded] == nil
      else { continue }
      let (own, others) = (graph.node(at: index), graph.node(at: recorded))
      let given = own.record.inputs.dropFirst(WhileGradient.recordedStart)
      if others.record.inputs.elementsEqual(given.prefix(others.record.inputs.count)) {
        recordings[recorded] = index
      }
    }
    return recordings
  }
}

extension Workspace {
  /// Whether something is done besides computing results.
  var hasEffects: Bool { graph.operations.contains(where: \.mustRun) }
}

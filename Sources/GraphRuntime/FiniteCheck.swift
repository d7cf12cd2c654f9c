import GraphCompiler
import GraphCore
import TensorCore

/// Watches the buffers of a run whose plan computes one node a step.
struct FiniteCheck {
  private let plan: Plan
  /// The flat graph that the plan's origins are nodes of.
  private let graph: Graph
  private let memory: RunMemory
  /// What each buffer holds so far.
  private var found: [FiniteScan]
  /// The last step that writes each buffer of the run's own, which the pieces of a concatenation do
  /// one after the other, and all that these steps read.
  private var lastWrite: [Int: Int] = [:]
  private var sources: [Int: [Int]] = [:]

  init(_ plan: Plan, _ graph: Graph, _ memory: RunMemory) {
    self.plan = plan
    self.graph = graph
    self.memory = memory
    found = Array(repeating: [], count: plan.buffers.count)
    for (number, step) in plan.steps.enumerated() {
      for buffer in step.buffers.prefix(step.outputCount) {
        if case .variable = plan.buffers[buffer].location { continue }
        lastWrite[buffer] = number
        sources[buffer, default: []] += step.buffers.dropFirst(step.outputCount)
      }
    }
  }

  /// Looks through what the run starts from.
  ///
  /// - Throws: `NonFiniteError` for a variable or a constant that holds a NaN.
  mutating func examineSources() throws(NonFiniteError) {
    for (index, buffer) in plan.buffers.enumerated() {
      switch buffer.location {
      case .variable(let number):
        guard plan.variables[number].needsValue else { continue }
        found[index] = scan(index)
        if found[index].contains(.nan) {
          throw error(.variable, .nan, index, plan.variables[number].node, "VarHandleOp")
        }
      case .constant:
        found[index] = scan(index)
        if found[index].contains(.nan) {
          throw error(.constant, .nan, index, Self.node(of: buffer.name), "Const")
        }
      case .feed: found[index] = scan(index)
      case .arena, .live, .randomCounter, .stack: break
      }
    }
  }

  /// Looks through what a step has written.
  ///
  /// - Throws: `NonFiniteError` if the step made a NaN or an infinity.
  mutating func examine(step number: Int) throws(NonFiniteError) {
    let step = plan.steps[number]
    for buffer in step.buffers.prefix(step.outputCount) {
      if let last = lastWrite[buffer], last != number { continue }
      let inputs = sources[buffer] ?? Array(step.buffers.dropFirst(step.outputCount))
      let before = inputs.reduce(into: FiniteScan()) { $0.formUnion(found[$1]) }
      found[buffer] = scan(buffer)
      if found[buffer].contains(.nan), !before.contains(.nan) {
        throw error(.nan, buffer, step, inputs)
      }
      if found[buffer].contains(.infinity), before.isEmpty {
        throw error(.infinity, buffer, step, inputs)
      }
    }
  }

  private func scan(_ buffer: Int) -> FiniteScan {
    let description = plan.buffers[buffer]
    return FiniteScan(
      memory.bufferAddresses[buffer], count: description.shape.count, dtype: description.dtype)
  }

  // MARK: Errors

  private func value(_ buffer: Int) -> TensorValue {
    let description = plan.buffers[buffer]
    return TensorValue(
      dtype: description.dtype, shape: description.shape,
      storage: TensorStorage(
        copying: UnsafeRawBufferPointer(
          start: memory.bufferAddresses[buffer], count: description.byteCount)))
  }

  private func error(
    _ kind: NonFiniteError.Kind, _ buffer: Int, _ step: Plan.Step, _ inputs: [Int]
  ) -> NonFiniteError {
    let origin = step.origins.first ?? -1
    let own = step.nodes.first ?? ""
    let node = (0..<graph.count).contains(origin) ? graph.node(at: origin) : nil
    var seen = Set(step.buffers.prefix(step.outputCount))
    let values = inputs.filter { input in
      if case .randomCounter = plan.buffers[input].location { return false }
      return seen.insert(input).inserted
    }
    return NonFiniteError(
      source: .operation, kind: kind, node: node?.name ?? own, op: node?.op ?? "",
      site: node?.site, part: own == node?.name ? nil : own, value(buffer),
      inputs: values.map { .init(name: plan.buffers[$0].name, numbers: NumberSummary(value($0))) })
  }

  private func error(
    _ source: NonFiniteError.Source, _ kind: NonFiniteError.Kind, _ buffer: Int, _ node: String,
    _ op: String
  ) -> NonFiniteError {
    NonFiniteError(
      source: source, kind: kind, node: node, op: op, site: graph.operation(named: node)?.site,
      part: nil, value(buffer), inputs: [])
  }

  /// The node of a tensor's name.
  private static func node(of tensor: String) -> String {
    String(tensor.prefix { $0 != ":" })
  }
}

extension NonFiniteError {
  init(
    source: Source, kind: Kind, node: String, op: String, site: SourceSite?, part: String?,
    _ value: TensorValue, inputs: [Input]
  ) {
    self.source = source
    self.kind = kind
    self.node = node
    self.op = op
    self.site = site
    self.part = part
    self.inputs = inputs
    output = NumberSummary(value)
    let first = (value.doubles ?? []).firstIndex { kind == .nan ? $0.isNaN : $0.isInfinite } ?? 0
    position = zip(value.shape.dimensions, value.shape.strides).map { first / $1 % max($0, 1) }
  }

  /// Looks through a variable.
  ///
  /// - Throws: `NonFiniteError` if it holds a NaN.
  static func check(_ value: TensorValue, of variable: Variable) throws(NonFiniteError) {
    guard FiniteScan(value).contains(.nan) else { return }
    let node = variable.handle.node
    throw NonFiniteError(
      source: .variable, kind: .nan, node: node.name, op: node.op, site: node.site, part: nil,
      value, inputs: [])
  }

  /// Looks through what a run is fed.
  ///
  /// - Throws: `NonFiniteError` for a feed that holds a NaN.
  static func check(_ feeds: [ResolvedFeed]) throws(NonFiniteError) {
    for feed in feeds where FiniteScan(feed.value).contains(.nan) {
      let node = feed.tensor.node
      throw NonFiniteError(
        source: .feed, kind: .nan, node: feed.tensor.index == 0 ? node.name : feed.tensor.name,
        op: node.op, site: node.site, part: nil, feed.value, inputs: [])
    }
  }
}

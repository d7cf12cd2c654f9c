import Dataflow
import GraphCompiler
import Testing

/// Convolutions and their backward forms with what follows them in one kernel.
@Suite struct ConvolutionFusionTests {
  @Test(arguments: ImageLayer.allCases)
  func whatFollowsALayerJoinsIt(_ layer: ImageLayer) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, .ofRank(4), name: "x")
    let filter = graph.variable(try RuleCheck.numbers(layer.filter, seed: 2), name: "filter")
    let bias = graph.variable(try RuleCheck.numbers([layer.channels], seed: 3), name: "bias")
    let z = layer(x, filter.value)
    let shortcut = graph.placeholder(.float32, .ofRank(4), name: "shortcut")
    let y = relu(biasAdd(z, bias.value, dataFormat: layer.format) * 0.5 + shortcut)
    let images = try RuleCheck.numbers(layer.input)
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    let shape = try session.run(z, feeding: [x: images]).shape
    let plan = try RuleCheck.expect(
      of: [y], feeding: [x: images, shortcut: RuleCheck.numbers(shape.dimensions, seed: 4)],
      contracts: [.exact], "\(layer)")
    #expect(plan.everyRun.map(\.kernel.isConvolutionWithEpilogue) == [true])
  }

  /// Two layers with their loss and the training of their filters.
  private struct Net {
    let graph = Graph()
    let x: Tensor
    let loss: Tensor
    let train: Node

    init(_ layer: ImageLayer) throws {
      x = graph.placeholder(.float32, PartialShape(layer.input), name: "x")
      let size = layer.input[layer.isChannelsFirst ? 1 : 3]
      let first = graph.variable(try RuleCheck.numbers([1, 1, size, size], seed: 5), name: "first")
      let filter = graph.variable(try RuleCheck.numbers(layer.filter, seed: 2), name: "filter")
      let bias = graph.variable(try RuleCheck.numbers([layer.channels], seed: 3), name: "bias")
      let hidden = relu(conv2d(x, first.value, dataFormat: layer.format))
      let y = biasAdd(layer(hidden, filter.value), bias.value, dataFormat: layer.format)
      loss = reduceMean(square(y))
      train = GradientDescentOptimizer(learningRate: 0.01).minimize(loss)
    }
  }

  @Test(arguments: ImageLayer.allCases)
  func trainingGivesTheSameBitsWithAndWithoutFusion(_ layer: ImageLayer) throws {
    let net = try Net(layer)
    let sessions = [
      try Session(net.graph, backend: .cpu, threads: 1, contracts: [.exact]),
      try Session(net.graph, backend: .cpu, threads: 2, contracts: [.exact]),
      try Session(net.graph, backend: .cpu, threads: 8, contracts: [.exact]),
      try Session(net.graph, backend: .cpu, optimizes: false),
    ]
    for session in sessions { try session.run(net.graph.globalVariablesInitializer()) }
    for step in 0..<2 {
      let images = try RuleCheck.numbers(layer.input, seed: 10 + step)
      let losses = try sessions.map {
        try $0.run(net.loss, targets: [net.train], feeding: [net.x: images])
      }
      for loss in losses { #expect(RuleCheck.isSame(loss, losses[3]), "\(losses)") }
      for variable in net.graph.variables() {
        let values = try sessions.map { try $0.value(of: variable) }
        for value in values { #expect(RuleCheck.isSame(value, values[3]), "\(variable.name)") }
      }
    }
    // The filters' gradients end in the filters, the input's in the gradient of the activation below.
    let plan = try sessions[0].planned(
      fetching: [net.loss], targets: [net.train],
      feeding: [net.x: RuleCheck.numbers(layer.input)]
    ).plan
    let gradients = plan.steps.compactMap { step -> (ConvolutionKernel, Plan.Step)? in
      guard case .convolution(let kernel) = step.kernel, kernel.part != .output else { return nil }
      return (kernel, step)
    }
    #expect(gradients.count == 3)
    for (kernel, step) in gradients {
      #expect(kernel.epilogue != nil, "\(kernel.part)")
      var isVariable = false
      if case .variable = plan.buffers[step.buffers[0]].location { isVariable = true }
      #expect(isVariable == (kernel.part == .filterGradient))
    }
  }

  @Test func doublePrecisionAndOtherResultTypesAreTakenToo() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, [2, 5, 5, 3], name: "x")
    let y = cast(
      tanh(conv2d(x, graph.constant([1.5, -2, 0.25], .float64, shape: [1, 1, 3, 1]))), .float32)
    let numbers = try RuleCheck.numbers([2, 5, 5, 3]).scalars(as: Float.self).map(Double.init)
    let plan = try RuleCheck.expect(
      of: [y, cast(y * 8, .int32)],
      feeding: [x: try TensorValue(numbers, shape: [2, 5, 5, 3])], contracts: [.exact])
    #expect(plan.everyRun[0].kernel.isConvolutionWithEpilogue)
  }

  @Test func imagesOfNoElementsAreNoTrouble() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, nil, nil, nil], name: "x")
    let w = graph.placeholder(.float32, [nil, nil, nil, nil], name: "w")
    let y = relu(conv2d(x, w, padding: "SAME") + 1)
    for (images, filter) in [
      ([0, 5, 5, 2], [3, 3, 2, 4]), ([2, 0, 5, 2], [3, 3, 2, 4]), ([2, 5, 5, 2], [3, 3, 2, 0]),
    ] {
      try RuleCheck.expect(
        of: [y], feeding: [x: RuleCheck.numbers(images), w: RuleCheck.numbers(filter)],
        contracts: [.exact])
    }
  }
}

extension Kernel {
  fileprivate var isConvolutionWithEpilogue: Bool {
    if case .convolution(let convolution) = self { convolution.epilogue != nil } else { false }
  }
}

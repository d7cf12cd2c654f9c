import Dataflow
import Testing

/// Scales and offsets that move into the weights of linear ops.
@Suite struct LinearRuleTests {
  private let bound = 2e-5

  @Test(arguments: LinearLayer.allCases, Normalization.allCases)
  func aNormalizationFoldsIntoTheLayerBeforeIt(_ layer: LinearLayer, _ form: Normalization) throws {
    if form == .fused, layer.isDense { return }
    for bias in ["none", "BiasAdd", "Add"] {
      let graph = Graph()
      let x = graph.placeholder(.float32, .ofRank(layer.input.count), name: "x")
      var z = try layer(x)
      let b = graph.variable(try RuleCheck.numbers([layer.channels], seed: 9), name: "b").value
      if bias == "BiasAdd" { z = biasAdd(z, b, dataFormat: layer.format) }
      if bias == "Add" {
        z = z + (layer.isChannelsFirst ? reshape(b, to: [layer.channels, 1, 1]) : b)
      }
      let y = relu(try form(z, channels: layer.channels, layer.format))
      let plan = try RuleCheck.expect(
        ["scale-into-weights"], of: [y], feeding: [x: RuleCheck.numbers(layer.input)],
        bound: bound, "\(layer) \(form) \(bias)")
      // What is left of it in every run is one addition beside the activation, after the product.
      let names = plan.everyRun.map { $0.nodes }
      #expect(plan.everyRun.count == 1, "\(layer) \(form) \(names)")
      let plain = try Session(graph, contracts: [.exact]).planned(
        fetching: [y], feeding: [x: RuleCheck.numbers(layer.input)]
      ).plan
      #expect(!plain.log.entries.contains { $0.rule == "scale-into-weights" })
    }
  }

  @Test(arguments: LinearLayer.allCases)
  func aScaleFoldsIntoTheLayerAfterIt(_ layer: LinearLayer) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, name: "x")
    let s = graph.variable(try RuleCheck.numbers([4], seed: 8), name: "s").value
    let scale = layer.isChannelsFirst ? reshape(s, to: [4, 1, 1]) : s
    let images = try RuleCheck.numbers(layer.input)
    for y in [try layer(x * scale), try layer(x / (scale + 3)), try layer(x * 0.125)] {
      let plan = try RuleCheck.expect(
        ["scale-from-input"], of: [y], feeding: [x: images], bound: bound, "\(layer)")
      #expect(plan.everyRun.count == 1)
    }
  }

  @Test(arguments: LinearLayer.allCases, [Normalization.factored, .centred, .fused])
  func aNormalizationFoldsIntoTheLayerAfterItUnlessThatIsPadded(
    _ layer: LinearLayer, _ form: Normalization
  ) throws {
    if form == .fused, layer.isDense { return }
    let graph = Graph()
    let x = graph.placeholder(.float32, name: "x")
    let y = try layer(try form(x, channels: 4, layer.format))
    // Around a padded image are zeros to which the offset is not added.
    let stays = layer.isPadded || layer == .transposed
    let rules = ["scale-from-input", "offset-from-input"]
    let plan = try RuleCheck.expect(
      stays ? [] : rules, absent: stays ? rules : [], of: [y],
      feeding: [x: RuleCheck.numbers(layer.input)], bound: stays ? nil : bound, "\(layer) \(form)")
    if !stays { #expect(plan.everyRun.count == 1) }
  }

  @Test(arguments: [Normalization.factored, .centred, .divided])
  func aNormalizationFoldsPastWhatReshapesALayersOutput(_ form: Normalization) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, name: "x")
    let bias = graph.variable(try RuleCheck.numbers([3], seed: 7), name: "bias").value
    func check(_ z: Tensor, _ shape: [Int], fed: [Int]) throws {
      let y = relu(try form(reshape(z, to: shape) + bias, channels: 3, "NHWC"))
      let plan = try RuleCheck.expect(
        ["scale-into-weights"], of: [y], feeding: [x: RuleCheck.numbers(fed)], bound: bound,
        "\(form) \(shape)")
      #expect(plan.everyRun.count <= 3, "\(form) \(shape) \(plan.everyRun.map { $0.nodes })")
    }
    // A dense layer along the last axis of three; a convolution along one axis.
    try check(
      try LinearLayer.dense(reshape(x, to: [10, 4])), [2, 5, 3], fed: [2, 5, 4])
    let weights = graph.variable(try RuleCheck.numbers([1, 3, 4, 3]), name: "w").value
    let row = conv2d(expandDimensions(x, axis: 1), weights, padding: "SAME")
    try check(row, [2, 7, 3], fed: [2, 7, 4])
  }

  @Test(arguments: [Normalization.factored, .centred, .divided, .fused])
  func aNormalizationFoldsPastTheBlocksOfADilatedConvolution(_ form: Normalization) throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, name: "x")
    let bias = graph.variable(try RuleCheck.numbers([3], seed: 7), name: "bias").value
    let (blocks, around) = (
      graph.constant([2, 2], .int32), graph.constant([[2, 3], [2, 2]], .int32)
    )
    let weights = graph.variable(try RuleCheck.numbers([3, 3, 4, 3]), name: "w").value
    let parts = conv2d(x.apply(Ops.SpaceToBatchND.self, [blocks, around]), weights)
    let crops = graph.constant([[0, 1], [0, 0]], .int32)
    let z = biasAdd(parts.apply(Ops.BatchToSpaceND.self, [blocks, crops]), bias)
    try RuleCheck.expect(
      ["channels-before-blocks", "scale-into-weights"],
      of: [relu(try form(z, channels: 3, "NHWC"))],
      feeding: [x: RuleCheck.numbers([2, 7, 6, 4])], bound: bound, "\(form)")
  }

  @Test func whatElseIsTakenStaysAsItIs() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 4], name: "x")
    let s = graph.variable(try RuleCheck.numbers([3], seed: 8), name: "s").value
    let z = try LinearLayer.dense(x)
    let feeds: Feeds = [x: try RuleCheck.numbers([5, 4])]
    let rules = ["scale-into-weights", "scale-over-bias", "join-offsets"]
    try RuleCheck.expect(absent: rules, of: [z, z * s], feeding: feeds)
    let named = identity(z)
    try RuleCheck.expect(absent: rules, of: [z, named * s], feeding: feeds)
    let sum = z + s
    try RuleCheck.expect(absent: rules, of: [sum, sum * s, sum + s], feeding: feeds)
    let scaled = x * 0.3
    try RuleCheck.expect(
      absent: ["scale-from-input"],
      of: [scaled, matmul(scaled, graph.constant(RuleCheck.numbers([4, 3])))],
      feeding: feeds)
  }

  @Test func aVariableThatTheRunWritesIsNotLive() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 4], name: "x")
    let s = graph.variable(try RuleCheck.numbers([3], seed: 8), name: "s")
    let z = try LinearLayer.dense(x) * s.value
    let write = s.assignAdd(graph.constant([1.0, 1, 1]))
    let feeds: Feeds = [x: try RuleCheck.numbers([5, 4])]
    try RuleCheck.expect(
      absent: ["scale-into-weights"], of: [z], targets: [write], feeding: feeds)
    try RuleCheck.expect(["scale-into-weights"], of: [z], feeding: feeds, bound: bound)
  }

  @Test func aFedScaleIsNotLive() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 4], name: "x")
    let s = graph.placeholder(.float32, [3], name: "s")
    let z = try LinearLayer.dense(x)
    try RuleCheck.expect(
      absent: ["scale-into-weights", "scale-over-bias", "join-offsets"],
      of: [z * s, (z + s) * 2],
      feeding: [x: try RuleCheck.numbers([5, 4]), s: try RuleCheck.numbers([3])])
  }

  @Test func aNumberForEachRowIsNoScaleOfColumns() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [3, 4], name: "x")
    let rows = graph.variable(try RuleCheck.numbers([3, 1], seed: 8), name: "rows").value
    let wide = graph.variable(try RuleCheck.numbers([2, 1, 3], seed: 8), name: "wide").value
    let feeds: Feeds = [x: try RuleCheck.numbers([3, 4])]
    let z = try LinearLayer.dense(x)
    for y in [z * rows, z * wide, matmul(x * rows, graph.constant(try RuleCheck.numbers([4, 3])))] {
      try RuleCheck.expect(
        absent: ["scale-into-weights", "scale-from-input"], of: [y], feeding: feeds)
    }
  }

  @Test func foldedWeightsFollowTheirVariables() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, name: "x")
    let y = try Normalization.centred(try LinearLayer.convolution(x), channels: 3, "NHWC")
    let session = try Session(graph)
    let plain = try Session(graph, optimizes: false)
    try session.run(graph.globalVariablesInitializer())
    let images = try RuleCheck.numbers(LinearLayer.convolution.input)
    for seed in 1...3 {
      for variable in graph.variables() {
        let shape = try session.value(of: variable).shape.dimensions
        let value = try RuleCheck.numbers(shape, seed: 10 * seed)
        let positive = TensorValue(try value.scalars(as: Float.self).map { abs($0) + 0.5 })
        try session.set(variable, to: try positive.reshaped(to: Shape(shape)))
        try plain.set(variable, to: try positive.reshaped(to: Shape(shape)))
      }
      let (a, b) = (
        try session.run(y, feeding: [x: images]), try plain.run(y, feeding: [x: images])
      )
      #expect(RuleCheck.isClose(a, b, bound), "\(a) \(b)")
    }
  }
}

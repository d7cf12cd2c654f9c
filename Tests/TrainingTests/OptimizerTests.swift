import Dataflow
import Foundation
import Testing

/// Every optimizer over 20 steps beside TensorFlow's or Keras', dense and with the gradients of rows.
@Suite struct OptimizerTests {
  private struct Computed: Decodable {
    /// `layer/w` after each fourth step.
    let path: [Double]
    /// All variables at the end.
    let variables: [String: [Double]]
  }

  private struct Inputs: Decodable {
    let w: [Double]
    let b: [Double]
    let dw: [Double]
    let db: [Double]
    let rows: [Int32]
    let drows: [Double]
  }

  private struct File: Decodable {
    var inputs: Inputs?
    var cases: [String: Computed] = [:]

    init(from decoder: any Decoder) throws {
      let entries = try decoder.container(keyedBy: Name.self)
      for key in entries.allKeys {
        if key.stringValue == "inputs" {
          inputs = try entries.decode(Inputs.self, forKey: key)
        } else {
          cases[key.stringValue] = try entries.decode(Computed.self, forKey: key)
        }
      }
    }

    struct Name: CodingKey {
      var stringValue: String
      var intValue: Int? { nil }
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }
  }

  private static let byName: [String: any Optimizer] = [
    "descent": GradientDescentOptimizer(learningRate: 0.1),
    "momentum": MomentumOptimizer(learningRate: 0.1, momentum: 0.9),
    "nesterov": MomentumOptimizer(learningRate: 0.1, momentum: 0.9, useNesterov: true),
    "adagrad": AdagradOptimizer(learningRate: 0.1),
    "adagrad-start": AdagradOptimizer(learningRate: 0.1, initialAccumulatorValue: 0.5),
    "adadelta": AdadeltaOptimizer(),
    "adadelta-1": AdadeltaOptimizer(learningRate: 1, rho: 0.9, epsilon: 1e-6),
    "rmsprop": RMSPropOptimizer(learningRate: 0.05),
    "rmsprop-momentum": RMSPropOptimizer(
      learningRate: 0.05, decay: 0.8, momentum: 0.5, epsilon: 1e-3),
    "rmsprop-centered": RMSPropOptimizer(learningRate: 0.05, momentum: 0.5, centered: true),
    "adam": AdamOptimizer(),
    "adam-other": AdamOptimizer(learningRate: 0.05, beta1: 0.8, beta2: 0.99, epsilon: 1e-4),
    "amsgrad": AdamOptimizer(learningRate: 0.05, amsgrad: true),
    "ftrl": FtrlOptimizer(learningRate: 0.1),
    "ftrl-regularized": FtrlOptimizer(
      learningRate: 0.1, learningRatePower: -0.6, initialAccumulatorValue: 0.2,
      l1RegularizationStrength: 0.3, l2RegularizationStrength: 0.2),
    "ftrl-shrinkage": FtrlOptimizer(
      learningRate: 0.1, l2ShrinkageRegularizationStrength: 0.1, beta: 0.5),
    "adamax": AdamaxOptimizer(),
    "adamax-other": AdamaxOptimizer(
      learningRate: 0.05, beta1: 0.8, beta2: 0.99, epsilon: 1e-4),
    "nadam": NadamOptimizer(),
    "nadam-other": NadamOptimizer(learningRate: 0.05, beta1: 0.8, beta2: 0.99, epsilon: 1e-4),
    "adamw": AdamWOptimizer(),
    "adamw-other": AdamWOptimizer(
      learningRate: 0.05, weightDecay: 0.1, beta1: 0.8, beta2: 0.99, epsilon: 1e-4, amsgrad: true),
    "clip-value": GradientDescentOptimizer(learningRate: 0.1, clipValue: 0.5),
    "clip-norm": GradientDescentOptimizer(learningRate: 0.1, clipNorm: 1),
    "clip-global-norm": GradientDescentOptimizer(learningRate: 0.1, globalClipNorm: 1.5),
  ]

  private static let steps = 20

  @Test func everyStepIsTensorFlows() throws {
    let file = try computedCases("optimizers", as: File.self)
    let inputs = try #require(file.inputs)
    #expect(file.cases.count == Self.byName.count + 15)
    for (name, computed) in file.cases.sorted(by: { $0.key < $1.key }) {
      let isSparse = name.hasSuffix("/rows")
      let kind = isSparse ? String(name.dropLast("/rows".count)) : name
      let optimizer = try #require(Self.byName[kind], "\(name)")
      let (path, variables) = try Example(optimizer, inputs, isSparse: isSparse).train(inputs)
      expectClose(path, computed.path, name, absolute: 1e-5)
      for (variable, values) in computed.variables {
        let own = try #require(variables[variable], "\(name): there is no \(variable)")
        expectClose(own, values, "\(name): \(variable)", absolute: 1e-5, relative: 1e-5)
      }
    }
  }

  /// TensorFlow 1's older variables take the older form of each step, for rows too.
  @Test func olderVariablesMoveAlike() throws {
    let file = try computedCases("optimizers", as: File.self)
    let inputs = try #require(file.inputs)
    for (name, computed) in file.cases where file.cases[name + "/rows"] != nil {
      let optimizer = try #require(Self.byName[name], "\(name)")
      for (suffix, expected) in [("", computed.path), ("/rows", file.cases[name + "/rows"]?.path)] {
        let example = try Example(optimizer, inputs, isSparse: !suffix.isEmpty, isOlder: true)
        let (path, _) = try example.train(inputs)
        expectClose(path, try #require(expected), "older \(name)\(suffix)", absolute: 1e-5)
        #expect(
          !example.graph.operations.contains {
            $0.op == "VarHandleOp" && $0.name.hasPrefix("layer/w")
          })
      }
    }
  }

  /// Writes the graphs that TensorFlow is to run, where `Tests/tensorflow/run` asks for them.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["DATAFLOW_OPTIMIZER_GRAPHS"] != nil))
  func graphsAreWrittenForTensorFlow() throws {
    let folder = try #require(ProcessInfo.processInfo.environment["DATAFLOW_OPTIMIZER_GRAPHS"])
    let file = try computedCases("optimizers", as: File.self)
    let inputs = try #require(file.inputs)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for name in file.cases.keys {
      let isSparse = name.hasSuffix("/rows")
      let kind = isSparse ? String(name.dropLast("/rows".count)) : name
      let example = try Example(
        try #require(Self.byName[kind], "\(name)"), inputs, isSparse: isSparse)
      let session = try Session(example.graph)
      try session.run(example.graph.globalVariablesInitializer())
      let prefix = "\(folder)/\(name.replacing("/", with: "-"))"
      try Saver(example.graph, maxToKeep: 0).save(session, to: prefix)
    }
  }

  /// Two variables whose gradients are fed, or an embedding whose rows' gradients are.
  private struct Example {
    let graph = Graph()
    let isSparse: Bool
    let train: Node
    let w: Variable
    private let feeds: (dw: Tensor, db: Tensor, rows: Tensor)

    init(
      _ optimizer: any Optimizer, _ inputs: Inputs, isSparse: Bool, isOlder: Bool = false
    ) throws {
      let graph = self.graph
      let (startW, startB) = (
        try TensorValue.floats(inputs.w, [5, 2]), try TensorValue.floats(inputs.b, [2])
      )
      let w =
        isOlder
        ? graph.makeVariable(
          "layer/w/", graph.constant(startW), trainable: true, collections: [.globalVariables],
          isReference: true)
        : graph.nameScope("layer") { graph.variable(startW, name: "w") }
      let b = graph.nameScope("layer/") { graph.variable(startB, name: "b") }
      let dw = graph.placeholder(.float32, isSparse ? [4, 2] : [5, 2], name: "dw")
      let db = graph.placeholder(.float32, [2], name: "db")
      let rows = graph.placeholder(.int32, [4], name: "rows")
      let loss =
        isSparse
        ? reduceSum(embeddingLookup(w, rows) * dw)
        : reduceSum(w.value * dw) + reduceSum(b.value * db)
      train = graph.nameScope("train") {
        optimizer.minimize(loss, variables: isSparse ? [w] : isOlder ? [w] : [w, b])
      }
      self.isSparse = isSparse
      self.w = w
      feeds = (dw, db, rows)
    }

    /// `layer/w` after each fourth of 20 steps, and all variables at the end.
    func train(_ inputs: Inputs) throws -> (path: [Double], variables: [String: [Double]]) {
      let session = try Session(graph)
      try session.run(graph.globalVariablesInitializer())
      var path: [Double] = []
      for step in 0..<OptimizerTests.steps {
        var own = Feeds()
        if isSparse {
          own.feed(
            try TensorValue(Array(inputs.rows[(step * 4)...].prefix(4)), shape: [4]),
            to: feeds.rows)
          own.feed(
            try TensorValue.floats(inputs.drows[(step * 8)...].prefix(8), [4, 2]), to: feeds.dw)
        } else {
          own.feed(
            try TensorValue.floats(inputs.dw[(step * 10)...].prefix(10), [5, 2]), to: feeds.dw)
          own.feed(
            try TensorValue.floats(inputs.db[(step * 2)...].prefix(2), [2]), to: feeds.db)
        }
        try session.run(train, feeding: own)
        if step % 4 == 3 { path += try session.value(of: w).doubles ?? [] }
      }
      var values: [String: [Double]] = [:]
      for variable in graph.variables() {
        values[variable.name] = try session.value(of: variable).doubles
      }
      return (path, values)
    }
  }

  @Test func kerasSlotsBearItsNames() throws {
    let names = try computedCases("optimizer-names", as: [String: [String]].self)
    for (name, expected) in names {
      let graph = Graph()
      let w = graph.nameScope("layer") { graph.variable([[Float(1), 2]], name: "w") }
      graph.nameScope("train") {
        let optimizer: any Optimizer = name == "Nadam" ? NadamOptimizer() : AdamaxOptimizer()
        _ = optimizer.minimize(reduceSum(square(w.value)))
      }
      // What steers the optimizer is a constant here.
      let constants = ["beta_1", "beta_2", "decay", "learning_rate"].map { "train/\(name)/\($0)" }
      #expect(graph.variables().map(\.name) == expected.filter { !constants.contains($0) })
    }
  }

  @Test func aSecondOptimizerTakesSlotsOfItsOwn() throws {
    let graph = Graph()
    let w = graph.variable([Float(1), 2], name: "w")
    let loss = reduceSum(square(w.value))
    graph.nameScope("train") {
      AdamOptimizer().minimize(loss)
      AdamOptimizer().minimize(loss)
    }
    #expect(
      graph.variables().map(\.name) == [
        "w", "train/beta1_power", "train/beta2_power", "w/Adam", "w/Adam_1",
        "train/beta1_power_1", "train/beta2_power_1", "w/Adam_2", "w/Adam_3",
      ])
    #expect(graph.collection(.trainOp).map(\.target.name) == ["train/Adam", "train/Adam_1"])
  }

  @Test func mistakesAreNamed() throws {
    let graph = Graph()
    let w = graph.variable([Float(1), 2], name: "w")
    let loss = reduceSum(square(w.value))
    GradientDescentOptimizer(learningRate: 0.1, clipValue: 1, clipNorm: 1).minimize(loss)
    AdagradOptimizer(learningRate: 0.1, initialAccumulatorValue: 0).minimize(loss)
    FtrlOptimizer(learningRate: 0.1, learningRatePower: 1).minimize(loss)
    let messages = graph.errors.map(\.description)
    #expect(messages.count == 3)
    #expect(messages.first?.contains("at most one of clipValue") == true)
    #expect(messages.dropFirst().first?.contains("initialAccumulatorValue must be") == true)
    #expect(messages.last?.contains("learningRatePower must be") == true)
  }

  @Test func ratesFollowSchedulesTensorsAndVariables() throws {
    let graph = Graph()
    let w = graph.variable(Float(0), name: "w")
    let loss = w.value * -1
    let halving = Schedule.exponentialDecay(1, decaySteps: 1, decayRate: 0.5)
    let followed = GradientDescentOptimizer(learningRate: halving).minimize(loss)
    let rate = graph.variable(0.25, name: "rate", trainable: false)
    let varied = GradientDescentOptimizer(learningRate: rate).minimize(loss)
    let fed = graph.placeholder(.float32, [])
    let stated = MomentumOptimizer(learningRate: fed, momentum: halving).minimize(loss)
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    func weight() throws -> Float { try session.value(of: w).scalars(as: Float.self)[0] }
    // 1 + 1/2 + 1/4, since the schedule counts its own steps.
    for _ in 0..<3 { try session.run(followed) }
    #expect(try weight() == 1.75)
    #expect(try session.value(of: graph.globalStep).integers == [3])
    try session.run(varied)
    try session.set(rate, to: TensorValue(Float(2)))
    try session.run(varied)
    #expect(try weight() == 4)
    try session.run(stated, feeding: [fed: 0.5])
    #expect(try weight() == 4.5)
  }
}

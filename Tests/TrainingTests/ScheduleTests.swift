import Dataflow
import Testing

@Suite struct ScheduleTests {
  private static let byName: [String: Schedule] = [
    "exponential": .exponentialDecay(0.1, decaySteps: 30, decayRate: 0.7),
    "exponential-staircase": .exponentialDecay(
      0.1, decaySteps: 30, decayRate: 0.7, staircase: true),
    "natural": .naturalExponentialDecay(0.1, decaySteps: 30, decayRate: 0.7),
    "natural-staircase": .naturalExponentialDecay(
      0.1, decaySteps: 30, decayRate: 0.7, staircase: true),
    "inverse": .inverseTimeDecay(0.1, decaySteps: 30, decayRate: 0.7),
    "inverse-staircase": .inverseTimeDecay(0.1, decaySteps: 30, decayRate: 0.7, staircase: true),
    "piecewise": .piecewiseConstant(
      boundaries: [20, 100, 170], values: [0.1, 0.05, 0.02, 0.3]),
    "polynomial": .polynomialDecay(0.1, decaySteps: 120),
    "polynomial-square": .polynomialDecay(0.1, decaySteps: 120, endLearningRate: 0.01, power: 2),
    "polynomial-cycle": .polynomialDecay(
      0.1, decaySteps: 80, endLearningRate: 0.01, power: 0.5, cycle: true),
    "cosine": .cosineDecay(0.1, decaySteps: 120),
    "cosine-alpha": .cosineDecay(0.1, decaySteps: 120, alpha: 0.2),
    "restarts": .cosineDecayRestarts(0.1, firstDecaySteps: 37),
    "restarts-equal": .cosineDecayRestarts(
      0.1, firstDecaySteps: 37, tMultiplier: 1, mMultiplier: 0.8, alpha: 0.1),
    "restarts-other": .cosineDecayRestarts(
      0.1, firstDecaySteps: 23, tMultiplier: 1.5, mMultiplier: 0.9, alpha: 0.05),
    "linear-cosine": .linearCosineDecay(0.1, decaySteps: 120),
    "linear-cosine-other": .linearCosineDecay(
      0.1, decaySteps: 120, periods: 1.5, alpha: 0.1, beta: 0.01),
    "power": .power(0.1, decaySteps: 40),
    "power-root": .power(0.1, decaySteps: 40, power: 0.5),
    "epochs": .exponentialDecay(0.1, decaySteps: 1, decayRate: 0.9).byEpoch(of: 30),
    "one-cycle": OneCycle(maximumRate: 0.05, steps: 200).rate,
    "one-cycle-momentum": OneCycle(maximumRate: 0.05, steps: 200).momentum,
  ]

  @Test func everyScheduleIsTensorFlows() throws {
    let file = try computedCases("schedules", as: [String: [Double]].self)
    let counts = try #require(file["steps"])
    #expect(counts.count == 50 && file.count == Self.byName.count + 1)
    let graph = Graph()
    let step = graph.placeholder(.int64, [], name: "step")
    let names = Self.byName.keys.sorted()
    let rates = names.compactMap { Self.byName[$0]?(step) }
    let session = try Session(graph)
    var found = [[Double]](repeating: [], count: names.count)
    for count in counts {
      let values = try session.run(rates, feeding: [step: Int64(count)])
      for (place, value) in values.enumerated() { found[place] += value.doubles ?? [] }
    }
    for (name, own) in zip(names, found) {
      // Where 1 + cos x or 1 - x comes to nothing, what is left is float32's rounding of 1.
      let cancels = ["cosine", "restarts", "polynomial"].contains { name.contains($0) }
      expectClose(
        own, try #require(file[name]), name, absolute: cancels ? 1e-8 : 0, relative: 1e-6)
    }
  }

  @Test func boundariesMustFit() throws {
    let graph = Graph()
    _ = Schedule.piecewiseConstant(boundaries: [3, 2], values: [1, 2, 3])(graph.globalStep)
    #expect(graph.errors.first?.description.contains("which must rise") == true)
  }

  @Test func theRateFallsOnAPlateauAsInKeras() throws {
    let file = try computedCases("plateau", as: [String: [Double]].self)
    let graph = Graph()
    let rate = graph.variable(0.1, name: "rate", trainable: false)
    let session = try Session(graph)
    for (name, schedule) in [
      ("default", PlateauSchedule(rate, patience: 2)),
      (
        "cooled", PlateauSchedule(rate, factor: 0.5, patience: 2, cooldown: 2, minimumRate: 0.03)
      ),
    ] {
      try session.set(rate, to: TensorValue(Float(0.1)))
      var schedule = schedule
      var rates: [Double] = []
      for loss in try #require(file["losses"]) {
        try schedule.observe(loss, in: session)
        rates += try session.value(of: rate).doubles ?? []
      }
      expectClose(rates, try #require(file[name]), name, relative: 1e-6)
    }
  }

  @Test func theFinderTriesRatesAndLeavesTheWeights() throws {
    let graph = Graph()
    let w = graph.variable([Float(3), -2], name: "w")
    let loss = reduceSum(square(w.value), name: "loss")
    let train = graph.nameScope("train") {
      MomentumOptimizer(learningRate: 0.1, momentum: 0.5).minimize(loss)
    }
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    let rate = try #require(graph.tensor(named: "train/Momentum/learning_rate:0"))
    let batches = [Feeds](repeating: [:], count: 50)
    let finder = try LearningRateFinder(
      session, train: train, loss: loss, rate: rate, batches: batches, from: 1e-4, to: 100)
    #expect(finder.trials.count > 20 && finder.trials.count < 50)
    #expect(abs(finder.trials[0].rate - 1e-4) < 1e-9 && finder.trials[0].loss == 13)
    let best = try #require(finder.rateOfLeastLoss)
    #expect(best > 0.01 && best < 10)
    let last = try #require(finder.trials.last)
    #expect(last.loss > 30 * (finder.trials.map(\.loss).min() ?? 0))
    #expect(try session.value(of: w).scalars(as: Float.self) == [3, -2])
    let slot = try #require(graph.variables().first { $0.name == "w/Momentum" })
    #expect(try session.value(of: slot).scalars(as: Float.self) == [0, 0])
  }
}

import Dataflow
import Testing

/// Labels, indices and other integers out of range: each case has the verdict of TensorFlow 2.21 on the
/// CPU, a value or an error.
@Suite struct IndexRangeTests {
  struct Case: CustomTestStringConvertible {
    let text: String
    /// What is fed to `i` and `j`, which need not be there.
    let i: [Int32]
    var j: [Int32] = []
    /// The elements of `y`; nil for an error.
    var value: [Double]?
    /// What the error says.
    var says: [String] = []
    var testDescription: String { "\(text) of \(i), \(j)" }
  }

  private static let sparse =
    "%y = SparseSoftmaxCrossEntropyWithLogits(%x, %i) : float32[2], float32[2, 3]"
  private static let matrix = "%axis = Const() {value: int32[] 0} : int32[]\n"

  static let cases: [Case] = [
    Case(text: sparse, i: [1, 7], says: ["index 7", "[1]", "\"i", "\"y"]),
    Case(text: sparse, i: [-1, 0], says: ["index -1", "[0]"]),
    Case(text: sparse, i: [0, 2], value: [2.407606, 0.407606]),
    Case(
      text: "%y = Pow(%i, %j) : int32[2]", i: [2, 1], j: [3, -1], says: ["\"y\"", "negative"]),
    Case(text: "%y = Pow(%i, %j) : int32[2]", i: [2, -3], j: [3, 3], value: [8, -27]),
    Case(text: "%y = InvertPermutation(%i) : int32[3]", i: [0, 0, 1], says: ["twice", "y"]),
    Case(
      text: "%y = InvertPermutation(%i) : int32[3]", i: [0, 3, 1], says: ["index 3", "below 3"]),
    Case(text: "%y = InvertPermutation(%i) : int32[3]", i: [0, -1, 1], says: ["-1"]),
    Case(text: "%y = InvertPermutation(%i) : int32[3]", i: [2, 0, 1], value: [1, 2, 0]),
    Case(
      text: matrix + "%y = GatherV2(%x, %i, %axis) : float32[2, 3]", i: [0, 2], says: ["index 2"]),
    Case(
      text: matrix + "%y = GatherV2(%x, %i, %axis) : float32[1, 3]", i: [-1], says: ["index -1"]),
    Case(
      text: "%k = Reshape(%i, %j) : int32[?, ?]\n%y = GatherNd(%x, %k) : float32[?]",
      i: [0, 3], j: [1, 2], says: ["index 3", "[1]", "below 3"]),
    Case(
      text: "%k = Reshape(%i, %j) : int32[?, ?]\n%y = TensorScatterUpdate(%v, %k, %v) : float32[2]",
      i: [0, 2], j: [2, 1], says: ["index 2"]),
    Case(
      text: "%k = Reshape(%i, %j) : int32[?, ?]\n%y = TensorScatterMin(%v, %k, %v) : float32[2]",
      i: [0, -1], j: [2, 1], says: ["index -1"]),
    Case(text: "%y = SegmentSum(%v, %i) : float32[?]", i: [-1, 0], says: ["negative", "y"]),
    Case(text: "%y = SegmentSum(%v, %i) : float32[?]", i: [1, 0], says: ["sorted"]),
    Case(text: "%y = SegmentMean(%v, %i) : float32[?]", i: [-1, 0], says: ["negative"]),
    Case(text: "%y = SegmentMax(%v, %i) : float32[?]", i: [0, 2], value: [1, 0, 2]),
    Case(text: "%y = SegmentMin(%v, %i) : float32[?]", i: [1, 2], value: [0, 1, 2]),
    Case(text: "%y = SegmentProd(%v, %i) : float32[?]", i: [1, 2], value: [1, 1, 2]),
    Case(
      text: "%n = Const() {value: int32[] 2} : int32[]\n"
        + "%y = UnsortedSegmentSum(%v, %i, %n) : float32[2]", i: [0, 2],
      says: ["index 2", "below 2"]),
    Case(
      text: "%n = Const() {value: int32[] 2} : int32[]\n"
        + "%y = UnsortedSegmentSum(%v, %i, %n) : float32[2]", i: [-3, 1], value: [0, 2]),
    Case(
      text:
        "%d = Const() {value: int32[] 2} : int32[]\n%on = Const() {value: float32[] 1.0} : float32[]\n"
        + "%off = Const() {value: float32[] 0.0} : float32[]\n"
        + "%y = OneHot(%i, %d, %on, %off) : float32[3, 2]", i: [3, -1, 0],
      value: [0, 0, 0, 0, 1, 0]),
    Case(text: "%y = InTopK(%x, %i) {k: 1} : bool[2]", i: [3, -1], value: [0, 0]),
    Case(text: "%y = DynamicStitch(%i, %v) {N: 1} : float32[?]", i: [-1, 0], says: ["negative"]),
    Case(text: "%y = DynamicStitch(%i, %v) {N: 1} : float32[?]", i: [3, 0], value: [2, 0, 0, 1]),
    Case(text: "%y = ReverseV2(%x, %i) : float32[2, 3]", i: [2], says: ["y"]),
    Case(
      text: "%y = ReverseSequence(%x, %i) {seq_dim: 1} : float32[2, 3]", i: [1, 4],
      says: ["index 4", "below 4"]),
    Case(
      text: "%y = ReverseSequence(%x, %i) {seq_dim: 1} : float32[2, 3]", i: [-1, 1],
      says: ["index -1"]),
    Case(text: "%y = ReverseV2(%x, %i) : float32[2, 3]", i: [1, -1], says: ["y"]),
    Case(
      text: "%y = FloorDiv(%i, %j) : int32[2]", i: [4, 5], j: [2, 0],
      says: ["division by zero", "y"]),
    Case(
      text: "%y = FloorMod(%i, %j) : int32[2]", i: [4, 5], j: [2, 0], says: ["division by zero"]),
    Case(
      text: "%y = TruncateDiv(%i, %j) : int32[2]", i: [4, 5], j: [2, 0], says: ["division by zero"]),
    Case(
      text: "%y = TruncateMod(%i, %j) : int32[2]", i: [4, 5], j: [2, 0], says: ["division by zero"]),
    Case(text: "%y = Div(%i, %j) : int32[2]", i: [4, 5], j: [2, 0], says: ["division by zero"]),
  ]

  private static func graph(_ test: Case) throws -> Graph {
    func list(_ numbers: [Int32]) -> String { "int32[\(numbers.count)]" }
    let text = """
      %i = Placeholder() {shape: (\(test.i.count))} : \(list(test.i))
      %j = Placeholder() {shape: (\(test.j.count))} : \(list(test.j))
      %x = Const() {value: float32[2, 3] [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]} : float32[2, 3]
      %v = Const() {value: float32[2] [1.0, 2.0]} : float32[2]
      \(test.text)
      """
    let graph = Graph()
    try GraphText.parse(text, path: "case.graph", into: graph)
    return graph
  }

  @Test(arguments: cases, Session.BackendChoice.allCases)
  func theVerdictIsTensorFlows(_ test: Case, _ backend: Session.BackendChoice) throws {
    let graph = try Self.graph(test)
    let session = try Session(graph, backend: backend)
    func run() throws -> TensorValue {
      try session.run(
        fetching: ["y:0"], feeding: ["i:0": TensorValue(test.i), "j:0": TensorValue(test.j)])[0]
    }
    guard let wanted = test.value else {
      do {
        let found = try run()
        Issue.record("gave \(found)")
      } catch {
        for part in test.says { #expect("\(error)".contains(part), "\(error)") }
      }
      return
    }
    let found = try run()
    let numbers = try #require(found.doubles ?? found.integers.map { $0.map(Double.init) })
    #expect(numbers.count == wanted.count)
    for (a, b) in zip(numbers, wanted) { #expect(abs(a - b) < 1e-5, "\(found)") }
  }

  @Test(arguments: Session.BackendChoice.allCases)
  func aTrainingStepWithABadLabelChangesNothing(_ backend: Session.BackendChoice) throws {
    let graph = Graph()
    let labels = graph.placeholder(.int64, [nil], name: "labels")
    let w = graph.variable(TensorValue(zeros: [4, 3], dtype: .float32), name: "w")
    let x = graph.constant([[1.0, 2, 3, 4], [4, 3, 2, 1]])
    let loss = reduceMean(sparseSoftmaxCrossEntropy(labels: labels, logits: matmul(x, w.value)))
    let train = GradientDescentOptimizer(learningRate: 0.1).minimize(loss)
    let session = try Session(graph, backend: backend)
    try session.run(graph.globalVariablesInitializer())
    #expect(throws: (any Error).self) {
      try session.run(train, feeding: [labels: TensorValue([Int64(0), 3])])
    }
    #expect(try session.value(of: w) == TensorValue(zeros: [4, 3], dtype: .float32))
  }

  @Test func rowsOfVariablesAreChecked() throws {
    for index in [Int32(2), -1] {
      let graph = Graph()
      let v = graph.variable([[1.0, 2, 3], [4, 5, 6]], name: "v")
      let rows = graph.placeholder(.int32, [1], name: "rows")
      let found = embeddingLookup(v, rows)
      let train = MomentumOptimizer(learningRate: 0.1, momentum: 0.9).minimize(reduceSum(found))
      let session = try Session(graph)
      try session.run(graph.globalVariablesInitializer())
      for (fetches, targets) in [([found], []), ([], [train])] {
        let error = #expect(throws: (any Error).self) {
          try session.run(fetches, targets: targets, feeding: [rows: TensorValue([index])])
        }
        #expect("\(error as Any)".contains("index \(index)"), "\(error as Any)")
      }
      #expect(try session.value(of: v).scalars(as: Float.self) == [1, 2, 3, 4, 5, 6])
    }
  }
}

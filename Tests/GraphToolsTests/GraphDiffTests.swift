import Dataflow
import Testing

/// What two graphs mean is compared whatever their nodes are called.
@Suite struct GraphDiffTests {
  /// A net of two like layers that trains and saves.
  private func model() -> Graph {
    let graph = Graph()
    graph.setRandomSeed(1)
    let x = graph.placeholder(.float32, [nil, 4], name: "x")
    let y = graph.placeholder(.float32, [nil, 4], name: "y")
    let hidden = elu(Layers.dense(x, units: 4, name: "hidden"), name: "activation")
    let output = Layers.dense(hidden, units: 4, name: "output")
    let loss = reduceMean(square(output - y), name: "loss")
    MomentumOptimizer(learningRate: 0.1, momentum: 0.9).minimize(loss)
    graph.globalVariablesInitializer()
    _ = Saver(graph)
    return graph
  }

  private func compare(_ old: Graph, _ new: Graph, tolerance: Double = 0) -> GraphDifferences {
    GraphDifferences(from: old, to: new, tolerance: tolerance)
  }

  @Test func aGraphIsTheSameAsItself() {
    let graph = model()
    let differences = compare(graph, graph)
    #expect(differences.isSame && differences.renamed.isEmpty, "\(differences.lines())")
    let again = compare(graph, model())
    #expect(again.isSame && again.renamed.isEmpty, "\(again.lines())")
  }

  @Test func namesAndOrderMeanNothing() throws {
    let graph = model()
    let text = Fixtures.text(graph)
    let renames = [
      ("hidden", "first_layer"), ("output", "last"), ("%x", "%images"), ("Elu", "Elu"),
    ]
    let renamed = try Fixtures.graph(text, renames)
    let differences = compare(graph, renamed)
    #expect(differences.isSame, "\(differences.lines(listsRenames: false))")
    #expect(differences.renamed.contains { $0 == ("x", "images") })
    #expect(differences.renamed.contains { $0 == ("hidden/kernel", "first_layer/kernel") })
    #expect(differences.renamed.allSatisfy { $0.old != $0.new })
    // The nodes, last first: reading a file puts each after what it takes.
    let lines = text.split(separator: "\n")
    let nodes = lines.filter { $0.hasPrefix("%") }.reversed()
    let rest = lines.filter { !$0.hasPrefix("%") }
    let shuffled = try Fixtures.graph((nodes + rest).joined(separator: "\n") + "\n", renames)
    #expect(shuffled.operations.first?.name != "images")
    let both = compare(graph, shuffled)
    #expect(both.isSame, "\(both.lines(listsRenames: false))")
    #expect(both.renamed.count == differences.renamed.count)
  }

  @Test func saversFollowTheNamesOfVariables() {
    func saving(_ first: String, _ second: String, swaps: Bool = false) -> Graph {
      let graph = Graph()
      let a = graph.variable(1.0, name: first)
      let b = graph.variable(Int64(2), name: second, trainable: false)
      _ = identity(a.read(name: "used"))
      if swaps { b.assign(3, name: "set") } else { b.assignAdd(3, name: "set") }
      _ = Saver(graph)
      return graph
    }
    // The saver sorts by name, so that now the other variable comes first.
    let differences = compare(saving("a", "b"), saving("z", "b"))
    #expect(differences.isSame, "\(differences.lines())")
    #expect(!compare(saving("a", "b"), saving("z", "b", swaps: true)).isSame)
    let less = saving("a", "b")
    let more = Graph()
    _ = more.variable(1.0, name: "a")
    _ = Saver(more)
    let lines = compare(less, more).lines()
    #expect(lines.contains { $0.contains("no longer holds the tensor \"b\"") }, "\(lines)")
  }

  @Test func likeNodesUnderSwappedNamesAreKnownByTheirPlace() {
    func chain(_ names: [String]) -> Graph {
      let graph = Graph()
      var tensor = graph.placeholder(.float32, [nil], name: "x")
      for name in names { tensor = tanh(tensor, name: name) }
      return graph
    }
    let differences = compare(chain(["a", "b", "c"]), chain(["a", "c", "b"]))
    #expect(differences.isSame, "\(differences.lines())")
    #expect(differences.renamed.map(\.old).sorted() == ["b", "c"])
  }

  @Test func swappedOperandsAreADifference() {
    func difference(_ swaps: Bool) -> Graph {
      let graph = Graph()
      let a = graph.placeholder(.float32, [nil], name: "a")
      let b = graph.placeholder(.float32, [nil], name: "b")
      _ = identity(swaps ? b - a : a - b, name: "out")
      return graph
    }
    let differences = compare(difference(false), difference(true))
    #expect(differences.changed.count == 1 && differences.changed[0].details.count == 2)
    #expect(differences.lines().contains { $0.contains("input 0 a:0 -> b:0") })
  }

  @Test func eachTamperingIsNamed() throws {
    let text = """
      %x = Placeholder() {shape: (?, 4)} : float32[?, 4]
      %w = Const() {value: float32[4, 4] splat 0.5} : float32[4, 4]
      %product = MatMul(%x, %w) : float32[?, 4]
      %other = Tanh(%product) : float32[?, 4]
      %y = Elu(%other, ^product) : float32[?, 4]
      collection train_op {
        ^y
      }

      """
    let graph = try Fixtures.graph(text)
    let cases: [(String, String, String)] = [
      ("MatMul(%x, %w)", "MatMul(%x, %w) {transpose_b: true}", "transpose_b false -> true"),
      ("splat 0.5", "splat 0.75", "value differs by at most 0.25 in 16 of 16 elements"),
      ("Tanh(%product)", "Tanh(%x)", "input 0 product:0 -> x:0"),
      ("Tanh(%product)", "Sigmoid(%product)", "op Tanh -> Sigmoid"),
      (", ^product", "", "no longer after product"),
      ("  ^y\n", "  ^other\n", "collection train_op no longer holds ^y"),
      ("(?, 4)} : float32[?, 4]\n%w", "(2, 4)} : float32[2, 4]\n%w", "shape (?, 4) -> (2, 4)"),
    ]
    for (old, new, expected) in cases {
      let differences = compare(graph, try Fixtures.graph(text, [(old, new)]))
      #expect(!differences.isSame)
      #expect(differences.lines().contains { $0.contains(expected) }, "\(differences.lines())")
      #expect(differences.added.isEmpty && differences.removed.isEmpty, "\(differences.lines())")
    }
    let stated = try Fixtures.graph(
      text, [("MatMul(%x, %w)", "MatMul(%x, %w) {transpose_b: false, transpose_a: false}")])
    #expect(compare(graph, stated).isSame)
    let near = try Fixtures.graph(text, [("splat 0.5", "splat 0.5001")])
    #expect(compare(graph, near, tolerance: 0.001).isSame && !compare(graph, near).isSame)
  }

  @Test func insertedAndRemovedNodes() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil], name: "x")
    _ = tanh(exp(x, name: "inner"), name: "outer")
    let longer = Graph()
    let other = longer.placeholder(.float32, [nil], name: "x")
    _ = tanh(exp(square(other, name: "extra"), name: "inner"), name: "outer")
    let added = compare(graph, longer)
    #expect(added.added.map(\.name) == ["extra"] && added.removed.isEmpty)
    #expect(added.changed.map(\.node.name) == ["inner"])
    let removed = compare(longer, graph)
    #expect(removed.removed.map(\.name) == ["extra"] && removed.added.isEmpty)
  }

  @Test func functionsAreComparedByWhatTheyDo() throws {
    func calling(_ name: String, _ op: String) throws -> Graph {
      let graph = Graph()
      let x = graph.placeholder(.float32, [2], name: "x")
      var body = NodeDescription(name: "body", op: op)
      body.inputs = [.data("a", 0)]
      graph.add(
        try Function(
          name: name, ops: graph.ops, arguments: [("a", .float32, [2])], nodes: [body],
          outputs: [("body", 0)]))
      graph.add(
        Ops.PartitionedCall.self, [x], name: "call",
        [
          "f": .function(name, [:]), "Tout": .list([.type(.float32)]),
        ])
      return graph
    }
    let graph = try calling("f", "Tanh")
    #expect(compare(graph, try calling("g", "Tanh")).isSame)
    let differences = compare(graph, try calling("f", "Exp"))
    #expect(differences.lines().contains { $0.contains("function f: changed") })
  }

  @Test func tenThousandNodesTakeSeconds() {
    func chain(_ prefix: String, _ last: Double) -> Graph {
      let graph = Graph()
      var tensor = graph.placeholder(.float32, [nil], name: prefix)
      for index in 0..<5000 {
        tensor =
          tensor
          + graph.constant(
            index == 2500 ? last : 1, .float32, name: "\(prefix)/\(index % 7)/c")
      }
      return graph
    }
    let clock = ContinuousClock()
    let start = clock.now
    #expect(compare(chain("a", 1), chain("b", 1)).isSame)
    let differences = compare(chain("a", 1), chain("b", 3))
    #expect(differences.lines(listsRenames: false).count == 1, "\(differences.changed)")
    #expect(clock.now - start < .seconds(20))
  }
}

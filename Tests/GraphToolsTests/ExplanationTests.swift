import Dataflow
import GraphTools
import Testing

/// What a run makes of a node, in words.
@Suite struct ExplanationTests {
  private let graph = Graph()

  @Test func aFoldedNodeNamesItsRuleKernelAndLine() throws {
    let x = graph.placeholder(.float32, [nil, 4], name: "x")
    let line = #line + 1
    let product = matmul(
      x, graph.constant([[Float]](repeating: [1, 2], count: 4)), name: "product")
    let y = relu(product * graph.constant([Float(2), 3]), name: "y")
    let session = try Session(graph)
    let text = try session.explain(
      product.node, fetching: [y], feeding: [x: [[Float]](repeating: [1, 2, 3, 4], count: 2)])
    #expect(text.contains("ExplanationTests.swift:\(line)"), "\(text)")
    #expect(text.contains("by scale-into-weights (rescaling"), "\(text)")
    #expect(text.contains("kernel 1 of 1, contraction[2, 2, 4] + epilogue"), "\(text)")
  }

  @Test func aStoredNodeSaysWhy() throws {
    let x = graph.placeholder(.float32, [3, 3], name: "x")
    let shared = exp(x, name: "shared")
    let other = tanh(shared, name: "other")
    let product = matmul(shared, x, name: "product")
    let session = try Session(graph)
    func explain(_ node: Node, _ fetches: [Tensor]) throws -> String {
      try session.explain(
        node, fetching: fetches, feeding: [x: [[Float]](repeating: [1, 2, 3], count: 3)])
    }
    let read = try explain(shared.node, [product])
    #expect(read.contains("since \"product\" (MatMul) reads it from memory"), "\(read)")
    let fetched = try explain(shared.node, [shared, other])
    #expect(fetched.contains("since it is fetched"), "\(fetched)")
    let absent = try explain(product.node, [other])
    #expect(absent.contains("nothing that is fetched or run needs it"), "\(absent)")
  }

  @Test func branchesAndEqualPartsAreAccountedFor() throws {
    let flag = graph.placeholder(.bool, [], name: "flag")
    let x = graph.placeholder(.float32, [2], name: "x")
    var inside: Node?
    let y = graph.cond(
      flag,
      then: {
        let taken = tanh(x, name: "taken")
        return [taken]
      },
      else: {
        let left = exp(x, name: "left")
        inside = left.node
        return [left]
      })[0]
    let first = sin(x, name: "first")
    let again = sin(x, name: "again")
    let session = try Session(graph)
    let feeds: Feeds = [flag: true, x: [Float(1), 2]]
    let branch = try session.explain(try #require(inside), fetching: [y], feeding: feeds)
    #expect(branch.contains("a branch that is not taken"), "\(branch)")
    let equal = try session.explain(again.node, fetching: [first * again], feeding: feeds)
    #expect(equal.contains("is \"first\" again"), "\(equal)")
  }
}

import Dataflow
import Foundation
import Testing

@Suite struct ClippingTests {
  @Test func clippingIsTensorFlows() throws {
    let url = try #require(
      Bundle.module.url(forResource: "Fixtures/clipping", withExtension: "json"))
    let file = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: [Any]])
    let inputs = try #require(file["inputs"] as? [[Double]])
    let rowValues = try #require(file["rows"] as? [Double])
    let graph = Graph()
    let tensors = try zip(inputs, [[3, 2], [4], [2, 2]] as [Shape]).map {
      graph.constant(try TensorValue.floats($0, $1))
    }
    let slices = GradientValue.slices(
      values: graph.constant(try TensorValue.floats(rowValues, [3, 2])),
      indices: graph.constant([0, 4, 0], .int32), shape: graph.constant([5, 2], .int32))
    func values(_ gradient: GradientValue) throws -> Tensor {
      guard case .slices(let values, _, _) = gradient else {
        throw CaseError(description: "rows became dense")
      }
      return values
    }
    let all: [GradientValue?] = tensors.map { .dense($0) } + [slices, nil]
    let global = clipByGlobalNorm(all, 2)
    #expect(global.clipped[4] == nil)
    let globalNormOfAll = try #require(global.norm)
    let globalRows = try values(try #require(global.clipped[3]))
    let dense = try global.clipped.prefix(3).map { try #require($0).densified }
    let cases: [String: [Tensor]] = [
      "value": [clipByValue(tensors[0], min: -0.5, max: 0.75)],
      "value-rows": [try values(clipByValue(slices, min: -0.5, max: 0.75))],
      "norm": [clipByNorm(tensors[0], 1)],
      "norm-loose": [clipByNorm(tensors[0], 100)],
      "norm-axis": [clipByNorm(tensors[0], 1, axes: [1])],
      "norm-zero": [clipByNorm(graph.constant([0.0, 0.0]), 1)],
      "norm-rows": [try values(clipByNorm(slices, 1))],
      "average": [clipByAverageNorm(tensors[0], 0.1)],
      "global-norm": [try #require(globalNorm(all))],
      "global": dense + [globalRows, globalNormOfAll],
      "global-loose": clipByGlobalNorm(tensors, 1000).clipped,
      "global-given": clipByGlobalNorm(tensors, 2, norm: graph.constant(4.0)).clipped,
    ]
    #expect(cases.count + 2 == file.count)
    let session = try Session(graph)
    for (name, tensors) in cases {
      let expected = try #require(file[name] as? [[Double]], "\(name)")
      let found = try session.run(tensors)
      for (own, other) in zip(found, expected) {
        expectClose(own.doubles ?? [], other, name, absolute: 1e-7, relative: 1e-6)
      }
    }
  }

  @Test func anInfiniteNormShows() throws {
    let graph = Graph()
    let x = graph.constant([1.0, Double.infinity])
    let clipped = clipByGlobalNorm([x, graph.constant([2.0])], 1).clipped
    let session = try Session(graph)
    #expect(try session.run(clipped[1]).doubles?.first?.isNaN == true)
  }

  @Test func gradientsAreClippedBetweenComputingAndApplying() throws {
    let graph = Graph()
    let w = graph.variable([Float(3), 4], name: "w")
    let table = graph.variable([[Float(1)], [2], [3]], name: "table")
    let loss =
      reduceSum(w.value * 6) + reduceSum(embeddingLookup(table, graph.constant([2, 2])) * 8)
    let descent = GradientDescentOptimizer(learningRate: 1)
    var pairs = descent.computeGradients(loss)
    let clipped = clipByGlobalNorm(pairs.map(\.gradient), 1).clipped
    for place in pairs.indices { pairs[place].gradient = clipped[place] }
    let train = descent.applyGradients(pairs, in: graph)
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    try session.run(train)
    // The gradients 6, 6 and twice 8 have the norm √200.
    let unit = 200.0.squareRoot()
    expectClose(
      try session.value(of: w).doubles ?? [], [3 - 6 / unit, 4 - 6 / unit], "w", absolute: 1e-6)
    expectClose(
      try session.value(of: table).doubles ?? [], [1, 2, 3 - 16 / unit], "table", absolute: 1e-6)
  }

  private struct CaseError: Error, CustomStringConvertible { let description: String }
}

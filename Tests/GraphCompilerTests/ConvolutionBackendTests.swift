import Dataflow
import Testing

/// Convolutions and their gradients on machine code and on the CPU backend: on whole numbers every sum
/// is exact, whatever its order.
@Suite struct ConvolutionBackendTests {
  private func whole(_ shape: [Int], seed: Int, _ dtype: DType) throws -> TensorValue {
    let shape = Shape(shape)
    let numbers = (0..<shape.count).map { Double(($0 &* 7919 &+ seed &* 104_729) % 11 - 5) }
    return try TensorValue(converting: numbers, to: dtype, shape: shape)
  }

  @Test(arguments: ImageLayer.allCases, [DType.float32, .float64])
  func bothBackendsGiveTheSame(_ layer: ImageLayer, _ dtype: DType) throws {
    let graph = Graph()
    let x = graph.placeholder(dtype, PartialShape(layer.input))
    let filter = graph.variable(try whole(layer.filter, seed: 2, dtype), name: "filter")
    let bias = graph.variable(try whole([layer.channels], seed: 3, dtype), name: "bias")
    let z = layer(x, filter.value)
    let y = biasAdd(z, bias.value, dataFormat: layer.format)
    let slope = relu(y) * 2
    let slopes = gradients(of: reduceSum(square(y) * 0.5), withRespectTo: [x, filter, bias])
    let found = slopes.compactMap { $0 }
    #expect(found.count == 3)
    // The filter's gradient ends in the filter itself; halves of whole numbers are exact too.
    let steps = [filter.assignSub(found[1] * 0.5), bias.assignSub(found[2] * 0.5)]
    let images = try whole(layer.input, seed: 1, dtype)
    var results: [[TensorValue]] = []
    for (backend, threads) in [(Session.BackendChoice.cpu, 1), (.llvm, 1), (.llvm, 2), (.llvm, 8)] {
      let session = try Session(graph, backend: backend, threads: threads, contracts: [.exact])
      try session.run(graph.globalVariablesInitializer())
      var values: [TensorValue] = []
      for fetches in [[z], [slope], found, [found[0] + x]] {
        values += try session.run(fetches, feeding: [x: images])
      }
      try session.run(steps, feeding: [x: images])
      values += try [filter, bias].map { try session.value(of: $0) }
      results.append(values)
    }
    for (number, result) in results.dropFirst().enumerated() {
      for (index, (a, b)) in zip(result, results[0]).enumerated() {
        #expect(RuleCheck.isSame(a, b), "\(layer) \(dtype): value \(index) of session \(number)")
      }
    }
  }

  /// Whatever backend has a convolution's kernel, what follows has the bits that it has alone.
  @Test(arguments: ImageLayer.allCases) func fusedActivationsAreRoundedAsAlone(_ layer: ImageLayer)
    throws
  {
    let graph = Graph()
    let x = graph.placeholder(.float32, PartialShape(layer.input))
    let filter = graph.variable(try whole(layer.filter, seed: 2, .float32), name: "filter")
    let z = layer(x, filter.value)
    let slopes = gradients(of: reduceSum(z * 0.1), withRespectTo: [x, filter]).compactMap { $0 }
    let fetches = ([z] + slopes).map { elu($0 * 0.3) }
    let images = try whole(layer.input, seed: 1, .float32)
    func values(optimizes: Bool) throws -> [TensorValue] {
      let session = try Session(graph, contracts: [.exact], optimizes: optimizes)
      try session.run(graph.globalVariablesInitializer())
      return try session.run(fetches, feeding: [x: images])
    }
    for (a, b) in zip(try values(optimizes: true), try values(optimizes: false)) {
      #expect(RuleCheck.isSame(a, b), "\(layer)")
    }
  }
}

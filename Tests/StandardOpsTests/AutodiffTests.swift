import Autodiff
import GraphCore
import StandardOps
import TensorCore
import Testing

/// The structure of gradient graphs; their numbers are checked where graphs run.
@Suite struct AutodiffTests {
  let graph = Graph()

  private func variable(_ shape: PartialShape) -> (handle: Tensor, read: () -> Tensor) {
    let handle = graph.add(
      Ops.VarHandleOp.self, [], name: "w", ["dtype": .type(.float32), "shape": .shape(shape)]
    ).output(0)
    return (
      handle,
      {
        graph.add(Ops.ReadVariableOp.self, [handle], ["dtype": .type(.float32)]).output(0)
      }
    )
  }

  @Test func contributionsAreSummedOnce() throws {
    let x = graph.placeholder(.float32, [3], name: "x")
    let y = exp(x) + x * x
    let dx = try #require(gradients(of: y, withRespectTo: [x])[0])
    #expect(dx.node.op == "AddN")
    #expect(dx.node.name == "gradients/AddN")
    #expect(dx.node.inputs.count == 3)
    #expect(dx.shape == [3])
    #expect(graph.operations.filter { $0.op == "AddN" }.count == 1)
  }

  @Test func namesAreTensorFlows() throws {
    let x = graph.placeholder(.float32, [2, 2], name: "x")
    let y = graph.nameScope("loss") { reduceMean(square(x)) }
    let dx = try #require(gradients(of: y, withRespectTo: [x])[0])
    #expect(dx.node.name.hasPrefix("gradients/loss/Square_grad/"))
    #expect(graph.operation(named: "gradients/grad_ys_0") != nil)
    #expect(graph.operation(named: "gradients/Fill") != nil)
    let again = try #require(gradients(of: y, withRespectTo: [x])[0])
    #expect(again.node.name.hasPrefix("gradients_1/"))
    #expect(again.node.site?.file.hasSuffix("AutodiffTests.swift") == true)
  }

  @Test func everyReadOfAVariableCounts() throws {
    let (handle, read) = variable([3])
    let y = reduceSum(read() * read())
    let gradient = try #require(gradients(of: y, withRespectTo: [handle])[0])
    #expect(gradient.node.op == "AddN")
    #expect(gradient.dtype == .float32)
  }

  @Test func broadcastOperandsGetTheirOwnShape() {
    let (x, b) = (graph.placeholder(.float32, [nil, 3]), graph.placeholder(.float32, [3]))
    let results = gradients(of: x * b, withRespectTo: [x, b])
    #expect(results.map { $0?.shape } == [[nil, 3], [3]])
    #expect(gradients(of: x, withRespectTo: [x, b])[1] == nil)
  }

  @Test func everyOpOfOneArgumentHasAGradientOrAReason() {
    for name in OpSet.standard.names {
      guard let op = OpSet.standard[name] as? any UnaryOp.Type else { continue }
      let graph = Graph()
      let x = graph.placeholder(.float32, [nil, 3])
      let y = graph.add(op, [x]).output(0)
      let first = gradients(of: y, withRespectTo: [x])[0]
      #expect(first != nil || explainMissingGradient(of: y, withRespectTo: x) != nil, "\(name)")
      if let first {
        #expect(first.shape.isCompatible(with: [nil, 3]))
        _ = gradients(of: first, withRespectTo: [x])
      }
      #expect(graph.errors.isEmpty, "\(name): \(graph.errors)")
    }
  }

  @Test func everyBinaryOpDifferentiates() {
    for name in OpSet.standard.names {
      guard let op = OpSet.standard[name] as? any BinaryOp.Type else { continue }
      let graph = Graph()
      let x = graph.placeholder(.float32, [nil, 3])
      let y = graph.placeholder(.float32, [3])
      let z = graph.add(op, [x, y]).output(0)
      let results = gradients(of: z, withRespectTo: [x, y])
      #expect(results[1].map { $0.shape } ?? [3] == [3], "\(name)")
      _ = gradients(of: results.compactMap { $0 } + [z], withRespectTo: [x, y])
      #expect(graph.errors.isEmpty, "\(name): \(graph.errors)")
    }
  }

  @Test func reductionsAndLossesDifferentiate() {
    let x = graph.placeholder(.float32, [nil, 3], name: "x")
    let labels = graph.placeholder(.int64, [nil], name: "labels")
    let ys = [
      reduceMax(x, axes: [1]), reduceMin(x), reduceProd(x, axes: [0]), l2Loss(x),
      reduceLogSumExp(x, axes: [1]), moments(x, axes: [0]).variance, softmax(x), logSoftmax(x),
      sparseSoftmaxCrossEntropy(labels: labels, logits: x),
      softmaxCrossEntropy(labels: stopGradient(x), logits: x),
      sigmoidCrossEntropy(labels: x, logits: x), clip(x, min: 0, max: 1),
      matmul(expandDimensions(x, axis: 0), x, transposeB: true),
    ]
    for y in ys {
      let dx = gradients(of: y, withRespectTo: [x])[0]
      #expect(dx?.shape.isCompatible(with: [nil, 3]) == true, "\(y)")
      if let dx { _ = gradients(of: dx, withRespectTo: [x]) }
    }
    #expect(graph.errors.isEmpty, "\(graph.errors)")
  }

  @Test func longChainsNeedNoDeepStack() throws {
    let x = graph.placeholder(.float32, [1])
    var y = x
    for _ in 0..<10_000 { y = y.apply(Ops.Tanh.self) }
    let dx = try #require(gradients(of: y, withRespectTo: [x])[0])
    #expect(graph.count == 20_004)
    #expect(dx.node.op == "TanhGrad")
  }

  @Test func stoppedTensorsAreConstants() throws {
    let x = graph.placeholder(.float32, [1], name: "x")
    let h = exp(x)
    let y = h * x
    let dx = try #require(gradients(of: [y], withRespectTo: [x], stopGradients: [h])[0])
    #expect(dx.node.op == "Mul")
    #expect(gradients(of: [y], withRespectTo: [h], stopGradients: [h])[0] != nil)
  }

  @Test func missingGradientsAreExplained() throws {
    let x = graph.placeholder(.float32, [nil, 3], name: "x")
    let other = graph.placeholder(.float32, [nil], name: "other")
    let prediction = argMax(x, axis: 1, name: "prediction")
    let y = cast(prediction, .float32) + stopGradient(reduceSum(x, axes: [1]), name: "frozen")
    #expect(gradients(of: y, withRespectTo: [x])[0] == nil)
    let count = graph.count
    let message = try #require(explainMissingGradient(of: y, withRespectTo: x))
    #expect(message.contains("every path from x to y is cut"))
    #expect(message.contains("Cast \"Cast\""))
    #expect(message.contains("StopGradient \"frozen\""))
    #expect(message.contains("AutodiffTests.swift"))
    let unrelated = try #require(explainMissingGradient(of: y, withRespectTo: other))
    #expect(unrelated.contains("no path leads from x to y"))
    #expect(explainMissingGradient(of: x * 2, withRespectTo: x) == nil)
    #expect(graph.count == count + 2)
  }

  @Test func mistakesAreRecorded() {
    let x = graph.placeholder(.int32, [3], name: "x")
    #expect(gradients(of: x * x, withRespectTo: [x])[0] == nil)
    #expect(graph.errors.last?.message.contains("only floating-point") == true)
    let y = graph.placeholder(.float32, [3])
    _ = gradients(of: exp(y), withRespectTo: [y], upstream: graph.constant([1.0, 2.0]))
    #expect(graph.errors.last?.message.contains("upstream") == true)
    #expect(graph.errors.allSatisfy { $0.site != nil })
  }
}

import GraphCore
import StandardOps
import TensorCore
import Testing

/// What is known of shapes while a graph is built, and what is said when they do not fit.
@Suite struct ShapeTests {
  let graph = Graph()

  private func placeholder(_ shape: PartialShape, _ dtype: DType = .float32) -> Tensor {
    graph.placeholder(dtype, shape)
  }

  @Test func elementwise() {
    let a = placeholder([nil, 3])
    #expect((a + placeholder([3])).shape == [nil, 3])
    #expect((a .> placeholder([5, 1])).shape == [5, 3])
    #expect((a .> 2).dtype == .bool)
    #expect(select(placeholder([5, 1], .bool), a, placeholder([])).shape == [5, 3])
    #expect(addN([a, placeholder([4, nil])]).shape == [4, 3])
    #expect(clip(a, min: 0, max: 1).shape == [nil, 3])
    #expect(graph.errors.isEmpty)
    _ = addN([a, placeholder([4])])
    _ = a * placeholder([4])
    _ = clip(placeholder([2, 3]), min: placeholder([3]), max: placeholder([]))
    #expect(graph.errors.count == 3)
  }

  /// Numbers from strangers' files are multiplied with bounds, and believed only as far as shapes go.
  @Test func numbersBeyondAllSizes() {
    let empty = placeholder([0])
    #expect(reshape(empty, to: [-1, 0, 3]).shape == [0, 0, 3])
    #expect(reshape(placeholder([4]), to: placeholder([1 << 40], .int32)).shape == .unknown)
    #expect(graph.errors.isEmpty)
    let huge = 1 << 31 - 1
    _ = reshape(empty, to: graph.constant([-1, 0, huge, huge, huge], .int64))
    #expect(graph.errors.last?.message.contains("too many elements") == true)
    _ = graph.add(
      Ops.ScatterNd.self,
      [placeholder([1, 1], .int32), placeholder([1]), graph.constant([-5], .int32)])
    #expect(graph.errors.last?.message.contains("must not be negative, found -5") == true)
    _ = tile(placeholder([2]), graph.constant([1 << 62], .int64))
    _ = transpose(placeholder([2, 3])).apply(Ops.Transpose.self, [placeholder([1, 2], .int32)])
    #expect(graph.errors.last?.message == "perm must be a vector, found shape [1, 2]")
    #expect(graph.errors.count == 4)
  }

  @Test func selectOfRows() {
    let rows = placeholder([nil, 3])
    func chosen(_ condition: PartialShape) -> PartialShape {
      graph.add(Ops.Select.self, [placeholder(condition, .bool), rows, rows]).output(0).shape
    }
    #expect(chosen([]) == [nil, 3])
    #expect(chosen([7]) == [nil, 3])
    #expect(chosen([7, 3]) == [7, 3])
    #expect(graph.errors.isEmpty)
    _ = chosen([7, 2])
    #expect(graph.errors.count == 1)
  }

  @Test func reductions() {
    let x = placeholder([nil, 3, 4])
    #expect(reduceMax(x).shape == [])
    #expect(reduceProd(x, axes: [-1], keepDimensions: true).shape == [nil, 3, 1])
    #expect(argMax(x, axis: 1).shape == [nil, 4])
    #expect(argMin(x, axis: -1, outputType: .int32).dtype == .int32)
    #expect(reduceLogSumExp(x, axes: [0, 2]).shape == [3])
    #expect(moments(x, axes: [0]).variance.shape == [3, 4])
    #expect(reduceAll(x .> 0, axes: [2]).shape == [nil, 3])
    #expect(graph.errors.isEmpty)
    _ = argMax(x, axis: 3)
    _ = argMax(placeholder([0]))
    #expect(graph.errors.count == 2)
  }

  @Test func losses() {
    let (labels, logits) = (placeholder([nil], .int64), placeholder([32, 10]))
    #expect(sparseSoftmaxCrossEntropy(labels: labels, logits: logits).shape == [32])
    #expect(softmaxCrossEntropy(labels: placeholder([1, 10]), logits: logits).shape == [32])
    let images = placeholder([nil, 8, 8, 5])
    #expect(softmaxCrossEntropy(labels: images, logits: images).shape == [nil, 8, 8])
    let classes = placeholder([nil, 8, 8], .int32)
    #expect(sparseSoftmaxCrossEntropy(labels: classes, logits: images).shape.rank == 3)
    #expect(inTopK(logits, labels, k: 1).shape == [32])
    #expect(sigmoidCrossEntropy(labels: logits, logits: logits).shape == [32, 10])
    #expect(softmax(images).shape == images.shape)
    let unknown = placeholder(.unknown)
    #expect(softmaxCrossEntropy(labels: images, logits: unknown).dtype == .float32)
    #expect(graph.errors.isEmpty)
    _ = softmax(placeholder([]))
    _ = inTopK(logits, placeholder([31], .int64), k: 1)
    #expect(graph.errors.count == 2)
  }

  @Test func matrices() {
    let (a, b) = (placeholder([nil, 2, 3]), placeholder([3, 4]))
    #expect(matmul(a, b).shape == [nil, 2, 4])
    #expect(matmul(a, b).node.op == "BatchMatMulV2")
    #expect(matmul(b, b, transposeA: true).node.op == "MatMul")
    #expect(matmul(a, placeholder([5, 1, 4, 3]), transposeB: true).shape == [5, nil, 2, 4])
    #expect(graph.errors.isEmpty)
    _ = matmul(a, placeholder([4, 5]))
    #expect(graph.errors[0].message.contains("inner sizes"))
  }
}

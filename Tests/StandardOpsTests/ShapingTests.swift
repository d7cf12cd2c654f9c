import GraphCore
import StandardOps
import TensorCore
import Testing

/// Where the elements of shaping ops come from; expected numbers are TensorFlow's.
@Suite struct ShapingTests {
  let graph = Graph()

  private func iota(_ shape: Shape) -> Tensor {
    graph.constant((0..<shape.count).map { Float($0) }, shape: shape)
  }

  @Test func axesMove() {
    let x = iota([2, 3])
    #expect(Moved(transpose(x)) == Moved([0, 3, 1, 4, 2, 5], [3, 2]))
    let y = transpose(iota([2, 3, 2]), permutation: [1, 2, 0])
    #expect(Moved(y).numbers == [0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11])
    #expect(Moved(reverse(x, axes: [-1])).numbers == [2, 1, 0, 5, 4, 3])
    #expect(squeeze(iota([1, 3, 1]), axes: [0]).shape == [3, 1])
    #expect(squeeze(iota([1, 3, 1])).shape == [3])
    #expect(squeeze(graph.placeholder(.float32, [nil, 1])).shape == .unknown)
    #expect(graph.errors.isEmpty)
    _ = squeeze(x, axes: [1])
    _ = transpose(x, permutation: [0, 0])
    #expect(graph.errors.count == 2)
  }

  @Test func tensorsJoinAndPart() {
    let (x, y) = (iota([2, 2]), iota([2, 1]))
    #expect(Moved(concat([x, y], axis: -1)) == Moved([0, 1, 0, 2, 3, 1], [2, 3]))
    #expect(Moved(stack([x, x], axis: 1)).numbers == [0, 1, 0, 1, 2, 3, 2, 3])
    #expect(
      unstack(iota([2, 3]), axis: 1).map { Moved($0).numbers } == [[0, 3], [1, 4], [2, 5]])
    #expect(
      split(iota([2, 4]), into: 2, axis: 1).map { Moved($0).numbers }
        == [[0, 1, 4, 5], [2, 3, 6, 7]])
    #expect(split(iota([5]), sizes: [1, -1]).map { Moved($0).numbers } == [[0], [1, 2, 3, 4]])
    #expect(graph.errors.isEmpty)
    _ = concat([x, y], axis: 0)
    _ = stack([x, y])
    _ = split(x, into: 3)
    _ = unstack(graph.placeholder(.float32))
    #expect(graph.errors.count == 4)
    #expect(graph.errors.allSatisfy { $0.site?.file.hasSuffix("ShapingTests.swift") == true })
  }

  @Test func boxesAreCutAndFilled() {
    let x = iota([2, 3])
    #expect(Moved(slice(x, begin: [1, 0], size: [1, -1])).numbers == [3, 4, 5])
    #expect(
      Moved(pad(x, [[0, 1], [1, 0]], constant: 9))
        == Moved([9, 0, 1, 2, 9, 3, 4, 5, 9, 9, 9, 9], [3, 4]))
    #expect(Moved(pad(iota([]), [])) == Moved([0], []))
    #expect(
      Moved(tile(iota([2, 2]), [2, 2])).numbers == [
        0, 1, 0, 1, 2, 3, 2, 3, 0, 1, 0, 1, 2, 3, 2, 3,
      ])
    #expect(oneHot(graph.placeholder(.int64, [nil, 2]), depth: 5, axis: 1).shape == [nil, 5, 2])
    #expect(graph.zeros([40, 50]).node.op == "Fill")
    #expect(graph.ones([2], dtype: .int32).constantValue?.integers == [1, 1])
    #expect(graph.errors.isEmpty)
    _ = slice(x, begin: [0, 1], size: [2, 3])
    _ = pad(x, [[0, 1]])
    #expect(graph.errors.count == 2)
  }

  @Test func shapeArithmeticIsKnownAtBuildTime() {
    let x = graph.placeholder(.float32, [nil, 28, 28], name: "x")
    let dims = shape(of: x)
    let rows = dims[0]
    #expect(rows.shape == .scalar)
    let flat = reshape(x, to: stack([rows, graph.constant(784)]))
    #expect(flat.shape == [nil, 784])
    let again = reshape(flat, to: concat([dims[..<1], graph.constant([28, 28])], axis: 0))
    #expect(again.shape == [nil, 28, 28])
    #expect(reshape(x, to: stack([rows, graph.constant(-1)])).shape == [nil, nil])
    let parts = unstack(shape(of: iota([4, 6])))
    #expect(parts.map { $0.partialValue?.known } == [[4], [6]])
    #expect(graph.errors.isEmpty)
  }
}

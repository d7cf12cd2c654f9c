import Foundation
import GraphCore
import StandardOps
import TensorCore
import Testing

/// Strided slices of 0 … 59 as [3, 4, 5], and their gradients, against what TensorFlow 2.21 gave.
@Suite struct StridedSliceTests {
  private struct Case {
    let begin: [Int], end: [Int], strides: [Int], masks: [Int]
    /// Nil where TensorFlow refuses.
    let shape: [Int]?
    let numbers: [Int], gradient: [Int]

    init(_ line: Substring) {
      let fields = line.split(separator: "|", omittingEmptySubsequences: false)
      func integers(_ field: Int) -> [Int] {
        fields[field].split(separator: " ").compactMap { Int($0) }
      }
      (begin, end, strides, masks) = (integers(0), integers(1), integers(2), integers(3))
      shape = fields[4] == "error" ? nil : integers(4)
      (numbers, gradient) = (integers(5), integers(6))
    }
  }

  @Test func allMasksMeanWhatTensorFlowMeans() throws {
    let file = try #require(
      Bundle.module.url(
        forResource: "strided-slices", withExtension: "txt", subdirectory: "Fixtures"))
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 75)
    let names = [
      "begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask",
    ]
    for line in lines {
      let expected = Case(line)
      let graph = Graph()
      let x = graph.constant((0..<60).map { Float($0) }, shape: [3, 4, 5])
      let bounds = [expected.begin, expected.end, expected.strides].map {
        graph.constant($0, .int32)
      }
      let masks = Dictionary(
        uniqueKeysWithValues: zip(names, expected.masks.map { Attribute.int($0) }))
      let y = graph.add(Ops.StridedSlice.self, [x] + bounds, masks).output(0)
      guard let shape = expected.shape else {
        #expect(graph.errors.count == 1, "\(line)")
        continue
      }
      try #require(graph.errors.isEmpty, "\(line): \(graph.errors)")
      #expect(Moved(y) == Moved(expected.numbers.map(Double.init), Shape(shape)), "\(line)")
      let count = expected.numbers.count
      let dy = graph.constant((0..<count).map { Float($0 + 1) }, shape: Shape(shape))
      let dx = graph.add(
        Ops.StridedSliceGrad.self, [graph.constant([3, 4, 5])] + bounds + [dy], masks
      ).output(0)
      #expect(Moved(dx) == Moved(expected.gradient.map(Double.init), [3, 4, 5]), "\(line)")
    }
  }

  @Test func subscriptsReadLikePythons() {
    let graph = Graph()
    let x = graph.constant((0..<60).map { Float($0) }, shape: [3, 4, 5])
    #expect(x[0].shape == [4, 5])
    #expect(x[-1, 1..<3].shape == [2, 5])
    #expect(x[.ellipsis, .newAxis, ..<(-1)].shape == [3, 4, 1, 4])
    #expect(x[.all, 1...2, 3...].shape == [3, 2, 2])
    #expect(Moved(x[0, 0, .stride(by: -2)]).numbers == [4, 2, 0])
    #expect(Moved(x[2, 3, -2...(-1)]).numbers == [58, 59])
    let i = graph.placeholder(.int32, [], name: "i")
    #expect(x[i].shape == [4, 5])
    #expect(x[i].node.input(1).node.op == "Pack")
    #expect(graph.operations[4].name == "strided_slice")
    #expect(graph.errors.isEmpty)
    _ = x[3]
    _ = x[0, 0, 0, 0]
    #expect(graph.errors.count == 2)
    #expect(graph.errors[0].message == "index 3 is out of range for axis 0 of size 3")
  }
}

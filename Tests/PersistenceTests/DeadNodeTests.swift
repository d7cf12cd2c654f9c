import Dataflow
import Foundation
import Testing

/// Nodes that TensorFlow refuses only when it runs them: where none runs, as in the untaken branch of a
/// conditional, the graph loads and runs here too; where one runs, one error says why it cannot.
@Suite struct DeadNodeTests {
  private static func vector(_ name: String, _ numbers: [Int]) -> String {
    """
    node { name: "\(name)" op: "Const" attr { key: "dtype" value { type: DT_INT32 } }
           attr { key: "value" value { tensor { dtype: DT_INT32
             tensor_shape { dim { size: \(numbers.count) } }
             \(numbers.map { "int_val: \($0)" }.joined(separator: " ")) } } } }

    """
  }

  private static func type(_ name: String, _ type: String = "DT_INT32") -> String {
    "attr { key: \"\(name)\" value { type: \(type) } } "
  }

  private static func node(_ op: String, _ inputs: [String], _ attributes: String) -> String {
    let inputs = inputs.map { "input: \"\($0)\"" }.joined(separator: " ")
    let own = type("T", "DT_FLOAT") + attributes
    return "node { name: \"wrong\" op: \"\(op)\" \(inputs) \(own) }\n"
  }

  private static let wrong: [(node: String, message: String)] = [
    (
      vector("a", [0, 2]) + vector("b", [-1, 2]) + node("Slice", ["x", "a", "b"], type("Index")),
      "2 elements from 2 reach beyond axis 1 of [2, 3]"
    ),
    (
      vector("a", [0, -1]) + vector("b", [-1, 1]) + node("Slice", ["x", "a", "b"], type("Index")),
      "begin -1 is outside axis 1"
    ),
    (
      vector("a", [2, -1]) + node("Tile", ["x", "a"], type("Tmultiples")),
      "multiples must not be negative"
    ),
    (
      vector("a", [0, 0]) + node("Transpose", ["x", "a"], type("Tperm")),
      "[0, 0] is not a permutation of [0, 1]"
    ),
    (
      vector("a", [1, 1]) + node("Sum", ["x", "a"], type("Tidx")),
      "axis 1 is named twice"
    ),
    (
      vector("a", [7]).replacing("dim { size: 1 }", with: "")
        + node("Cumsum", ["x", "a"], type("Tidx")),
      "axis 7 is out of range for rank 2"
    ),
    (
      vector("a", [1, 0]) + node("SegmentSum", ["x", "a"], type("Tindices")),
      "segment numbers must be sorted, found [1, 0]"
    ),
    (
      vector("a", [5, 0, 0, 0]).replacing("size: 4", with: "size: 2 } dim { size: 2")
        + node(
          "MirrorPad", ["x", "a"],
          type("Tpaddings") + "attr { key: \"mode\" value { s: \"REFLECT\" } }"),
      "paddings of 5 and 0 are too many to mirror axis 0"
    ),
  ]

  @Test(arguments: wrong.indices) func aNodeThatIsWrongOnlyWhenItRunsIsRefusedThen(_ number: Int)
    throws
  {
    let text = """
      node { name: "x" op: "Placeholder" \(Self.type("dtype", "DT_FLOAT"))
             attr { key: "shape" value { shape { dim { size: 2 } dim { size: 3 } } } } }
      node { name: "y" op: "Neg" input: "x" \(Self.type("T", "DT_FLOAT")) }
      node { name: "z" op: "Identity" input: "wrong" \(Self.type("T", "DT_FLOAT")) }

      """
    let url = FileManager.default.temporaryDirectory.appending(path: "dead-\(UUID()).pbtxt")
    defer { try? FileManager.default.removeItem(at: url) }
    try (text + Self.wrong[number].node).write(to: url, atomically: true, encoding: .utf8)
    let session = try Session(try GraphFile.read(url.path))
    let x = try TensorValue([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
    let y = try session.run(fetching: ["y:0"], feeding: ["x:0": x])[0]
    #expect(y.doubles == [-1, -2, -3, -4, -5, -6])
    let error = #expect(throws: (any Error).self) {
      try session.run(fetching: ["z:0"], feeding: ["x:0": x])
    }
    #expect("\(error!)".contains(Self.wrong[number].message), "\(error!)")
  }
}

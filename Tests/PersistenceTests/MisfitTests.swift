import Dataflow
import Foundation
import Testing

/// Files whose parts do not fit one another: one error that names the place, from reading or running.
@Suite struct MisfitTests {
  private struct Misfit: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let nodes: String
    var library = ""
    let message: String
  }

  /// A function that takes and gives a float.
  private static let relu = """
    function {
      signature { name: "f" input_arg { name: "a" type: DT_FLOAT }
        output_arg { name: "b" type: DT_FLOAT } }
      node_def { name: "n" op: "Relu" input: "a" attr { key: "T" value { type: DT_FLOAT } } }
      ret { key: "b" value: "n:activations:0" }
    }
    """

  private static let misfits: [Misfit] = [
    .init(
      testDescription: "an argument of another type",
      nodes: """
        %x = Const() {value: int32[] -1} : int32[]
        %y = PartitionedCall(%x) {Tin: [int32], Tout: [float32], f: @f} : float32
        """, library: relu, message: "the function @f, which takes a of float32, found int32"),
    .init(
      testDescription: "an input of another type than stated",
      nodes: """
        %x = Const() {value: int32[] -1} : int32[]
        %y = PartitionedCall(%x) {Tin: [float32], Tout: [float32], f: @f} : float32
        """, library: relu, message: "args 0 must be float32, found int32"),
    .init(
      testDescription: "a result of another type",
      nodes: """
        %x = Const() {value: float32[] -1} : float32[]
        %y = PartitionedCall(%x) {Tin: [float32], Tout: [int32], f: @f} : int32
        """, library: relu, message: "which gives [float32], the node states [int32]"),
    .init(
      testDescription: "a constant of another type than stated",
      nodes: """
        %y = Const() {value: bfloat16[] 0x0000, dtype: int32} : int32[]
        """, message: "the value is bfloat16, the node states int32"),
    .init(
      testDescription: "an update of what is no variable",
      nodes: """
        %v = VariableV2() {shape: (2, 2)} : float32[2, 2]
        %i = Const() {value: int32[1] [0]} : int32[1]
        %u = Const() {value: float32[1, 2] [[1, 2]]} : float32[1, 2]
        %y = ScatterSub(%u, %i, %v) : float32[1, 2]
        """, message: "ScatterSub of what is no variable"),
    .init(
      testDescription: "a slot of no known shape",
      nodes: """
        %w = VarHandleOp() {dtype: float32, shape: (2), shared_name: "w"} : resource[]
        %m = VarHandleOp() {dtype: float32, shape: (...), shared_name: "m"} : resource[]
        %r = Const() {value: float32[] 0.1} : float32[]
        %d = Const() {value: float32[2] [1, 2]} : float32[2]
        %a = AssignVariableOp(%w, %d)
        %b = AssignVariableOp(%m, %d)
        %s = ResourceApplyMomentum(%w, %m, %r, %d, %r)
        %y = Identity(%r, ^a, ^b, ^s) : float32[]
        """, message: "its shape depends on data"),
    .init(
      testDescription: "a next round of no loop",
      nodes: """
        %c = Const() {value: float32[] 1} : float32[]
        %start = Identity(%c) : float32[]
        %m = Merge(%start, %next) : float32[], int32[]
        %one = AddV2(%m, %c) : float32[]
        %next = NextIteration(%one) : float32[]
        %y = Identity(%m) : float32[]
        """, message: "takes \"next\", which follows it, but is in no loop"),
    .init(
      testDescription: "a next round taken by another op than Merge",
      nodes: """
        %c = Const() {value: float32[] 1} : float32[]
        %m = Concat(%next, %c) : float32
        %one = AddV2(%m, %c) : float32
        %next = NextIteration(%one) : float32
        %y = Identity(%m) : float32
        """, message: "is part of a cycle"),
  ]

  @Test(arguments: misfits)
  private func isOneError(_ misfit: Misfit) throws {
    let path = NSTemporaryDirectory() + "/misfit-\(UUID().uuidString).graph"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let library = misfit.library.split(separator: "\n").map { "    " + $0 }
      .joined(separator: "\n")
    try (misfit.nodes + "\nfile {\n  graph_def {\n  library {\n\(library)\n  }\n  }\n}\n")
      .write(toFile: path, atomically: true, encoding: .utf8)
    let error = #expect(throws: (any Error).self) {
      _ = try Session(GraphFile.read(path), backend: .cpu).run(fetching: ["y:0"])
    }
    #expect("\(try #require(error))".contains(misfit.message))
  }
}

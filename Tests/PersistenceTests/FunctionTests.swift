import Dataflow
import Foundation
import Testing

@Suite struct FunctionTests {
  /// A loop that TensorFlow wrote, differentiated here: the functions that its gradient is made of go
  /// into the file, and work when they come from there.
  @Test func gradientsOfLoopsSurviveFiles() throws {
    let text = """
      %x = Placeholder() {shape: (2)} : float32[2]
      %n = Const() {value: int32[] 3} : int32[]
      %zero = Const() {value: int32[] 0} : int32[]
      %loop = StatelessWhile(%zero, %n, %x) {body: @body, cond: @cond} : int32, int32, float32
      %y = Identity(%loop:2) : float32
      file {
        graph_def { library {
          function {
            signature { name: "cond"
              input_arg { name: "i" type: DT_INT32 } input_arg { name: "n" type: DT_INT32 }
              input_arg { name: "a" type: DT_FLOAT } output_arg { name: "r" type: DT_BOOL } }
            node_def { name: "less" op: "Less" input: "i" input: "n"
              attr { key: "T" value { type: DT_INT32 } } }
            ret { key: "r" value: "less:z:0" }
          }
          function {
            signature { name: "body"
              input_arg { name: "i" type: DT_INT32 } input_arg { name: "n" type: DT_INT32 }
              input_arg { name: "a" type: DT_FLOAT } output_arg { name: "p" type: DT_INT32 }
              output_arg { name: "q" type: DT_INT32 } output_arg { name: "r" type: DT_FLOAT } }
            node_def { name: "one" op: "Const" attr { key: "dtype" value { type: DT_INT32 } }
              attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape {} int_val: 1 } } } }
            node_def { name: "next" op: "AddV2" input: "i" input: "one:output:0"
              attr { key: "T" value { type: DT_INT32 } } }
            node_def { name: "square" op: "Square" input: "a"
              attr { key: "T" value { type: DT_FLOAT } } }
            ret { key: "p" value: "next:z:0" } ret { key: "q" value: "n" }
            ret { key: "r" value: "square:y:0" }
          }
        } }
      }

      """
    let folder = FileManager.default.temporaryDirectory.appending(path: "loop-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = folder.appending(path: "loop.graph")
    try text.write(to: source, atomically: true, encoding: .utf8)
    let graph = try GraphFile.read(source.path)
    let (x, y) = (
      try #require(graph.tensor(named: "x:0")), try #require(graph.tensor(named: "y:0"))
    )
    let dx = try #require(gradients(of: y, withRespectTo: [x])[0])
    let file = folder.appending(path: "loop.pb").path
    try GraphFile.write(graph, to: file)
    if let kept = ProcessInfo.processInfo.environment["DATAFLOW_KEEP"] {
      try GraphFile.write(graph, to: kept)
    }
    for graph in [graph, try GraphFile.read(file)] {
      let values = try Session(graph).run(
        fetching: ["y:0", dx.name], feeding: ["x:0": [Float(1.5), -0.5]])
      // x⁸ and 8x⁷.
      #expect(try values[0].scalars(as: Float.self) == [25.628906, 0.00390625])
      #expect(try values[1].scalars(as: Float.self) == [136.6875, -0.0625])
    }
  }
}

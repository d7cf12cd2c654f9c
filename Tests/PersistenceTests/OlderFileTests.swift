import Dataflow
import Foundation
import TensorFlowFormats
import Testing

/// Files in forms that older versions of TensorFlow and other writers gave them; the values are those of
/// TensorFlow 2.21.
@Suite struct OlderFileTests {
  private func graph(_ text: String, ending: String = "pbtxt") throws -> Graph {
    let url = FileManager.default.temporaryDirectory.appending(path: "older-\(UUID()).\(ending)")
    defer { try? FileManager.default.removeItem(at: url) }
    try text.write(to: url, atomically: true, encoding: .utf8)
    return try GraphFile.read(url.path)
  }

  private func run(_ graph: Graph, _ fetch: String, _ feeds: [String: any TensorConvertible])
    throws -> [Double]
  {
    let value = try Session(graph).run(fetching: [fetch], feeding: feeds)[0]
    return try #require(value.doubles)
  }

  private static let type = "attr { key: \"T\" value { type: DT_FLOAT } }"
  private static let dtype = "attr { key: \"dtype\" value { type: DT_FLOAT } }"

  @Test(arguments: [(21, true), (22, false)])
  func anEmptyShapeOfAnOldPlaceholderIsUnknown(_ producer: Int, _ isUnknown: Bool) throws {
    let text = """
      node { name: "x" op: "Placeholder" \(Self.dtype) attr { key: "shape" value { shape { } } } }
      node { name: "y" op: "Neg" input: "x" \(Self.type) }
      versions { producer: \(producer) }
      """
    let read = try graph(text)
    #expect(read.tensor(named: "x")?.shape == (isUnknown ? .unknown : .scalar))
    if isUnknown { #expect(try run(read, "y:0", ["x:0": [1.0, 2]]) == [-1, -2]) }
  }

  @Test func aDefaultMayBeNarrowerThanItsPlaceholder() throws {
    let text = """
      node { name: "x" op: "Placeholder" \(Self.dtype)
             attr { key: "shape" value { shape { dim { size: 1 } dim { size: 2 } } } } }
      node { name: "d" op: "PlaceholderWithDefault" input: "x" \(Self.dtype)
             attr { key: "shape" value { shape { dim { size: -1 } dim { size: 2 } } } } }
      node { name: "y" op: "Relu" input: "d" \(Self.type) }
      """
    let read = try graph(text)
    #expect(try run(read, "y:0", ["x:0": [[-1.0, 2]]]) == [0, 2])
    #expect(try run(read, "y:0", ["d:0": [[-1.0, 2], [3, -4]]]) == [0, 2, 3, 0])
  }

  @Test func theOldestVariablesMayHaveAnEmptyShape() throws {
    func constant(_ name: String, _ shape: String, _ values: String) -> String {
      """
      node { name: "\(name)" op: "Const" \(Self.dtype)
             attr { key: "value" value { tensor { dtype: DT_FLOAT tensor_shape { \(shape) } \(values) } } } }
      """
    }
    func variable(_ name: String) -> String {
      """
      node { name: "\(name)" op: "Variable" \(Self.dtype) attr { key: "shape" value { shape { } } } }
      node { name: "\(name)/Assign" op: "Assign" input: "\(name)" input: "\(name)/start" \(Self.type) }
      """
    }
    let text =
      constant("power/start", "", "float_val: 0.5") + variable("power")
      + constant("v/start", "dim { size: 2 }", "float_val: 1 float_val: 2") + variable("v") + """
        node { name: "square" op: "Mul" input: "power" input: "power" \(Self.type) }
        node { name: "update" op: "Assign" input: "power" input: "square" \(Self.type) }
        node { name: "y" op: "Mul" input: "v" input: "power" \(Self.type) }
        """
    let session = try Session(graph(text))
    _ = try session.run(fetching: [], targets: ["power/Assign", "v/Assign"])
    _ = try session.run(fetching: [], targets: ["update"])
    #expect(try session.run(fetching: ["y:0"])[0].doubles == [0.25, 0.5])
  }

  @Test func textInEveryLegalForm() throws {
    let function = """
      library { function {
        signature { name: "twice" input_arg { name: "a" type: DT_FLOAT } output_arg { name: "b" type: DT_FLOAT } }
        node_def { name: "add" op: "AddV2" input: "a" input: "a" \(Self.type) }
        ret { key: "b" value: "add:z:0" }
        arg_attr { value { attr { key: "_output_shapes" value { list { shape { dim { size: 2 } } } } } } }
        resource_arg_unique_id { value: 1 }
        resource_arg_unique_id { key: 1 }
      } }
      """
    let text = """
      # A comment { with: braces }
      node < name: 'x' op: "Place" "holder"; \(Self.dtype), >
      node: [ { name: "call", op: 'PartitionedCall'; input: [ "x" ]
        attr { key: "Tin" value { list { type: [ DT_FLOAT ] } } }
        attr: [ { key: "T\\157ut" value { list { type: 1 } } }, { key: "f" value { func { name: "tw\\x69ce" } } } ]
      } ]
      node { name: "y" op: "Identity" input: "call" \(Self.type) [some.extension] { a: -1 } novelty { b: [1, 2] } }
      novelty: "of a later version }"
      \(function)
      """
    #expect(try run(graph(text), "y:0", ["x:0": [1.0, 2]]) == [2, 4])
    #expect(throws: FileError.self) { try graph("node { name: 'x' ") }
    #expect(throws: FileError.self) { try graph("novelty { b: 1 }") }
  }

  @Test func whatIsNotSupportedKeepsNothingElseFromRunning() throws {
    let text = """
      node { name: "x" op: "Placeholder" \(Self.dtype) }
      node { name: "e" op: "Einsum" input: "x" input: "x" \(Self.type)
             attr { key: "N" value { i: 2 } } attr { key: "equation" value { s: "...x,...x->..." } } }
      node { name: "after" op: "Neg" input: "e" \(Self.type) }
      node { name: "h" op: "Cast" input: "x" attr { key: "SrcT" value { type: DT_FLOAT } }
             attr { key: "DstT" value { type: DT_HALF } } }
      node { name: "s" op: "Mul" input: "h" input: "h" attr { key: "T" value { type: DT_HALF } } }
      node { name: "t" op: "Tile" input: "h" input: "two" attr { key: "T" value { type: DT_HALF } } }
      node { name: "two" op: "Const" attr { key: "dtype" value { type: DT_INT32 } }
             attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape { dim { size: 1 } } int_val: 2 } } } }
      node { name: "moved" op: "Cast" input: "t" attr { key: "SrcT" value { type: DT_HALF } }
             attr { key: "DstT" value { type: DT_FLOAT } } }
      node { name: "y" op: "Neg" input: "x" \(Self.type) }
      """
    let read = try graph(text)
    #expect(try run(read, "y:0", ["x:0": [1.0, 2]]) == [-1, -2])
    #expect(try run(read, "moved:0", ["x:0": [1.0, 2]]) == [1, 2, 1, 2])
    for (fetch, parts) in [
      ("after:0", ["Einsum", "\"e\"", "ellipses", "y:0"]),
      ("s:0", ["Mul", "\"s\"", "float32", "y:0"]),
    ] {
      let error = #expect(throws: (any Error).self) {
        try Session(read).run(fetching: [fetch, "y:0"], feeding: ["x:0": [1.0, 2]])
      }
      for part in parts { #expect("\(error as Any)".contains(part), "\(error as Any)") }
    }
    #expect(GraphFile.text(read).contains("...x,...x->..."))
  }

  @Test func whatTheGraphsOwnSaverLeavesOutIsNotAskedFor() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "partial-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let graph = Graph()
    let w = graph.variable([1.0, 2], name: "w")
    let slot = graph.variable([3.0, 4], name: "slot")
    _ = identity(w.value, name: "y")
    _ = addN([w.value, slot.value], name: "both")
    let session = try Session(graph)
    try session.run([w.initializer, slot.initializer])
    try Saver(graph, variables: [w]).save(session, to: folder + "/m")
    let read = try GraphFile.read(folder + "/m.meta")
    let other = try Session(read)
    #expect(try other.restoreVariables(from: folder + "/m") == ["slot"])
    #expect(try other.run(fetching: ["y:0"])[0].doubles == [1, 2])
    let error = #expect(throws: (any Error).self) { try other.run(fetching: ["both:0"]) }
    #expect("\(error as Any)".contains("\"slot\""), "\(error as Any)")
    // Where nothing says that they may be missing, they may not.
    let strict = Graph()
    _ = strict.variable([1.0, 2], name: "w")
    _ = strict.variable([3.0, 4], name: "slot")
    #expect(throws: SessionError.self) {
      try Session(strict).restoreVariables(from: folder + "/m")
    }
  }

  /// A conditional of TensorFlow 1 on an older variable, which its true side perhaps updates.
  private func conditional(updates: Bool) throws -> Graph {
    let bool = "attr { key: \"T\" value { type: DT_BOOL } }"
    let taken = updates ? "update" : "v/Switch:1"
    return try graph(
      """
      node { name: "x" op: "Placeholder" \(Self.dtype) attr { key: "shape" value { shape { dim { size: 2 } } } } }
      node { name: "p" op: "Placeholder" attr { key: "dtype" value { type: DT_BOOL } } attr { key: "shape" value { shape { } } } }
      node { name: "v" op: "VariableV2" \(Self.dtype) attr { key: "shape" value { shape { dim { size: 2 } } } } }
      node { name: "v/Switch" op: "RefSwitch" input: "v" input: "p" \(Self.type) }
      node { name: "x/Switch" op: "Switch" input: "x" input: "p" \(Self.type) }
      node { name: "update" op: "AssignSub" input: "v/Switch:1" input: "x/Switch:1" \(Self.type) }
      node { name: "yes" op: "Identity" input: "\(taken)" \(Self.type) }
      node { name: "no" op: "Neg" input: "v/Switch" \(Self.type) }
      node { name: "m" op: "Merge" input: "no" input: "yes" \(Self.type) attr { key: "N" value { i: 2 } } }
      node { name: "q" op: "Identity" input: "p" \(bool) }
      node { name: "y" op: "Identity" input: "m" \(Self.type) }
      versions { producer: 134 }
      """)
  }

  @Test func anUpdateInAConditionalIsNotFrozen() throws {
    for updates in [false, true] {
      let session = try Session(conditional(updates: updates))
      session.set([("v", TensorValue([Float(1), 2]))])
      let fetch = try #require(session.graph.tensor(named: "y:0"))
      if updates {
        let error = #expect(throws: SessionError.self) {
          try OptimizedGraph(of: session, fetching: [fetch])
        }
        #expect("\(error as Any)".contains("\"update\""), "\(error as Any)")
      } else {
        let ops = try OptimizedGraph(of: session, fetching: [fetch]).message.node.map(\.op)
        #expect(!ops.contains { $0.hasPrefix("Ref") }, "\(ops)")
      }
    }
  }
}

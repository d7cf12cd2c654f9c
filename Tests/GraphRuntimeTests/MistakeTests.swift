import Dataflow
import Testing

/// A user's mistakes: each is answered with one clear error, and nothing is lost.
@Suite struct MistakeTests {
  /// What making a session on the graph says.
  private func complaint(_ graph: Graph) -> String {
    do {
      _ = try Session(graph)
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test func tensorsOfTwoGraphsDoNotMix() {
    let (one, other) = (Graph(), Graph())
    let a = one.placeholder(.float32, [2], name: "a")
    let b = other.placeholder(.float32, [2], name: "b")
    _ = a + b
    let found = complaint(one)
    #expect(found.contains("\"b:0\"") && found.contains("another graph"), "\(found)")
    #expect(found.contains("MistakeTests.swift:"), "\(found)")
  }

  @Test func layersThatDoNotFitNameBothSites() {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 4], name: "x")
    let w = graph.variable(TensorValue(zeros: [5, 3], dtype: .float32), name: "w")
    _ = matmul(x, w.value, name: "product")
    let found = complaint(graph)
    #expect(found.contains("MatMul \"product\"") && found.contains("[5, 3]"), "\(found)")
    #expect(found.split(separator: "MistakeTests.swift:").count == 4, "\(found)")
  }

  @Test func allMistakesComeAtOnce() {
    let graph = Graph()
    let x = graph.placeholder(.float32, [2, 3], name: "x")
    let n = graph.placeholder(.int32, [2], name: "n")
    _ = x + graph.placeholder(.float32, [2, 4], name: "y")
    _ = matmul(x, n)
    _ = reshape(x, to: [4, 4])
    let found = complaint(graph)
    #expect(found.hasPrefix("3 mistakes in the graph\n"), "\(found)")
    // Said once, a mistake does not keep what is right from running.
    #expect(complaint(graph) == "")
  }

  @Test func variablesAreReusedOnlyWhereThatIsAsked() throws {
    let graph = Graph()
    let first = graph.variableScope("layer") { graph.getVariable("w", shape: [2]) }
    let again = graph.variableScope("layer", reuse: .existing) {
      graph.getVariable("w", shape: [2])
    }
    #expect(first == again && graph.variables().count == 1)
    let local = graph.getVariable("counter", shape: [], collections: [.localVariables])
    let found = graph.variableScope("", reuse: .automatic) {
      graph.getVariable("counter", shape: [])
    }
    #expect(local == found)
    _ = graph.variableScope("layer") { graph.getVariable("w", shape: [2]) }
    _ = graph.variableScope("layer", reuse: .existing) { graph.getVariable("v", shape: [2]) }
    _ = graph.variableScope("layer", reuse: .automatic) { graph.getVariable("w", shape: [3]) }
    let complaint = complaint(graph)
    #expect(complaint.contains("exists already"), "\(complaint)")
    #expect(complaint.contains("no such variable"), "\(complaint)")
    #expect(complaint.contains("[3]"), "\(complaint)")
  }

  @Test func wrongFeedsAreRefused() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 3], name: "x")
    let y = reduceSum(x, name: "y")
    let session = try Session(graph)
    func complaint(_ body: () throws -> TensorValue) -> String {
      do { return "\(try body())" } catch { return "\(error)" }
    }
    let shape = complaint { try session.run(y, feeding: [x: [[Float(1), 2]]]) }
    #expect(
      shape.contains("x:0") && shape.contains("[1, 2]") && shape.contains("[?, 3]"), "\(shape)")
    let dtype = complaint { try session.run(y, feeding: [x: [[Int64(1), 2, 3]]]) }
    #expect(dtype.contains("int64") && dtype.contains("float32"), "\(dtype)")
    let missing = complaint { try session.run(y) }
    #expect(missing.contains("x:0") && missing.contains("must be fed"), "\(missing)")
    let name = complaint { try session.run(fetching: ["Y:0"])[0] }
    #expect(name.contains("did you mean \"y\""), "\(name)")
    let empty = try session.run(y, feeding: [x: TensorValue(zeros: [0, 3], dtype: .float32)])
    #expect(try empty.scalar(as: Float.self) == 0)
  }

  @Test func whatOnlyFedSizesShowIsAMistakeOfTheNode() throws {
    let graph = Graph()
    let indices = graph.placeholder(.int32, [nil, nil], name: "indices")
    let updates = graph.placeholder(.float32, [nil, 2], name: "updates")
    let spread = indices.apply(
      Ops.ScatterNd.self, [updates, graph.constant([6, 2], .int32)], name: "spread")
    let session = try Session(graph)
    do {
      _ = try session.run(
        spread,
        feeding: [indices: [[Int32(0)], [1]], updates: [[Float(1), 2], [3, 4], [5, 6]]])
      Issue.record("three updates at two places were taken")
    } catch {
      #expect("\(error)".contains("spread") && "\(error)".contains("[2, 2]"), "\(error)")
    }
  }
}

import CZlib
import Dataflow
import Foundation
import TensorFlowFormats
import Testing

/// What summary ops give, against what TensorFlow's gave (`Tests/tensorflow/summaries.py`).
@Suite struct SummaryOpTests {
  private struct Expected: Decodable {
    struct Histogram: Decodable {
      struct Value: Decodable {
        let tag: String
        let numbers: [Double]
        let limits: [Double]
        let buckets: [Double]
      }
      let name: String
      let dtype: String
      let values: [Double]
      let summary: [Value]
    }
    struct Image: Decodable {
      struct Value: Decodable {
        let tag: String
        let shape: [Int]
        let pixels: [UInt8]
      }
      let name: String
      let dtype: String
      let shape: [Int]
      let max: Int
      let values: [String]
      let summary: [Value]
    }
    let histograms: [Histogram]
    let images: [Image]
  }

  private func expected() throws -> Expected {
    let file = try #require(
      Bundle.module.url(forResource: "Fixtures/summaries", withExtension: "json"))
    return try JSONDecoder().decode(Expected.self, from: Data(contentsOf: file))
  }

  private func summary(_ graph: Graph, _ fetch: Tensor) throws -> TFSummary {
    let bytes = try Session(graph, backend: .cpu).run(fetch).strings()[0]
    return try TFSummary(serializedBytes: bytes)
  }

  @Test func histogramsHaveTensorFlowsBuckets() throws {
    for wanted in try expected().histograms {
      let graph = Graph()
      let dtype = try #require(DType(name: wanted.dtype))
      let value = try TensorValue(
        converting: wanted.values, to: dtype, shape: [wanted.values.count])
      let tensor = Summaries.histogram(wanted.name, graph.constant(value))
      let found = try #require(summary(graph, tensor).value.first)
      #expect(found.tag == wanted.summary[0].tag)
      let histogram = found.histo
      let numbers = [
        histogram.min, histogram.max, histogram.num, histogram.sum, histogram.sumSquares,
      ]
      #expect(numbers == wanted.summary[0].numbers, "\(wanted.name)")
      #expect(histogram.bucketLimit == wanted.summary[0].limits, "\(wanted.name)")
      #expect(histogram.bucket == wanted.summary[0].buckets, "\(wanted.name)")
    }
  }

  @Test func imagesHaveTensorFlowsPixels() throws {
    for wanted in try expected().images {
      let graph = Graph()
      let dtype = try #require(DType(name: wanted.dtype))
      let numbers = wanted.values.map { Double($0) ?? .nan }
      let value = try TensorValue(converting: numbers, to: dtype, shape: Shape(wanted.shape))
      let tensor = Summaries.image(wanted.name, graph.constant(value), maxOutputs: wanted.max)
      let found = try summary(graph, tensor).value
      #expect(found.map(\.tag) == wanted.summary.map(\.tag))
      for (found, wanted) in zip(found, wanted.summary) {
        let image = found.image
        #expect(
          [image.height, image.width, image.colorspace].map { Int($0) } == wanted.shape)
        #expect(try pixels([UInt8](image.encodedImageString), wanted.shape) == wanted.pixels)
      }
    }
  }

  /// The pixels of a PNG file whose rows have no filter.
  private func pixels(_ file: [UInt8], _ shape: [Int]) throws -> [UInt8] {
    #expect(Array(file.prefix(8)) == [137, 80, 78, 71, 13, 10, 26, 10])
    var chunks: [String: [UInt8]] = [:]
    var rest = file.dropFirst(8)
    func number() -> Int {
      defer { rest = rest.dropFirst(4) }
      return rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
    }
    while !rest.isEmpty {
      let count = number()
      let named = Array(rest.prefix(4 + count))
      rest = rest.dropFirst(4 + count)
      #expect(number() == Int(crc32(0, named, uInt(named.count))))
      chunks[String(decoding: named[..<4], as: UTF8.self)] = Array(named[4...])
    }
    let data = try #require(chunks["IDAT"])
    let row = shape[1] * shape[2]
    var rows = [UInt8](repeating: 255, count: (row + 1) * shape[0])
    var size = uLong(rows.count)
    #expect(uncompress(&rows, &size, data, uLong(data.count)) == Z_OK)
    #expect(Int(size) == rows.count && chunks["IEND"] == [])
    return stride(from: 0, to: rows.count, by: row + 1).flatMap { start in
      #expect(rows[start] == 0)
      return rows[(start + 1)..<(start + 1 + row)]
    }
  }

  /// TensorFlow's own graph, run here, gives what TensorFlow wrote when it ran it.
  @Test func aGraphOfTensorFlowsGivesItsSummaries() throws {
    let meta = try #require(
      Bundle.module.url(forResource: "Fixtures/summaries", withExtension: "meta"))
    let session = try Session(GraphFile.read(meta.path))
    let events = RecordedEvents(try EventFileTests.fixture())
    for step in 0..<3 {
      let x = try TensorValue(
        (0..<6).map { Float(Double($0 * (step + 1)) / 20) }, shape: [2, 3])
      let bytes = try session.run(
        fetching: ["Merge/MergeSummary:0"], feeding: ["x:0": x])[0].strings()[0]
      var found = try TFSummary(serializedBytes: bytes)
      var wanted = try events.summary(step: step)
      for index in found.value.indices {
        if step > 0 { found.value[index].clearMetadata() }
        // Any filter may be used for the same pixels.
        found.value[index].image.encodedImageString = .init()
        wanted.value[index].image.encodedImageString = .init()
      }
      #expect(found == wanted)
    }
  }

  @Test func tagsFollowScopesAsInTensorFlow() throws {
    let graph = Graph()
    let x = graph.constant(1.5)
    var names: [String] = []
    graph.nameScope("a") {
      names.append(Summaries.scalar("loss", x).name)
      names.append(Summaries.scalar("loss", x).name)
      names.append(Summaries.scalar("b c:0", x, family: "fam").name)
    }
    #expect(names == ["a/loss:0", "a/loss_1:0", "a/fam/b_c_0:0"])
    let merged = try #require(Summaries.mergeAll(graph))
    #expect(merged.name == "Merge/MergeSummary:0")
    #expect(
      try summary(graph, merged).value.map(\.tag) == ["a/loss", "a/loss_1", "fam/a/fam/b_c_0"])
    #expect(graph.collection(.summaries).count == 3)
    #expect(Summaries.mergeAll(Graph()) == nil)
  }

  @Test func mistakesAreNamed() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil], name: "x")
    let histogram = Summaries.histogram("h", x)
    let both = try #require(Summaries.merge([histogram, histogram]))
    let session = try Session(graph)
    let numbers = try TensorValue([1, 2] as [Float], shape: [2])
    func message(_ fetch: Tensor, _ value: TensorValue) -> String {
      do { _ = try session.run(fetch, feeding: [x: value]) } catch { return "\(error)" }
      return ""
    }
    #expect(message(both, numbers).contains("two of the summaries have the tag \"h\""))
    #expect(message(histogram, TensorValue([.nan] as [Float])).contains("hold a NaN"))
    #expect(message(histogram, TensorValue([-.infinity] as [Float])).contains("an infinity"))
    let prepared = try session.prepare([histogram], feeding: [x: numbers])
    #expect(throws: SessionError.self) { try prepared.run(from: [], into: []) }
    #expect(try prepared.run([numbers])[0] == session.run(histogram, feeding: [x: numbers]))
    Summaries.scalar("vector", x)
    #expect(throws: GraphErrors.self) { try Session(graph) }
  }

  /// A summary beside a training step is of what the step saw, and adds no stage to it.
  @Test func aSummaryReadsBeforeTheUpdateOfItsRun() throws {
    let graph = Graph()
    let w = graph.variable(TensorValue([2, 3] as [Float]), name: "w")
    let sum = reduceSum(w.value * w.value)
    let loss = Summaries.scalar("loss", sum)
    let train = GradientDescentOptimizer(learningRate: 0.5).minimize(sum)
    let session = try Session(graph)
    try session.run(graph.globalVariablesInitializer())
    let values = try session.run([loss, sum, loss], targets: [train])
    #expect(try values[1].scalar(as: Float.self) == 13 && values[0] == values[2])
    let found = try TFSummary(serializedBytes: values[0].strings()[0])
    #expect(found.value.map(\.simpleValue) == [13])
    #expect(try session.run(w).scalars(as: Float.self) == [0, 0])
    #expect(session.plans.count <= 2)
  }
}

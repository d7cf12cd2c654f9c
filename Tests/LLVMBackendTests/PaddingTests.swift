import Dataflow
import Testing

/// Padding has no terms in a convolution's sums: zero times an infinite filter is nothing at all, as
/// in TensorFlow.
@Suite struct PaddingTests {
  struct Case: Sendable, CustomStringConvertible {
    var strides = [1, 1], dilations = [1, 1], window = [3, 3], format = "NHWC", channels = 3
    var description: String { "\(window) \(strides) \(dilations) \(format) \(channels)" }
  }

  private static let cases = [
    Case(), Case(strides: [2, 3]), Case(dilations: [2, 3], window: [3, 2]), Case(format: "NCHW"),
    Case(window: [5, 5], channels: 40),
  ]

  /// Sums of positive terms are infinite where one term is, and nowhere NaN.
  @Test(arguments: cases, [false, true]) func infinityMeetsNoPadding(
    _ form: Case, isDepthwise: Bool
  ) throws {
    for backend in [Session.BackendChoice.llvm, .cpu] { try check(form, isDepthwise, backend) }
  }

  private func check(_ form: Case, _ isDepthwise: Bool, _ backend: Session.BackendChoice) throws {
    let graph = Graph()
    let isFirst = form.format == "NCHW"
    let images = Shape(isFirst ? [2, form.channels, 11, 9] : [2, 11, 9, form.channels])
    let filters = Shape(form.window + [form.channels, isDepthwise ? 1 : 18])
    let x = graph.placeholder(.float32, PartialShape(images), name: "x")
    let w = graph.placeholder(.float32, PartialShape(filters), name: "w")
    let convolve = isDepthwise ? depthwiseConv2d : conv2d
    let y = convolve(
      x, w, form.strides, "SAME", form.format, form.dilations, nil, #fileID, #line)
    let dy = graph.placeholder(.float32, [], name: "dy")
    let slopes = try gradients(of: y, withRespectTo: [x, w], upstream: zerosLike(y) + dy).map {
      try #require($0)
    }
    let session = try Session(graph, backend: backend)
    func run(_ filter: Float, _ upstream: Float) throws -> [[Float]] {
      var feeds = Feeds()
      feeds.feed(TensorValue(repeating: Float(1), shape: images), to: x)
      feeds.feed(TensorValue(repeating: filter, shape: filters), to: w)
      feeds.feed(TensorValue(upstream), to: dy)
      return try session.run([y] + slopes, feeding: feeds).map { try $0.scalars(as: Float.self) }
    }
    let finite = try run(1, 1)
    let filter = try run(.infinity, 1)
    let upstream = try run(1, .infinity)
    func expected(_ number: Int) -> [Float] { finite[number].map { $0 == 0 ? 0 : .infinity } }
    #expect(filter[0] == expected(0), "\(backend)")
    #expect(filter[1] == expected(1), "\(backend)")
    #expect(upstream[1] == expected(1), "\(backend)")
    #expect(upstream[2] == expected(2), "\(backend)")
    #expect(filter[2] == finite[2], "\(backend)")
  }
}

import Dataflow
import Testing

/// Convolutions of images that take several tiles, whose borders windows reach over.
@Suite struct ConvolutionTileTests {
  /// Whole numbers, so that every sum is exact in whatever order it is taken.
  private func numbers(_ shape: [Int], seed: Int) throws -> TensorValue {
    let shape = Shape(shape)
    let scalars = (0..<shape.count).map { Double(($0 &* 7919 &+ seed &* 104_729) % 19 - 9) }
    return try TensorValue(scalars, shape: shape)
  }

  private struct Case: Sendable, CustomStringConvertible {
    var strides = [1, 1], dilations = [1, 1], window = [3, 3], padding = "SAME", format = "NHWC"
    var isDepthwise = false
    var description: String {
      "\(isDepthwise) \(window) \(strides) \(dilations) \(padding) \(format)"
    }

    func callAsFunction(_ x: Tensor, _ w: Tensor) -> Tensor {
      isDepthwise
        ? depthwiseConv2d(
          x, w, strides: strides, padding: padding, dataFormat: format, dilations: dilations)
        : conv2d(x, w, strides: strides, padding: padding, dataFormat: format, dilations: dilations)
    }
  }

  private static let cases: [Case] = {
    var cases: [Case] = []
    for format in ["NHWC", "NCHW"] {
      for isDepthwise in [false, true] {
        for padding in ["SAME", "VALID"] {
          cases.append(Case(padding: padding, format: format, isDepthwise: isDepthwise))
          cases.append(
            Case(strides: [2, 2], padding: padding, format: format, isDepthwise: isDepthwise))
          cases.append(
            Case(
              dilations: [2, 3], window: [2, 3], padding: padding, format: format,
              isDepthwise: isDepthwise))
        }
      }
    }
    return cases + [Case(strides: [3, 2], window: [1, 1]), Case(window: [1, 1])]
  }()

  @Test(arguments: cases) private func theBackwardFormsAreAdjoint(_ form: Case) throws {
    let (images, height, width, channels) = (2, 70, 61, 24)
    let graph = Graph()
    let isFirst = form.format == "NCHW"
    let x = graph.variable(
      try numbers(
        isFirst ? [images, channels, height, width] : [images, height, width, channels], seed: 1),
      name: "x")
    let w = graph.variable(
      try numbers(form.window + [channels, form.isDepthwise ? 1 : 16], seed: 2), name: "w")
    let z = form(x.value, w.value)
    let session = try Session(graph, backend: .cpu)
    try session.run(graph.globalVariablesInitializer())
    let output = try session.run(z)
    let dy = try numbers(output.shape.dimensions, seed: 3)
    // ⟨conv(x, w), dy⟩ = ⟨x, dx⟩ = ⟨w, dw⟩.
    let total = reduceSum(z * graph.constant(dy))
    let slopes = gradients(of: total, withRespectTo: [x.value, w.value])
    let sums = [
      total, reduceSum(x.value * (slopes[0] ?? total)), reduceSum(w.value * (slopes[1] ?? total)),
    ]
    let found = try session.run(sums).map { try $0.scalars(as: Double.self)[0] }
    #expect(found[0] == found[1] && found[0] == found[2], "\(found)")

    // The output itself, by its definition.
    let (a, b) = (try session.value(of: x), try session.value(of: w))
    let expected = reference(form, a, b, output.shape.dimensions)
    #expect(try output.scalars(as: Double.self) == expected)
  }

  private func reference(
    _ form: Case, _ x: TensorValue, _ w: TensorValue, _ output: [Int]
  ) -> [Double] {
    let isFirst = form.format == "NCHW"
    func sizes(_ shape: [Int]) -> (height: Int, width: Int, channels: Int) {
      isFirst ? (shape[2], shape[3], shape[1]) : (shape[1], shape[2], shape[3])
    }
    let (from, to) = (sizes(x.shape.dimensions), sizes(output))
    let (pixels, weights) = (x.doubles ?? [], w.doubles ?? [])
    func index(_ n: Int, _ y: Int, _ x: Int, _ c: Int, _ of: (Int, Int, Int)) -> Int {
      isFirst ? ((n * of.2 + c) * of.0 + y) * of.1 + x : ((n * of.0 + y) * of.1 + x) * of.2 + c
    }
    func padding(_ axis: Int, _ size: Int, _ out: Int) -> Int {
      let reach = (form.window[axis] - 1) * form.dilations[axis] + 1
      return form.padding == "SAME" ? max(0, (out - 1) * form.strides[axis] + reach - size) / 2 : 0
    }
    let top = padding(0, from.height, to.height)
    let left = padding(1, from.width, to.width)
    var result = [Double](repeating: 0, count: output.reduce(1, *))
    for n in 0..<output[0] {
      for y in 0..<to.height {
        for x in 0..<to.width {
          for i in 0..<form.window[0] {
            let row = y * form.strides[0] - top + i * form.dilations[0]
            if row < 0 || row >= from.height { continue }
            for j in 0..<form.window[1] {
              let column = x * form.strides[1] - left + j * form.dilations[1]
              if column < 0 || column >= from.width { continue }
              let tap = i * form.window[1] + j
              for c in 0..<from.channels {
                let pixel = pixels[index(n, row, column, c, from)]
                if form.isDepthwise {
                  result[index(n, y, x, c, to)] += pixel * weights[tap * from.channels + c]
                  continue
                }
                for k in 0..<to.channels {
                  let weight = weights[(tap * from.channels + c) * to.channels + k]
                  result[index(n, y, x, k, to)] += pixel * weight
                }
              }
            }
          }
        }
      }
    }
    return result
  }
}

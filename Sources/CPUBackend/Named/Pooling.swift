import GraphCompiler
import StandardOps
import TensorCore

/// The greatest, chosen or mean element of each window, and the gradients of the first and the last.
enum Pooling {
  static func pool(
    _ call: NamedKernelCall, _ kind: PoolKind, _ geometry: ConvolutionGeometry, isGradient: Bool
  ) -> NamedCallable? {
    switch call.outputs[0].dtype {
    case .float32: pool(call, kind, geometry, isGradient, Float.self)
    case .float64: pool(call, kind, geometry, isGradient, Double.self)
    default: nil
    }
  }

  private static func pool<T: MatrixElement>(
    _ call: NamedKernelCall, _ kind: PoolKind, _ g: ConvolutionGeometry, _ isGradient: Bool,
    _: T.Type
  ) -> NamedCallable {
    let walk = WindowWalk(g)
    let count = g.batch == 0 ? 0 : call.outputs[0].shape.count / g.batch
    let work = g.batch * walk.places * g.windowHeight * g.windowWidth * g.inputChannels
    let to = call.outputs[0].buffer
    let first = call.inputs[0].buffer
    let last = call.inputs[call.inputs.count - 1].buffer
    return NamedCallable(tiles: g.batch, nanoseconds: work) { tiles, operands, _ in
      let x = UnsafePointer(operands[first].assumingMemoryBound(to: T.self))
      let dy = UnsafePointer(operands[last].assumingMemoryBound(to: T.self))
      /// Where the first of a window's greatest elements is.
      func greatest(_ image: Int, _ place: Int, _ offset: Int) -> Int? {
        var (greatest, chosen) = (-T.infinity, -1)
        walk.eachPixel(image, place) { input, _ in
          if chosen < 0 || x[input + offset] > greatest {
            (greatest, chosen) = (x[input + offset], input + offset)
          }
        }
        return chosen < 0 ? nil : chosen
      }
      let target = operands[to].assumingMemoryBound(to: T.self)
      for image in tiles {
        if isGradient { (target + image * count).update(repeating: 0, count: count) }
        for place in 0..<walk.places {
          for channel in 0..<g.inputChannels {
            let output = walk.output(image, place) + channel * walk.outputChannelStep
            let offset = channel * walk.inputChannelStep
            switch (kind, isGradient) {
            case (.maximum, false):
              // As in TensorFlow, a NaN is passed over, and nothing is below the least finite number.
              var greatest = -T.greatestFiniteMagnitude
              walk.eachPixel(image, place) { input, _ in
                greatest = x[input + offset] > greatest ? x[input + offset] : greatest
              }
              target[output] = greatest
            case (.maximum, true):
              if let chosen = greatest(image, place, offset) { target[chosen] += dy[output] }
            case (.chosen, _):
              target[output] = greatest(image, place, offset).map { dy[$0] } ?? 0
            case (.average, false):
              var (sum, pixels) = (T(0), 0)
              walk.eachPixel(image, place) { input, _ in
                sum += x[input + offset]
                pixels += 1
              }
              target[output] = sum / T(pixels)
            case (.average, true):
              var pixels = 0
              walk.eachPixel(image, place) { _, _ in pixels += 1 }
              let share = dy[output] / T(pixels)
              walk.eachPixel(image, place) { input, _ in target[input + offset] += share }
            }
          }
        }
      }
      return .success
    }
  }
}

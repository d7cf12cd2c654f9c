import GraphCompiler
import StandardOps
import TensorCore

/// Images of another size.
enum Resizing {
  static func resize(
    _ call: NamedKernelCall, _ kind: ResizeKind, alignCorners: Bool, halfPixelCenters: Bool,
    isGradient: Bool
  ) -> NamedCallable? {
    let (small, large) =
      isGradient ? (call.outputs[0], call.inputs[0]) : (call.inputs[0], call.outputs[0])
    let rows = Interpolation(
      from: small.shape[1], to: large.shape[1], kind, alignCorners, halfPixelCenters)
    let columns = Interpolation(
      from: small.shape[2], to: large.shape[2], kind, alignCorners, halfPixelCenters)
    switch (kind, call.inputs[0].dtype, call.outputs[0].dtype) {
    case (.bilinear, .float32, .float32): return blend(call, rows, columns, isGradient, Float.self)
    case (.nearest, .float32, _): return pick(call, rows, columns, isGradient, Float.self)
    case (.nearest, .float64, _): return pick(call, rows, columns, isGradient, Double.self)
    default: return nil
    }
  }

  private static func blend<T: MatrixElement>(
    _ call: NamedKernelCall, _ rows: Interpolation, _ columns: Interpolation, _ isGradient: Bool,
    _: T.Type
  ) -> NamedCallable {
    let (from, to) = (call.inputs[0], call.outputs[0])
    let small = isGradient ? to.shape : from.shape
    let channels = small[3]
    let width = columns.places.count
    let count = to.shape.count
    return NamedCallable(nanoseconds: max(count, from.shape.count) * 5) { _, operands, _ in
      let source = operands[from.buffer].assumingMemoryBound(to: T.self)
      let target = operands[to.buffer].assumingMemoryBound(to: T.self)
      if isGradient { target.update(repeating: 0, count: count) }
      for image in 0..<small[0] {
        for (y, row) in rows.places.enumerated() {
          for (x, column) in columns.places.enumerated() {
            let large = ((image * rows.places.count + y) * width + x) * channels
            func corner(_ r: Int, _ c: Int) -> Int {
              ((image * small[1] + r) * small[2] + c) * channels
            }
            let (dy, dx) = (T(row.share), T(column.share))
            let corners = (
              corner(row.lower, column.lower), corner(row.lower, column.upper),
              corner(row.upper, column.lower), corner(row.upper, column.upper)
            )
            for c in 0..<channels {
              if isGradient {
                let g = source[large + c]
                target[corners.0 + c] += g * (1 - dy) * (1 - dx)
                target[corners.1 + c] += g * (1 - dy) * dx
                target[corners.2 + c] += g * dy * (1 - dx)
                target[corners.3 + c] += g * dy * dx
              } else {
                let top = source[corners.0 + c]
                let bottom = source[corners.2 + c]
                let upper = top + (source[corners.1 + c] - top) * dx
                let lower = bottom + (source[corners.3 + c] - bottom) * dx
                target[large + c] = upper + (lower - upper) * dy
              }
            }
          }
        }
      }
      return .success
    }
  }

  private static func pick<T: MatrixElement>(
    _ call: NamedKernelCall, _ rows: Interpolation, _ columns: Interpolation, _ isGradient: Bool,
    _: T.Type
  ) -> NamedCallable {
    let (from, to) = (call.inputs[0], call.outputs[0])
    let small = isGradient ? to.shape : from.shape
    let channels = small[3]
    let width = columns.places.count
    let count = to.shape.count
    return NamedCallable(nanoseconds: max(count, from.shape.count)) { _, operands, _ in
      let source = operands[from.buffer].assumingMemoryBound(to: T.self)
      let target = operands[to.buffer].assumingMemoryBound(to: T.self)
      if isGradient { target.update(repeating: 0, count: count) }
      for image in 0..<small[0] {
        for (y, row) in rows.places.enumerated() {
          for (x, column) in columns.places.enumerated() {
            let large = ((image * rows.places.count + y) * width + x) * channels
            let own = ((image * small[1] + row.lower) * small[2] + column.lower) * channels
            for c in 0..<channels {
              if isGradient {
                target[own + c] += source[large + c]
              } else {
                target[large + c] = source[own + c]
              }
            }
          }
        }
      }
      return .success
    }
  }
}

/// Along one axis: which pixels each resized pixel lies between, and how far.
private struct Interpolation: Sendable {
  let places: [(lower: Int, upper: Int, share: Float)]

  /// TensorFlow's conventions, in single precision as it computes them.
  init(from size: Int, to count: Int, _ kind: ResizeKind, _ alignCorners: Bool, _ halfPixels: Bool)
  {
    let scale =
      alignCorners && count > 1
      ? Float(size - 1) / Float(count - 1) : Float(size) / Float(max(count, 1))
    places = (0..<count).map { index in
      switch kind {
      case .bilinear:
        let x = halfPixels ? (Float(index) + 0.5) * scale - 0.5 : Float(index) * scale
        let floor = x.rounded(.down)
        let lower = max(Int(floor), 0)
        let upper = min(Int(x.rounded(.up)), size - 1)
        return (min(lower, size - 1), max(upper, 0), x - floor)
      case .nearest:
        let x = halfPixels ? (Float(index) + 0.5) * scale : Float(index) * scale
        let place = alignCorners ? Int(x.rounded(.toNearestOrAwayFromZero)) : Int(x.rounded(.down))
        let own = max(min(place, size - 1), 0)
        return (own, own, 0)
      }
    }
  }
}

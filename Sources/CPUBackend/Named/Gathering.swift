import GraphCompiler
import TensorCore

/// Copies slices by index.
enum Gathering {
  /// Slices along an axis.
  static func gather(_ call: NamedKernelCall, axis: Int, batch: Int) -> NamedCallable? {
    let (params, indices) = (call.inputs[0], call.inputs[1])
    guard let size = params.dtype.byteCount else { return nil }
    let sizes = params.shape.dimensions
    let batches = sizes[..<batch].reduce(1, *)
    let outer = sizes[batch..<axis].reduce(1, *)
    let count = sizes[axis]
    let bytes = sizes[(axis + 1)...].reduce(1, *) * size
    let picked = indices.shape.dimensions.dropFirst(batch).reduce(1, *)
    let reader = IndexReader(indices.dtype)
    let (from, at, to) = (params.buffer, indices.buffer, call.outputs[0].buffer)
    return NamedCallable(nanoseconds: batches * outer * picked * (4 + bytes / 16)) {
      _, operands, _ in
      for b in 0..<batches {
        for o in 0..<outer {
          let source = operands[from] + (b * outer + o) * count * bytes
          let target = operands[to] + (b * outer + o) * picked * bytes
          for i in 0..<picked {
            let index = reader.load(operands[at], b * picked + i)
            guard index >= 0, index < count else { return .badIndex }
            (target + i * bytes).copyMemory(from: source + index * bytes, byteCount: bytes)
          }
        }
      }
      return .success
    }
  }

  /// Slices at index vectors.
  static func gatherND(_ call: NamedKernelCall) -> NamedCallable? {
    let (params, indices) = (call.inputs[0], call.inputs[1])
    guard let size = params.dtype.byteCount else { return nil }
    let vectors = IndexVectors(indices, into: params.shape)
    let bytes = vectors.sliceCount * size
    let (from, at, to) = (params.buffer, indices.buffer, call.outputs[0].buffer)
    return NamedCallable(nanoseconds: vectors.count * (8 + bytes / 16)) { _, operands, _ in
      for i in 0..<vectors.count {
        guard let place = vectors.place(operands[at], i) else { return .badIndex }
        (operands[to] + i * bytes).copyMemory(
          from: operands[from] + place * bytes, byteCount: bytes)
      }
      return .success
    }
  }
}

/// The index vectors along a tensor's last axis.
struct IndexVectors: Sendable {
  /// The number of vectors.
  let count: Int
  /// The number of elements of the slice at each.
  let sliceCount: Int
  private let sizes: [Int]
  private let reader: IndexReader

  init(_ indices: NamedKernelCall.Value, into shape: Shape) {
    let depth = indices.shape.dimensions.last ?? 0
    count = indices.shape.dimensions.dropLast().reduce(1, *)
    sizes = Array(shape.dimensions[..<depth])
    sliceCount = shape.dimensions[depth...].reduce(1, *)
    reader = IndexReader(indices.dtype)
  }

  /// Whether all vectors point inside, so that what is changed in place is not changed
  /// in part.
  func areInside(_ base: UnsafeMutableRawPointer) -> Bool {
    (0..<count).allSatisfy { place(base, $0) != nil }
  }

  /// The number of a vector's slice; nil if the vector points outside.
  @inline(__always)
  func place(_ base: UnsafeMutableRawPointer, _ vector: Int) -> Int? {
    var place = 0
    for (axis, size) in sizes.enumerated() {
      let index = reader.load(base, vector * sizes.count + axis)
      guard index >= 0, index < size else { return nil }
      place = place * size + index
    }
    return place
  }
}

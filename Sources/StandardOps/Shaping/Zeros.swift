import GraphCore
import TensorCore

extension Graph {
  /// Zeros (or empty strings, or false) of the given shape; TensorFlow's `zeros`.
  public func zeros(
    _ shape: Shape, dtype: DType = .float32, name: String = "zeros", file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    filled(shape, TensorValue(zeros: .scalar, dtype: dtype), name, SourceSite(file, line))
  }

  /// Ones of the given shape; TensorFlow's `ones`.
  public func ones(
    _ shape: Shape, dtype: DType = .float32, name: String = "ones", file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    let site = SourceSite(file, line)
    guard let one = try? TensorValue(converting: [1], to: dtype, shape: .scalar) else {
      return mistake("there is no one of \(dtype)", op: "Fill", name: name, site: site)
    }
    return filled(shape, one, name, site)
  }

  /// Zeros of a shape that is itself a tensor.
  public func zeros(
    _ shape: Tensor, dtype: DType = .float32, name: String = "zeros",
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    composed(name, at: SourceSite(file, line)) { scope in
      let zero = constant(TensorValue(zeros: .scalar, dtype: dtype))
      return shape.apply(Ops.Fill.self, [zero], name: scope)
    }
  }

  /// One element repeated: as a constant if it is small, else as a fill, as TensorFlow does.
  package func filled(_ shape: Shape, _ element: TensorValue, _ name: String, _ site: SourceSite)
    -> Tensor
  {
    at(site) {
      if shape.count < 1000 { return constant(element.repeated(to: shape), name: name) }
      return composed(name, at: site) { scope in
        let dims = constant(shape.dimensions, .int32, name: "shape_as_tensor")
        return dims.apply(Ops.Fill.self, [constant(element)], name: scope)
      }
    }
  }
}

import GraphCore
import TensorCore

extension Graph {
  /// Numbers of a floating-point type in [min, max); TensorFlow's `random_uniform`.
  public func randomUniform(
    _ shape: Shape, min: Double = 0, max: Double = 1, dtype: DType = .float32, seed: Int? = nil,
    name: String = "random_uniform", file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    uniform(name, SourceSite(file, line), min, max, dtype, seed) { shapeConstant(shape) }
  }

  /// Numbers in [min, max) of a shape that is itself a tensor; TensorFlow's `random_uniform`.
  public func randomUniform(
    _ shape: Tensor, min: Double = 0, max: Double = 1, dtype: DType = .float32, seed: Int? = nil,
    name: String = "random_uniform", file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor { uniform(name, SourceSite(file, line), min, max, dtype, seed) { shape } }

  /// Integers in [min, max); TensorFlow's `random_uniform` of an integer type.
  public func randomUniformInt(
    _ shape: Shape, min: Int = 0, max: Int, dtype: DType = .int32, seed: Int? = nil,
    name: String = "random_uniform", file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    uniformInt(name, SourceSite(file, line), min, max, dtype, seed) { shapeConstant(shape) }
  }

  /// Integers in [min, max) of a shape that is itself a tensor.
  public func randomUniformInt(
    _ shape: Tensor, min: Int = 0, max: Int, dtype: DType = .int32, seed: Int? = nil,
    name: String = "random_uniform", file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor { uniformInt(name, SourceSite(file, line), min, max, dtype, seed) { shape } }

  /// Normal numbers; TensorFlow's `random_normal`.
  public func randomNormal(
    _ shape: Shape, mean: Double = 0, standardDeviation: Double = 1, dtype: DType = .float32,
    seed: Int? = nil, name: String = "random_normal", file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    normal(
      Ops.RandomStandardNormal.self, name, SourceSite(file, line), mean, standardDeviation, dtype,
      seed
    ) { shapeConstant(shape) }
  }

  /// Normal numbers of a shape that is itself a tensor; TensorFlow's `random_normal`.
  public func randomNormal(
    _ shape: Tensor, mean: Double = 0, standardDeviation: Double = 1, dtype: DType = .float32,
    seed: Int? = nil, name: String = "random_normal", file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    normal(
      Ops.RandomStandardNormal.self, name, SourceSite(file, line), mean, standardDeviation, dtype,
      seed
    ) { shape }
  }

  /// Normal numbers, drawn again while two deviations or more from the mean; TensorFlow's
  /// `truncated_normal`.
  public func truncatedNormal(
    _ shape: Shape, mean: Double = 0, standardDeviation: Double = 1, dtype: DType = .float32,
    seed: Int? = nil, name: String = "truncated_normal", file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    normal(
      Ops.TruncatedNormal.self, name, SourceSite(file, line), mean, standardDeviation, dtype, seed
    ) { shapeConstant(shape) }
  }

  private func shapeConstant(_ shape: Shape) -> Tensor {
    constant(shape.dimensions, .int32, name: "shape")
  }

  private func uniform(
    _ name: String, _ site: SourceSite, _ min: Double, _ max: Double, _ dtype: DType,
    _ seed: Int?, _ shape: () -> Tensor
  ) -> Tensor {
    composed(name, at: site) { scope in
      let shape = shape()
      // TensorFlow leaves out the scaling of the unit interval to itself.
      if min == 0, max == 1 {
        return draw(Ops.RandomUniform.self, [shape], "RandomUniform", dtype, seed)
      }
      let low = constant(min, dtype, name: "min")
      let high = constant(max, dtype, name: "max")
      let unit = draw(Ops.RandomUniform.self, [shape], "RandomUniform", dtype, seed)
      let range = high.apply(Ops.Sub.self, [low], name: "sub")
      return unit.apply(Ops.Mul.self, [range], name: "mul").apply(
        Ops.AddV2.self, [low], name: scope)
    }
  }

  private func uniformInt(
    _ name: String, _ site: SourceSite, _ min: Int, _ max: Int, _ dtype: DType, _ seed: Int?,
    _ shape: () -> Tensor
  ) -> Tensor {
    composed(name, at: site) { scope in
      guard min < max else {
        return mistake(
          "the range from \(min) to \(max) holds no integer", op: "RandomUniformInt", site: site)
      }
      let shape = shape()
      let low = constant(min, dtype, name: "min")
      let high = constant(max, dtype, name: "max")
      return add(
        Ops.RandomUniformInt.self, [shape, low, high], name: scope,
        seeds(seed, node: String(scope.dropLast()))
      ).output(0)
    }
  }

  private func normal(
    _ op: any RandomOp.Type, _ name: String, _ site: SourceSite, _ mean: Double,
    _ deviation: Double, _ dtype: DType, _ seed: Int?, _ shape: () -> Tensor
  ) -> Tensor {
    composed(name, at: site) { scope in
      let shape = shape()
      let mean = constant(mean, dtype, name: "mean")
      let deviation = constant(deviation, dtype, name: "stddev")
      return draw(op, [shape], op.name, dtype, seed).apply(Ops.Mul.self, [deviation], name: "mul")
        .apply(Ops.AddV2.self, [mean], name: scope)
    }
  }

  private func draw(
    _ op: any RandomOp.Type, _ inputs: [Tensor], _ name: String, _ dtype: DType, _ seed: Int?
  ) -> Tensor {
    var attributes = seeds(seed, node: scope.names + name)
    attributes["dtype"] = .type(dtype)
    return add(op, inputs, name: name, attributes).output(0)
  }
}

import GraphCore
import TensorCore

extension Ops {
  /// A value that is part of the graph.
  public enum Const: SourceOp {
    /// The value.
    public static let value = AttributeKey<TensorValue>("value")
    public static let signature = Signature(
      [], gives: ["output: dtype"], [.type("dtype"), .value("value", .tensor)])
    public static let effects = Effects.none

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      let dtype = node[AttributeKey<DType>("dtype")]
      guard node[value].dtype == dtype else {
        throw GraphError("the value is \(node[value].dtype), the node states \(dtype)")
      }
      return [PartialShape(node[value].shape)]
    }

    public static func partialValues(of node: Node) -> [PartialValue?] {
      let constant = node[value]
      guard constant.shape.rank <= 1, constant.count <= PartialValue.longest,
        let integers = constant.integers
      else { return [nil] }
      return [
        constant.shape.rank == 0
          ? PartialValue(scalar: integers[0]) : PartialValue(vector: integers)
      ]
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([]) }
  }

  /// A value that every run must be fed.
  public enum Placeholder: SourceOp {
    /// What is known of the shape.
    public static let shape = AttributeKey<PartialShape>("shape")
    public static let signature = Signature(
      [], gives: ["output: dtype"], [.type("dtype"), .shape("shape", default: .unknown)])
    public static let effects = Effects.none

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      [node[shape]]
    }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([]) }
  }

  /// A value that a run may be fed; its input otherwise.
  public enum PlaceholderWithDefault: ViewOp {
    /// What is known of the shape.
    public static let shape = AttributeKey<PartialShape>("shape")
    public static let signature = Signature(
      ["input: dtype"], gives: ["output: dtype"], [.type("dtype"), .shape("shape")])

    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] {
      guard node.input(0).shape.isCompatible(with: node[shape]) else {
        throw GraphError(
          "the default has shape \(node.input(0).shape), which is not one of \(node[shape])")
      }
      return [node[shape]]
    }

    public static func view(of node: Node) -> View? { .reshape }

    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([upstream[0]]) }
  }

  /// Nothing but an order: runs after its control inputs.
  public enum NoOp: ControlOp {
    public static let signature = Signature([], gives: [])
    public static let effects = Effects.none
    public static func shapes(of node: Node) throws(GraphError) -> [PartialShape] { [] }
    public static func gradient(
      of node: Node, _ upstream: [Tensor?], in context: GradientContext
    ) -> Gradient { .dense([]) }
  }
}

extension Graph {
  /// A constant: a number, a Boolean, a string, nested arrays of these, or a `TensorValue`.
  ///
  /// - Parameters:
  ///   - dtype: the type to take; by default `float32` for `Double`s, `int32` for `Int`s.
  ///   - shape: a shape to give the elements; a single element is repeated to fill it.
  @discardableResult
  public func constant(
    _ value: any TensorConvertible, _ dtype: DType? = nil, shape: Shape? = nil,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let site = SourceSite(file, line)
    do throws(TensorError) {
      var tensor = try value.tensorValue(as: dtype)
      if let shape, shape != tensor.shape {
        tensor =
          tensor.count == 1 ? tensor.repeated(to: shape) : try tensor.reshaped(to: shape)
      }
      return add(
        Ops.Const.self, name: name, ["value": .tensor(tensor), "dtype": .type(tensor.dtype)],
        site: site
      ).output(0)
    } catch {
      record(GraphError(error.description, node: name, op: "Const", site: scope.site ?? site))
      return poison
    }
  }

  /// A tensor that every run must be fed.
  ///
  /// - Parameter shape: what is known of the shape (`[nil, 784]`); by default nothing.
  public func placeholder(
    _ dtype: DType, _ shape: PartialShape = .unknown, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    add(
      Ops.Placeholder.self, name: name, ["dtype": .type(dtype), "shape": .shape(shape)],
      site: SourceSite(file, line)
    ).output(0)
  }

  /// A tensor that a run may be fed, and that has a default otherwise.
  ///
  /// - Parameter shape: the shapes it may be fed; by default that of the default.
  public func placeholder(
    default value: any TensorConvertible, _ dtype: DType? = nil, shape: PartialShape? = nil,
    name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let base = name ?? Ops.PlaceholderWithDefault.name
    let input = constant(value, dtype, name: base + "/input", file: file, line: line)
    return placeholder(default: input, shape: shape, name: base, file: file, line: line)
  }

  /// A tensor that a run may be fed, and that is another tensor otherwise.
  public func placeholder(
    default input: Tensor, shape: PartialShape? = nil, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    add(
      Ops.PlaceholderWithDefault.self, [input], name: name,
      ["shape": .shape(shape ?? input.shape)], site: SourceSite(file, line)
    ).output(0)
  }

  /// A node that runs nothing itself, after the given elements.
  @discardableResult
  public func group(
    _ elements: [any GraphElement], name: String = "group_deps", file: StaticString = #fileID,
    line: UInt = #line
  ) -> Node {
    controlDependencies(elements) {
      add(Ops.NoOp.self, name: name, site: SourceSite(file, line))
    }
  }
}

extension TensorValue {
  /// One element repeated to fill a shape.
  package func repeated(to shape: Shape) -> TensorValue {
    if dtype == .string {
      let strings = (try? strings()) ?? []
      return
        (try? TensorValue(
          strings: Array(repeating: strings.first ?? [], count: shape.count), shape: shape))
        ?? self
    }
    var result = TensorValue(zeros: shape, dtype: dtype)
    withUnsafeBytes { element in
      result.withUnsafeMutableBytes { all in
        for start in stride(from: 0, to: all.count, by: element.count) {
          UnsafeMutableRawBufferPointer(rebasing: all[start..<(start + element.count)])
            .copyMemory(from: element)
        }
      }
    }
    return result
  }
}

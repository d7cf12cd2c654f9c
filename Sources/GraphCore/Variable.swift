import TensorCore

/// What of a partitioned variable a variable of a graph holds: TensorFlow's `SaveSliceInfo`.
public struct VariablePart: Hashable, Sendable {
  /// The whole variable's name, under which checkpoints hold it.
  public let name: String
  /// The whole variable's shape.
  public let wholeShape: Shape
  /// Where the part begins, in each dimension.
  public let offset: [Int]
  /// The part's sizes.
  public let shape: Shape

  /// A part of the variable called `name`.
  public init(name: String, wholeShape: Shape, offset: [Int], shape: Shape) {
    self.name = name
    self.wholeShape = wholeShape
    self.offset = offset
    self.shape = shape
  }
}

/// A value that outlives a run: its handle, how it is read, and how it starts.
public struct Variable: Hashable, Sendable {
  /// The variable itself: the output of a `VarHandleOp`.
  public let handle: Tensor
  /// The value as an op takes it: a `ReadVariableOp` made beside the variable.
  public let value: Tensor
  /// The op that assigns the initial value.
  public let initializer: Node
  /// The initial value, if it is known.
  public let initialValue: Tensor?
  /// Whether optimizers train it by default.
  public let isTrainable: Bool
  /// TensorFlow's `synchronization` and `aggregation`, kept for files.
  package let distribution: (synchronization: Int, aggregation: Int)
  /// What it holds of a larger variable, if it is a part of one.
  public let part: VariablePart?

  package init(
    handle: Tensor, value: Tensor, initializer: Node, initialValue: Tensor?, isTrainable: Bool,
    distribution: (synchronization: Int, aggregation: Int) = (0, 0), part: VariablePart? = nil
  ) {
    self.handle = handle
    self.value = value
    self.initializer = initializer
    self.initialValue = initialValue
    self.isTrainable = isTrainable
    self.distribution = distribution
    self.part = part
  }

  /// Whether it is one of TensorFlow 1's older variables, whose edges carry the variable itself.
  package var isReference: Bool { handle.dtype != .resource && !handle.isPoison }

  /// The name under which checkpoints hold the variable: its node's, without `:0`.
  public var name: String { handle.node.name }
  /// The type of the elements.
  public var dtype: DType { value.dtype }
  /// What is known of the shape.
  public var shape: PartialShape { value.shape }
  /// The graph that holds the variable.
  public var graph: Graph { handle.graph }

  /// Whether both are the same variable of the same graph.
  public static func == (a: Variable, b: Variable) -> Bool { a.handle == b.handle }
  /// Hashes the handle.
  public func hash(into hasher: inout Hasher) { hasher.combine(handle) }
}

extension Variable: GraphElement {
  /// The node that reads the variable.
  public var target: Node { value.node }
}

import GraphCore
import TensorCore

/// Named tensors, such as a checkpoint holds or a graph's variables ask for.
public struct WeightTable: Sendable {
  /// What is known of a tensor besides its value.
  public struct Entry: Sendable, Hashable, CustomStringConvertible {
    /// The type of the elements.
    public let dtype: DType
    /// The shape; for a variable as far as the graph knows it.
    public let shape: PartialShape

    /// A tensor's type and shape.
    public init(dtype: DType, shape: PartialShape) {
      self.dtype = dtype
      self.shape = shape
    }

    /// Type and shape: `float32[3, 4]`.
    public var description: String { "\(dtype)\(shape)" }

    func isCompatible(with other: Entry) -> Bool {
      dtype == other.dtype && shape.isCompatible(with: other.shape)
    }
  }

  /// The tensors by name.
  public let entries: [String: Entry]
  /// Reads a tensor's value; nil where there are only variables without one.
  let value: (@Sendable (String) throws -> TensorValue)?

  /// A table of tensors whose values can be read.
  public init(
    _ entries: [String: Entry], value: (@Sendable (String) throws -> TensorValue)? = nil
  ) {
    self.entries = entries
    self.value = value
  }

  /// What a graph's variables need: those of the collection, or all where the file has none.
  public init(variablesOf graph: Graph) {
    var entries: [String: Entry] = [:]
    for variable in graph.variables() {
      entries[variable.name] = Entry(dtype: variable.dtype, shape: variable.shape)
    }
    if entries.isEmpty {
      for node in graph.operations {
        guard ["VarHandleOp", "VariableV2", "Variable"].contains(node.op),
          let dtype = node.attributes["dtype"].flatMap({ DType($0) }),
          let shape = node.attributes["shape"].flatMap({ PartialShape($0) })
        else { continue }
        entries[node.name] = Entry(dtype: dtype, shape: shape)
      }
    }
    self.init(entries)
  }
}

import StandardOps
import TensorCore
import GraphCore

/// What stands for a list of tensors, all of one shape, while a copy is made.
///
/// To the ops a list is a value that is passed on; in memory it is changed in place. So a list in memory
/// knows how often that had been changed when the op gave it: whatever takes it later takes another.
package enum ListValue {
  /// The rows of a tensor.
  case rows(Tensor)
  /// Elements that nobody has set, which are zeros to whatever reads them.
  case unset(Unset)
  /// The same, but for one element.
  case single(Unset, index: Tensor, item: Tensor)
  /// No elements: a list that grows and shrinks at its end.
  case empty(DType)
  /// Memory of the run, after so many changes.
  case memory(name: String, version: Int)

  /// Elements that nobody has set.
  package struct Unset {
    let dtype: DType
    let count: Int
    /// The shape of an element, if it is stated.
    let shape: Shape?
  }
}

/// A list that lies in memory, where an op may change it.
struct ListPlace {
  let name: String
  let memory: RunMemories.Memory
  let handle: Tensor

  /// The shape of an element; nil until a copy has seen one, and before that copy is made again nothing
  /// is read or written.
  let element: Shape?

  /// All elements along a first axis.
  var shape: Shape? { element.map { Shape([memory.count] + $0.dimensions) } }
}

import GraphCore
import StandardOps
import TensorCore

/// The lists of tensors among what a loop is given.
///
/// A list that no round changes is what it was before the loop. Any other lies in memory, where each
/// round must leave it as the list that the next one takes.
struct RegionLists {
  /// What the loop is given; in place of a list of rows, the tensor whose rows they are.
  private(set) var inputs: [Tensor]
  /// What each list is before a round, by its position.
  private(set) var values: [Int: ListValue] = [:]
  private let copy: SpecializedCopy
  private let node: Node
  /// How often each memory had been changed before the round.
  private var versions: [String: Int] = [:]

  /// - Parameter isFixed: what the loop gives on as it is.
  init(_ given: [Tensor], _ isFixed: [Bool], of copy: SpecializedCopy, at node: Node)
    throws(NoRegion)
  {
    inputs = given
    self.copy = copy
    self.node = node
    for (index, input) in given.enumerated() where input.dtype == .variant {
      guard let list = copy.list(input) else {
        throw NoRegion("its input \(index) is no list that memory can hold")
      }
      values[index] = list
      switch list {
      case .rows(let rows) where isFixed[index]: inputs[index] = rows
      case .empty where isFixed[index]: break
      case .unset: break
      case .rows, .empty, .single, .memory: try place(index)
      }
    }
  }

  /// Puts a list into memory.
  private mutating func place(_ index: Int) throws(NoRegion) {
    guard let list = values[index], let place = copy.place(of: list, node, index) else {
      throw NoRegion("the list at its input \(index) is used again after it was changed")
    }
    values[index] = .memory(
      name: place.name, version: copy.memories.version(of: place.name))
  }

  /// Begins a round.
  mutating func enter() { versions = copy.memories.versions(of: values) }

  /// Ends a round.
  ///
  /// - Parameter next: what the variables are then, by their positions, where they are lists.
  /// - Returns: the positions of lists that were thought to stay unset and were put into memory; the
  ///   round is to be made again.
  mutating func leave(_ next: [(Int, ListValue?)]) throws(NoRegion) -> [Int] {
    let next = Dictionary(uniqueKeysWithValues: next)
    var moved: [Int] = []
    for (index, list) in values.sorted(by: { $0.key < $1.key }) {
      switch (list, next[index]) {
      case (.unset(let unset), .some(let after)):
        if case .unset(let other)? = after, other.count == unset.count { continue }
        try place(index)
        moved.append(index)
      case (.memory(let name, _), .some(let after)):
        guard case .memory(name, copy.memories.version(of: name))? = after else {
          throw NoRegion("the list at its input \(index) is another after a round")
        }
      case (.memory(let name, _), .none):
        guard copy.memories.version(of: name) == versions[name] else {
          throw NoRegion("a round changes the list at its input \(index) for itself")
        }
      default: break
      }
    }
    return moved
  }

  /// What the lists are after the last round.
  var last: [Int: ListValue] {
    values.mapValues { list in
      guard case .memory(let name, _) = list else { return list }
      return .memory(name: name, version: copy.memories.version(of: name))
    }
  }
}

extension RunMemories {
  /// How often the memory of lists has been changed.
  func versions(of lists: [Int: ListValue]) -> [String: Int] {
    var versions: [String: Int] = [:]
    for case .memory(let name, _) in lists.values { versions[name] = version(of: name) }
    return versions
  }
}

extension ListValue {
  /// Whether it is the rows of a tensor.
  var isRows: Bool { if case .rows = self { true } else { false } }
  /// Whether no element has been set.
  var isUnset: Bool { if case .unset = self { true } else { false } }
}

import GraphCore
import Synchronization
import TensorCore

/// The arrays, stacks and lists of one request that are memory of its plan.
///
/// Their elements' shapes are stated nowhere: they follow from what is written, which may come after
/// the place where the memory is made. So a copy that learns something new is made again.
package final class RunMemories: Sendable {
  /// What is known of an array or a stack.
  struct Memory {
    let dtype: DType
    /// The number of places of an array.
    let count: Int
    /// Whether what is written is added to what is there, as gradients are.
    let accumulates: Bool
    /// Whether an element that nobody has written is a mistake; if the shape of the elements is stated,
    /// it is zeros.
    var isChecked = false
    /// Whether it grows and shrinks at its end.
    var isStack = false
  }

  /// What copies have seen of a stack.
  private struct Stack {
    /// The constant that every push was of; nil once there was another.
    var constant: TensorValue?
    var isPushed = false
    var isPopped = false
    /// Whether nothing that is pushed is ever popped.
    var isUnread = false
  }

  private struct State {
    var memories: [String: Memory] = [:]
    /// The shape of an element, by the name of an array or stack.
    var elements: [String: Shape] = [:]
    /// The arrays of which every element has been written where the copy has come to.
    var filled: Set<String> = []
    /// What is on each stack, as far as copies have come.
    var stacks: [String: Stack] = [:]
    /// The calculations of gradients that collect them in arrays like one.
    var sources: [String: Set<String>] = [:]
    /// How often a list in memory has been changed, as far as copies have come.
    var versions: [String: Int] = [:]
    var holdsLists = false
    var hasSegments = false
    var hasLearned = false
    var isRefused = false
    /// Why.
    var reason: String?
  }

  private let state = Mutex(State())

  /// Whether arrays and stacks are left to the session.
  var isRefused: Bool { state.withLock { $0.isRefused } }

  /// Why arrays and stacks are left to the session.
  var reason: String? { state.withLock { $0.reason } }

  /// Leaves all arrays and stacks of the request to the session.
  ///
  /// - Returns: whether there are any, and they were not left to it before.
  @discardableResult
  func refuse(_ reason: String) -> Bool {
    state.withLock { state in
      if state.isRefused || state.memories.isEmpty && !state.holdsLists { return false }
      state.reason = reason
      state.isRefused = true
      state.hasLearned = true
      return true
    }
  }

  /// Whether something was learned, or all was refused, since this was asked last: the copy is to be
  /// made again.
  func takeNews() -> Bool {
    state.withLock { state in
      defer { state.hasLearned = false }
      return state.hasLearned
    }
  }

  /// Begins a copy.
  func begin() { state.withLock { $0.filled = [] } }

  /// Notes that every element of an array is written.
  func fill(_ name: String) { _ = state.withLock { $0.filled.insert(name) } }

  /// Whether every element of an array has been written.
  func isFilled(_ name: String) -> Bool { state.withLock { $0.filled.contains(name) } }

  func declare(_ name: String, _ memory: Memory) {
    state.withLock { $0.memories[name] = memory }
  }

  func memory(_ name: String) -> Memory? { state.withLock { $0.memories[name] } }

  /// The shape of the elements, if it is known.
  func element(_ name: String) -> Shape? { state.withLock { $0.elements[name] } }

  /// Notes that an element of this shape is written.
  ///
  /// - Returns: false if others have another shape.
  func learn(_ shape: Shape, of name: String) -> Bool {
    state.withLock { state in
      if let known = state.elements[name] { return known == shape }
      state.elements[name] = shape
      state.hasLearned = true
      return true
    }
  }

  /// Notes that a tensor is pushed onto a stack.
  ///
  /// - Parameter constant: its value, if that is known.
  /// - Returns: whether it must be; what is the same every time is known to whatever pops it.
  func push(_ constant: TensorValue?, onto name: String) -> Bool {
    state.withLock { state in
      var stack = state.stacks[name] ?? Stack()
      let before = stack.constant
      stack.constant = !stack.isPushed || stack.constant == constant ? constant : nil
      stack.isPushed = true
      // What was left out of earlier pushes is missed now.
      if before != nil, stack.constant == nil { state.hasLearned = true }
      state.stacks[name] = stack
      return stack.constant == nil && !stack.isUnread
    }
  }

  /// Notes that a tensor is popped from a stack.
  ///
  /// - Returns: its value, if everything that is pushed has the same.
  func pop(from name: String) -> TensorValue? {
    state.withLock { state in
      state.stacks[name, default: Stack()].isPopped = true
      return state.stacks[name]?.constant
    }
  }

  /// Finds the stacks from which nothing is popped, once a copy is whole: it is to be made again without
  /// them.
  func findUnread() -> Bool {
    state.withLock { state in
      var isNew = false
      for (name, stack) in state.stacks where stack.isPushed && !stack.isPopped && !stack.isUnread {
        state.stacks[name]?.isUnread = true
        isNew = isNew || stack.constant == nil
      }
      return isNew
    }
  }

  /// Whether the run has segments, so that what decides them is decided between them.
  var hasSegments: Bool { state.withLock { $0.hasSegments } }

  /// Notes that the run has segments: what is alive in the next one is what was chosen in this one.
  ///
  /// - Returns: whether that was not known.
  func noteSegments() -> Bool {
    state.withLock { state in
      defer { state.hasSegments = true }
      return !state.hasSegments
    }
  }

  /// Notes that the request holds lists of tensors.
  func noteLists() { state.withLock { $0.holdsLists = true } }

  /// How often a list in memory has been changed.
  func version(of name: String) -> Int { state.withLock { $0.versions[name] ?? 0 } }

  /// Notes that a list in memory is changed.
  ///
  /// - Returns: how often it has been.
  func advance(_ name: String) -> Int {
    state.withLock { state in
      state.versions[name, default: 0] += 1
      return state.versions[name] ?? 0
    }
  }

  /// The calculations that collect gradients of an array.
  func sources(of name: String) -> [String] {
    state.withLock { ($0.sources[name] ?? []).sorted() }
  }

  /// Notes that a calculation collects gradients of an array.
  func collect(_ source: String, of name: String) {
    state.withLock { state in
      if state.sources[name, default: []].insert(source).inserted { state.hasLearned = true }
    }
  }
}

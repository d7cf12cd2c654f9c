import Synchronization

/// Tensors that several ops of one run read and write by one handle: TensorFlow 1's arrays and stacks.
package final class SharedValues: Sendable {
  private struct State: Sendable {
    var elements: [TensorValue?] = []
    var gradients: [String: SharedValues] = [:]
    var shapes: [Shape?] = []
  }
  private let state: Mutex<State>
  /// Whether what is written where something is already is added to it, as gradients are.
  package let accumulates: Bool

  /// As many places, none of them set.
  package init(count: Int, accumulates: Bool = false) {
    state = Mutex(State(elements: Array(repeating: nil, count: count)))
    self.accumulates = accumulates
  }

  /// The number of places.
  package var count: Int { state.withLock { $0.elements.count } }

  /// An element; nil if there is none yet.
  package subscript(index: Int) -> TensorValue? {
    state.withLock { $0.elements.indices.contains(index) ? $0.elements[index] : nil }
  }

  /// Sets an element, after which there are at least as many places.
  package func set(_ index: Int, _ value: TensorValue) {
    state.withLock { state in
      while state.elements.count <= index { state.elements.append(nil) }
      state.elements[index] = value
    }
  }

  /// Puts an element after all others.
  package func push(_ value: TensorValue) { state.withLock { $0.elements.append(value) } }

  /// Takes the last element.
  package func pop() -> TensorValue? { state.withLock { $0.elements.popLast() ?? nil } }

  /// The shape of the zeros that an unset element stands for, as that of what it is the gradient of.
  package func shapeOfZeros(at index: Int) -> Shape? {
    state.withLock { $0.shapes.indices.contains(index) ? $0.shapes[index] : nil }
  }

  /// The places for the gradients that one calculation collects.
  package func gradients(_ source: String) -> SharedValues {
    state.withLock { state in
      if let known = state.gradients[source] { return known }
      let made = SharedValues(count: state.elements.count, accumulates: true)
      made.state.withLock { $0.shapes = state.elements.map { $0?.shape } }
      state.gradients[source] = made
      return made
    }
  }
}

extension TensorValue {
  /// A handle of shared values, as `resource`.
  package init(shared: SharedValues, shape: Shape) {
    self.init(dtype: .resource, shape: shape, contents: .shared(shared))
  }

  /// What a handle stands for; nil for any other value.
  package var shared: SharedValues? {
    if case .shared(let values) = contents { values } else { nil }
  }
}

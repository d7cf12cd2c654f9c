import Dataflow
import Foundation
import Synchronization
import Testing

/// Sessions and threads at the same time, on one library of functions.
@Suite struct ConcurrencyTests {
  /// A linear layer whose weights are all the number of steps so far: an answer tells at which step it
  /// was given.
  private struct Counter: Sendable {
    let session: Session
    let x: Tensor, y: Tensor, spread: Tensor
    let step: Node
    static let inputs = 37, outputs = 29

    init(threads: Int) throws {
      let graph = Graph()
      x = graph.placeholder(.float32, [nil, Self.inputs], name: "x")
      let w = graph.variable(
        TensorValue(repeating: Float(0), shape: [Self.inputs, Self.outputs]), name: "w")
      let b = graph.variable(TensorValue(repeating: Float(0), shape: [Self.outputs]), name: "b")
      // What depends on a variable alone is kept between runs, and computed anew after each step.
      let scale = exp(b.value * 0)
      y = relu(biasAdd(matmul(x, w.value * scale), b.value))
      spread = reduceMax(y, axes: [1]) - reduceMin(y, axes: [1])
      step = graph.group([
        w.assignAdd(TensorValue(repeating: Float(1), shape: [Self.inputs, Self.outputs])),
        b.assignAdd(TensorValue(repeating: Float(1), shape: [Self.outputs])),
      ])
      session = try Session(graph, backend: .llvm, threads: threads)
      try session.run(graph.globalVariablesInitializer())
    }

    /// The step at which a batch was answered; nil for an answer that no step gives.
    func answer(_ batch: Int) throws -> Int? {
      let ones = TensorValue(repeating: Float(1), shape: [batch, Self.inputs])
      let (value, spread) = try session.run((y, spread), feeding: [x: ones])
      let numbers = try value.scalars(as: Float.self)
      let first = numbers[0] / Float(Self.inputs + 1)
      let isWhole = first == first.rounded() && numbers.allSatisfy { $0 == numbers[0] }
      let isFlat = try spread.scalars(as: Float.self).allSatisfy { $0 == 0 }
      return isWhole && isFlat && numbers.count == batch * Self.outputs ? Int(first) : nil
    }
  }

  private func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let group = DispatchGroup()
    for number in 0..<count {
      group.enter()
      let thread = Thread {
        body(number)
        group.leave()
      }
      thread.start()
    }
    group.wait()
  }

  @Test func answersAreRightWhileOthersTrain() throws {
    let counters = try [1, 2, 2, 3].map { try Counter(threads: $0) }
    let problems = Mutex<[String]>([])
    let steps = 40
    onThreads(8) { thread in
      do {
        let counter = counters[thread % 4]
        if thread < 4 {
          for _ in 0..<steps { try counter.session.run(counter.step) }
          return
        }
        var last = 0
        for round in 0..<60 {
          let batch = 1 + (round * 7 + thread * 5) % 23
          guard let found = try counter.answer(batch) else {
            problems.withLock { $0.append("thread \(thread), batch \(batch): no step's answer") }
            continue
          }
          if found < last || found > steps {
            problems.withLock { $0.append("thread \(thread): step \(found) after \(last)") }
          }
          last = found
        }
      } catch {
        problems.withLock { $0.append("\(error)") }
      }
    }
    #expect(problems.withLock { $0 } == [])
    for counter in counters { #expect(try counter.answer(5) == steps) }
  }

  @Test func manyThreadsEvaluateOneSession() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil, 64], name: "x")
    let w = graph.variable(try Numbers.ordinary([64, 48], seed: 2), name: "w")
    let y = softmax(tanh(matmul(x, w.value)) * 3)
    let session = try Session(graph, backend: .llvm, threads: 2)
    let alone = try Session(graph, backend: .llvm, threads: 1)
    for session in [session, alone] { try session.run(graph.globalVariablesInitializer()) }
    let expected = try (1...20).map { batch in
      try alone.run(y, feeding: [x: Numbers.ordinary([batch * 9, 64], seed: batch)])
    }
    let problems = Mutex<[String]>([])
    onThreads(8) { thread in
      for round in 0..<40 {
        let batch = 1 + (round + thread * 3) % 20
        do {
          let found = try session.run(
            y, feeding: [x: Numbers.ordinary([batch * 9, 64], seed: batch)])
          if found != expected[batch - 1] {
            problems.withLock { $0.append("thread \(thread), batch \(batch)") }
          }
        } catch {
          problems.withLock { $0.append("\(error)") }
        }
      }
    }
    #expect(problems.withLock { $0 } == [])
  }
}

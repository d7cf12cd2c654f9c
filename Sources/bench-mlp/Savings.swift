import Dataflow
import Foundation
import Synchronization

/// Savings into one folder by several threads, and by several processes if more than one is started: each
/// checkpoint must load, whole and of one saving, however many are written at the time.
struct Savings {
  let folder: String
  let rounds: Int
  let megabytes: Int

  /// Prints how many savings failed or did not load, and by how much memory grew while saving.
  func run(savers: Int) throws {
    let sessions = try (0..<savers).map { try session(Float($0 + 1)) }
    Growth.resetPeak()
    let before = Growth.peakMegabytes()
    let failures = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: savers) { thread in
      let (session, saver) = sessions[thread]
      for round in 0..<rounds {
        do {
          let prefix = round % 2 == 0 ? "\(folder)/common" : "\(folder)/own\(getpid())-\(thread)"
          try saver.save(session, to: prefix)
          if megabytes < 64 { try check(prefix) }
        } catch {
          failures.withLock { $0.append("\(error)") }
        }
      }
    }
    let found = failures.withLock { $0 }
    let grown = Growth.peakMegabytes() - before
    print("dataflow savings=\(savers * rounds) failures=\(found.count) grown_mb=\(grown)")
    for failure in Set(found).sorted().prefix(5) { print(failure) }
  }

  private func session(_ number: Float) throws -> (Session, Saver) {
    let graph = Graph()
    let count = megabytes << 17
    let variables = ["a", "b"].map { name in
      graph.variable(
        fill(graph.constant([count], .int32), with: graph.constant(number, .float32)), name: name)
    }
    let session = try Session(graph)
    try session.run(variables.map(\.initializer))
    return (session, Saver(graph, maxToKeep: 3))
  }

  /// Throws unless the checkpoint loads and all of its elements are one number.
  private func check(_ prefix: String) throws {
    let (session, saver) = try session(0)
    try saver.restore(session, from: prefix)
    let values = try saver.variables.map { try session.value(of: $0).scalars(as: Float.self) }
    let first = values[0][0]
    guard values.allSatisfy({ $0.allSatisfy { $0 == first } }) else {
      throw SessionError("\(prefix) is of several savings")
    }
  }
}

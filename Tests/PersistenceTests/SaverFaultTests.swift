import Dataflow
import Foundation
import Synchronization
import TensorFlowFormats
import Testing

/// Savings that are interrupted at any call to the system, and savings by several threads at once.
@Suite struct SaverFaultTests {
  /// Lets so many calls through; then one fails, or this and all that follow, as for a process that dies.
  private final class Fault: FileCallObserver {
    private let calls: Atomic<Int>
    private let isDeath: Bool

    init(after calls: Int, isDeath: Bool) {
      self.calls = Atomic(calls)
      self.isDeath = isDeath
    }

    var happened: Bool { calls.load(ordering: .relaxed) < 0 }

    func errorNumber(before call: FileCall, on path: String) -> Int32? {
      let left = calls.subtract(1, ordering: .relaxed).newValue
      return left == -1 || (left < 0 && isDeath) ? ENOSPC : nil
    }
  }

  private func inFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "faults-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  private func files(_ folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  private func litter(_ folder: String) -> [String] {
    files(folder).filter { $0.contains("tempstate") }
  }

  /// A session with two variables, both of the given number.
  private func session(_ number: Float) throws -> (Session, Saver) {
    let graph = Graph()
    let w = graph.variable(TensorValue([Float](repeating: number, count: 1000)), name: "w")
    let n = graph.variable(TensorValue(number), name: "n")
    let session = try Session(graph)
    try session.run([w.initializer, n.initializer])
    return (session, Saver(graph, maxToKeep: 2))
  }

  /// The number of a checkpoint, all of whose elements must be it.
  private func number(_ prefix: String) throws -> Float {
    let reader = try CheckpointReader(prefix: prefix)
    let values = try ["w", "n"].flatMap { try reader.value(of: $0).scalars(as: Float.self) }
    #expect(Set(values).count == 1, "of several savings")
    return values[0]
  }

  @Test(arguments: [false, true]) func anInterruptedSavingLeavesTheOldOrTheNew(_ isDeath: Bool)
    throws
  {
    var calls = 0
    while true {
      var isOver = false
      try inFolder { folder in
        let prefix = folder + "/m"
        let (old, saver) = try session(1)
        try saver.save(old, to: prefix)
        let (new, other) = try session(2)
        let fault = Fault(after: calls, isDeath: isDeath)
        let result = Result {
          try FileSystem.$observer.withValue(fault) { try other.save(new, to: prefix) }
        }
        let found = try number(prefix)
        #expect(found == 1 || found == 2)
        if case .success = result { #expect(found == 2) }
        isOver = !fault.happened
        let (third, again) = try session(3)
        try again.save(third, to: prefix)
        #expect(try number(prefix) == 3)
        #expect(litter(folder).isEmpty, "after call \(calls): \(files(folder))")
      }
      if isOver { break }
      calls += 1
    }
    #expect(calls > 20)
  }

  @Test func aFirstSavingAndADeletionMayBeInterrupted() throws {
    for calls in 0..<60 {
      try inFolder { folder in
        let (session, saver) = try session(1)
        try saver.save(session, to: folder + "/m", globalStep: 1)
        try saver.save(session, to: folder + "/m", globalStep: 2)
        let fault = Fault(after: calls, isDeath: true)
        _ = try? FileSystem.$observer.withValue(fault) {
          try saver.save(session, to: folder + "/m", globalStep: 3)
        }
        let (_, next) = try self.session(1)
        try next.save(session, to: folder + "/m", globalStep: 4)
        #expect(litter(folder).isEmpty, "after call \(calls): \(files(folder))")
        for step in 1...4 {
          // Each is there whole or not at all.
          let prefix = "\(folder)/m-\(step)"
          let own = files(folder).filter { $0.hasPrefix("m-\(step).") }
          if own.contains("m-\(step).index") {
            #expect(try number(prefix) == 1)
          } else {
            #expect(own.isEmpty, "after call \(calls): \(own)")
          }
        }
      }
    }
  }

  @Test func aFullDiskOfEventsEndsTheEventsAlone() throws {
    try inFolder { folder in
      let writer = try FileWriter(folder)
      let fault = Fault(after: 1, isDeath: true)
      try FileSystem.$observer.withValue(fault) {
        for step in 0..<4 {
          try writer.whileWritable { try $0.add(scalars: ["a": 1], globalStep: step) }
        }
      }
      try writer.whileWritable { try $0.close() }
      let reader = try EventReader(writer.path)
      var count = 0
      while try reader.next() != nil { count += 1 }
      // The file's head and what was written before the disk was full.
      #expect(count == 2 && !reader.isTruncated)
    }
  }

  @Test func manyThreadsSaveIntoOneFolder() throws {
    try inFolder { folder in
      let prefix = folder + "/m"
      let sessions = try (0..<16).map { try session(Float($0)) }
      try sessions[0].1.save(sessions[0].0, to: prefix)
      let failures = Mutex<[String]>([])
      DispatchQueue.concurrentPerform(iterations: 16) { thread in
        let (session, saver) = sessions[thread]
        for round in 0..<8 {
          do {
            try saver.save(session, to: round % 2 == 0 ? prefix : "\(prefix)\(thread)")
            _ = try number(prefix)
          } catch {
            failures.withLock { $0.append("\(error)") }
          }
        }
      }
      #expect(failures.withLock { $0 } == [])
      #expect(litter(folder).isEmpty)
    }
  }
}

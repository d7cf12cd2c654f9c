import GraphCompiler
import Glibc
import GraphCore
import TensorCore

/// The gate for what is computed: what a run, a fold or a check would take is known before it is taken.
enum MemoryBudget {
  /// What the machine has: a plan that needs more is refused though nobody set a budget.
  static let machine = max(sysconf(Int32(_SC_PHYS_PAGES)), 1) * max(sysconf(Int32(_SC_PAGESIZE)), 1)

  /// What kernels may take for scratch however small the budget for buffers is.
  static let leastScratch = 64 << 20

  /// - Throws: `SessionError` naming the node if its results take more bytes.
  static func check(_ node: Node, results bytes: Int, _ budget: Int) throws(SessionError) {
    guard bytes > budget else { return }
    throw SessionError(
      "\(node) would give \(bytes) bytes, more than the budget of \(budget); raise the budget")
  }
}

extension Executable {
  /// - Throws: `SessionError` if the kernels' scratch on all threads takes more bytes.
  func check(budget: Int, threads: Int) throws(SessionError) {
    let need = [scratchByteCount, threads].sizeProduct
    guard need > max(budget, MemoryBudget.leastScratch) else { return }
    let largest = zip(callables, plan.steps).max { $0.0.scratchByteCount < $1.0.scratchByteCount }
    throw SessionError(
      "the run needs \(need) bytes of scratch, most of it for \"\(largest?.1.nodes.first ?? "")\", more "
        + "than the budget of \(budget); raise the budget")
  }
}

extension Plan {
  /// - Throws: `SessionError` with the need and the largest buffers if the plan takes more bytes.
  func check(budget: Int) throws(SessionError) {
    for use in variables where use.isWritten {
      let size = use.shape.count * (use.dtype.byteCount ?? 0)
      if size > budget {
        throw SessionError(
          "the variable \"\(use.node)\" would be \(use.dtype)\(use.shape), \(size) bytes, more than the "
            + "budget of \(budget); raise the budget")
      }
    }
    let need = arenaByteCount + liveByteCount
    if need <= budget { return }
    var writers: [Int: String] = [:]
    for step in steps {
      for buffer in step.buffers.prefix(step.outputCount) where writers[buffer] == nil {
        writers[buffer] = step.nodes.first
      }
    }
    let placed = buffers.indices.filter { index in
      switch buffers[index].location {
      case .arena, .live: true
      case .feed, .variable, .constant, .randomCounter, .stack: false
      }
    }
    let largest = placed.sorted { buffers[$0].byteCount > buffers[$1].byteCount }.prefix(3)
      .map { index in
        let buffer = buffers[index]
        let writer = writers[index].map { " of \"\($0)\"" } ?? ""
        return "\"\(buffer.name)\"\(writer), \(buffer.dtype)\(buffer.shape), "
          + "\(buffer.byteCount) bytes"
      }
    throw SessionError(
      "the run needs \(need) bytes for its buffers, more than the budget of \(budget); the largest "
        + "are " + largest.joined(separator: "; ") + "; feed smaller batches or raise the budget")
  }
}

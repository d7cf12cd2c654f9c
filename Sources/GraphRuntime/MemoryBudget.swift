import GraphCompiler
import TensorCore

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
      case .feed, .variable, .constant, .randomCounter: false
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

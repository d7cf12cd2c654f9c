import GraphCore
import StandardOps

/// Copies the value that was read from a variable before a write, where something takes it afterwards:
/// a value that was read keeps its value.
package enum KeepReadValues: KernelPass {
  package static let name = "keep-read-values"
  package static let summary = "copies what was read of a variable and is used after a write"
  package static let isNeeded = true

  package static func run(_ list: inout KernelList) {
    let kernels = list.kernels
    var uses: [Tensor: ClosedRange<Int>] = [:]
    var writes: [String: [Int]] = [:]
    for (position, kernel) in kernels.enumerated() {
      for case .variable(let name) in kernel.operands.prefix(kernel.outputCount) {
        writes[name, default: []].append(position)
      }
      for operand in kernel.operands.dropFirst(kernel.outputCount) {
        guard case .tensor(let tensor) = operand else { continue }
        uses[tensor] = (uses[tensor]?.lowerBound ?? position)...position
      }
    }
    for tensor in list.workspace.fetches {
      uses[tensor] = (uses[tensor]?.lowerBound ?? kernels.count)...kernels.count
    }
    var copies: [Int: [FusedKernel]] = [:]
    for (tensor, use) in uses where tensor.node.op == Ops.ReadVariableOp.name {
      let name = tensor.node.input(0).node.variableName
      let write = writes[name]?.first { kernels[$0].root.index > tensor.node.index }
      // A loop may write in one round what it was given before the first, a branch before it reads.
      guard let write, use.upperBound > write || use.upperBound == write && kernels[write].isRegion
      else { continue }
      list.savedReads.insert(tensor)
      // Before its first use, which may come before the write.
      copies[min(use.lowerBound, write), default: []].append(
        .copy(.variable(name), to: .tensor(tensor), like: tensor))
    }
    if copies.isEmpty { return }
    list.kernels = kernels.enumerated().flatMap { (copies[$0.offset] ?? []) + [$0.element] }
  }
}

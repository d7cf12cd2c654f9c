/// A stack of bytes, which grows while a run pushes onto it; what kernels are given of it.
///
/// Its memory stays for the next run, and is freed by whoever made it.
package struct RunStack {
  private var base: UnsafeMutableRawPointer?
  private var capacity = 0
  private var used = 0
  /// The most bytes that it may take.
  package var limit = Int.max

  package init() {}

  /// What a stack takes at first.
  private static let leastCapacity = 1 << 12

  /// Drops all that is on it.
  package mutating func clear() { used = 0 }

  /// Puts bytes on it.
  package mutating func push(_ source: UnsafeRawPointer, _ count: Int) -> KernelStatus {
    let (needed, isLarge) = used.addingReportingOverflow(count)
    guard !isLarge, needed <= limit else { return .stackTooLarge }
    if needed > capacity { grow(to: needed) }
    if count > 0 { base?.advanced(by: used).copyMemory(from: source, byteCount: count) }
    used = needed
    return .success
  }

  /// Takes the last bytes from it.
  package mutating func pop(_ target: UnsafeMutableRawPointer, _ count: Int) -> KernelStatus {
    guard used >= count else { return .stackIsEmpty }
    used -= count
    if count > 0, let base { target.copyMemory(from: base + used, byteCount: count) }
    return .success
  }

  /// Doubles, so that all pushes together take time in proportion to what is pushed.
  private mutating func grow(to needed: Int) {
    let wanted = max(needed, min(2 * capacity, limit), min(Self.leastCapacity, limit))
    let larger = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 64)
    if let base {
      larger.copyMemory(from: base, byteCount: used)
      base.deallocate()
    }
    (base, capacity) = (larger, wanted)
  }

  /// Frees its memory.
  package mutating func free() {
    base?.deallocate()
    (base, capacity, used) = (nil, 0, 0)
  }
}

import Glibc

/// The bytes of a dense tensor: 64-byte aligned, zeroed, freed with their last owner.
///
/// Shared by value copies; `TensorValue` copies it before a write if it is not uniquely referenced.
package final class TensorStorage: @unchecked Sendable {
  package let base: UnsafeMutableRawPointer
  package let byteCount: Int

  /// Enough for the widest vector and a cache line.
  package static let alignment = 64
  /// The size of the machine's huge pages, and of storage that is worth them.
  private static let hugePage = 2 << 20

  package init(byteCount: Int) {
    self.byteCount = byteCount
    // Rounded up, so that a zero-sized tensor too has a valid address.
    let allocated = max(byteCount, 1)
    let isHuge = byteCount >= Self.hugePage
    let room = isHuge ? (allocated + Self.hugePage - 1) / Self.hugePage * Self.hugePage : allocated
    base = UnsafeMutableRawPointer.allocate(
      byteCount: room, alignment: isHuge ? Self.hugePage : Self.alignment)
    // A factor that is read down its columns touches a page for each row: far more than processors keep
    // addresses of, unless pages are huge. A request only, so that its failure is none.
    if isHuge { madvise(base, room, MADV_HUGEPAGE) }
    base.initializeMemory(as: UInt8.self, repeating: 0, count: allocated)
  }

  package convenience init(copying bytes: UnsafeRawBufferPointer) {
    self.init(byteCount: bytes.count)
    if let source = bytes.baseAddress, bytes.count > 0 {
      base.copyMemory(from: source, byteCount: bytes.count)
    }
  }

  deinit { base.deallocate() }
}

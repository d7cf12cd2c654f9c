import Synchronization

extension Signature {
  private static let known = Mutex<[ObjectIdentifier: Signature]>([:])

  /// An op's signature, put together once: a compiler adds thousands of nodes of a few ops.
  package static func of(_ op: any Op.Type) -> Signature {
    let key = ObjectIdentifier(op)
    if let signature = known.withLock({ $0[key] }) { return signature }
    let signature = op.signature
    known.withLock { $0[key] = signature }
    return signature
  }
}

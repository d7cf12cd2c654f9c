/// A layout other than the plan's in which a callable would rather take an operand.
public struct OperandPacking: Hashable, Sendable {
  /// The operand's number.
  public let operand: Int
  /// The bytes that it takes.
  public let byteCount: Int
  /// All that decides what lies where: equal layouts of one buffer are the same bytes.
  public let layout: String

  /// A layout of an operand.
  public init(operand: Int, byteCount: Int, layout: String) {
    self.operand = operand
    self.byteCount = byteCount
    self.layout = layout
  }
}

/// A callable that does better with an operand in another layout: where the operand is the same in
/// many runs, the runtime has it laid out once.
public protocol PackingCallable: KernelCallable {
  /// The layout; nil if this callable has no such wish.
  var packing: OperandPacking? { get }
  /// Lays the operand out in memory of the packing's size.
  func pack(from source: UnsafeRawPointer, into memory: UnsafeMutableRawPointer)
  /// The callable that finds the operand laid out.
  func takingPacked() -> any KernelCallable
}

import GraphCompiler
import Synchronization
import TensorCore

/// What depends on variables and constants alone, kept between runs: computed once, and again only
/// after one of its variables changed.
///
/// A session has one of these for all of its plans. Plans that compute the same from the same variables,
/// such as those for two batch sizes, share one block of memory.
final class LiveConstants: Sendable {
  /// What a plan's live steps compute and where, and what is packed beside it.
  struct Key: Hashable {
    enum Operand: Hashable {
      case kept(offset: Int, DType, Shape)
      case variable(String, DType, Shape)
      case constant(TensorValue)
      case other(Plan.Location, DType, Shape)
    }
    struct Step: Hashable {
      let kernel: Kernel
      let operands: [Operand]
    }
    struct Packed: Hashable {
      let operand: Operand
      let packing: OperandPacking
    }
    let steps: [Step]
    let packed: [Packed]

    init(_ executable: Executable) {
      let plan = executable.plan
      func operand(_ index: Int) -> Operand {
        let buffer = plan.buffers[index]
        switch buffer.location {
        case .live(let offset): return .kept(offset: offset, buffer.dtype, buffer.shape)
        case .variable(let number):
          return .variable(plan.variables[number].name, buffer.dtype, buffer.shape)
        case .constant(let number): return .constant(plan.constants[number])
        default: return .other(buffer.location, buffer.dtype, buffer.shape)
        }
      }
      steps = plan.steps.filter(\.isLive).map {
        Step(kernel: $0.kernel, operands: $0.buffers.map(operand))
      }
      packed = executable.packed.map {
        Packed(operand: operand($0.buffer), packing: $0.packing)
      }
    }
  }

  /// The memory of one set of live steps; all but `computing` is guarded by the lock of its owner.
  final class Block: @unchecked Sendable {
    let byteCount: Int
    /// Held while the steps run, so that only one run computes them.
    let computing = ReadWriteLock()
    fileprivate var storage: TensorStorage?
    /// The versions of the variables that the steps last saw, in the order of their names.
    fileprivate var versions: [UInt64]
    fileprivate var isComputed = false
    fileprivate var lastUse: UInt64 = 0

    init(byteCount: Int, variableCount: Int) {
      self.byteCount = byteCount
      versions = Array(repeating: 0, count: variableCount)
    }
  }

  private struct State {
    var blocks: [Key: Block] = [:]
    var limit = 1 << 30
    var byteCount = 0
    var uses: UInt64 = 0
    var refreshCount = 0

    /// Frees what was not used for the longest time until the rest fits.
    mutating func shrink(keeping kept: Block?) {
      while byteCount > limit {
        let oldest = blocks.values.filter { $0.storage != nil && $0 !== kept }
          .min { $0.lastUse < $1.lastUse }
        guard let oldest else { return }
        drop(oldest)
      }
    }

    mutating func drop(_ block: Block) {
      if block.storage != nil { byteCount -= block.byteCount }
      block.storage = nil
      block.isComputed = false
    }
  }

  private let state = Mutex(State())

  /// The most bytes that are kept; a block that a run needs is there whatever its size.
  var limit: Int {
    get { state.withLock { $0.limit } }
    set {
      state.withLock {
        $0.limit = newValue
        $0.shrink(keeping: nil)
      }
    }
  }

  /// How often live steps have run.
  var refreshCount: Int { state.withLock { $0.refreshCount } }

  /// The block of what a plan keeps, shared with the plans that keep the same.
  func block(for executable: Executable) -> Block {
    let key = Key(executable)
    return state.withLock { state in
      // What no plan has any more.
      for key in Array(state.blocks.keys) {
        guard var block = state.blocks.removeValue(forKey: key) else { continue }
        if isKnownUniquelyReferenced(&block) {
          state.drop(block)
        } else {
          state.blocks[key] = block
        }
      }
      if let known = state.blocks[key] { return known }
      let block = Block(
        byteCount: executable.liveByteCount, variableCount: executable.liveVariables.count)
      state.blocks[key] = block
      return block
    }
  }

  /// Computes a block unless it is up to date. The caller's lock keeps variables from changing.
  ///
  /// - Parameters:
  ///   - version: the version of the `n`th variable, in the order of names.
  ///   - bind: points the run at the memory, before anything is computed.
  func refresh(
    _ block: Block, version: (Int) -> UInt64, bind: (TensorStorage) -> Void,
    compute: () throws -> Void
  ) throws {
    try block.computing.hold(exclusively: true) { () throws in
      let (storage, isCurrent) = state.withLock { state in
        state.uses += 1
        block.lastUse = state.uses
        if block.storage == nil {
          block.storage = TensorStorage(byteCount: block.byteCount)
          state.byteCount += block.byteCount
          state.shrink(keeping: block)
        }
        let isCurrent =
          block.isComputed
          && block.versions.indices.allSatisfy { block.versions[$0] == version($0) }
        if !isCurrent { block.isComputed = false }
        return (block.storage, isCurrent)
      }
      guard let storage else { preconditionFailure("a block that is in use has no memory") }
      bind(storage)
      if isCurrent { return }
      try compute()
      state.withLock { state in
        state.refreshCount += 1
        // Dropped meanwhile, the memory is this run's alone.
        guard block.storage === storage else { return }
        for index in block.versions.indices { block.versions[index] = version(index) }
        block.isComputed = true
      }
    }
  }
}

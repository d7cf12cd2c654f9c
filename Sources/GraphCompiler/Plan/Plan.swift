import GraphCore
import TensorCore

/// A flat, immutable list of steps over one arena: what a session runs.
public struct Plan: Sendable {
  /// Where a buffer's bytes are during a run.
  public enum Location: Hashable, Sendable {
    /// At a byte offset of the run's arena.
    case arena(Int)
    /// At a byte offset of the memory that outlives runs, for what depends on variables alone.
    case live(Int)
    /// The `n`th fed value.
    case feed(Int)
    /// The `n`th variable's value.
    case variable(Int)
    /// The `n`th constant.
    case constant(Int)
    /// The counter of the `n`th random stream.
    case randomCounter(Int)
    /// The `n`th stack, which grows while the plan runs.
    case stack(Int)
  }

  /// A dense, row-major block of elements.
  public struct Buffer: Sendable {
    /// The tensor that it holds, for listings.
    public var name: String
    /// The type of the elements.
    public var dtype: DType
    /// Their arrangement.
    public var shape: Shape
    /// Where the bytes are.
    public var location: Location
    /// The number of bytes.
    public var byteCount: Int { shape.count * (dtype.byteCount ?? 0) }
  }

  /// One kernel with its buffers.
  public struct Step: Sendable {
    /// What is computed.
    public var kernel: Kernel
    /// The buffers that the kernel's operand numbers stand for.
    public var buffers: [Int]
    /// How many of them, the first, are written.
    public var outputCount: Int
    /// The nodes computed, the result first: names in the user's graph.
    public var nodes: [String]
    /// For each of them, the index of the node of the flat graph that it stands for.
    package var origins: [Int]
    /// Whether the step depends on variables and constants alone, so that it runs again only after one
    /// of them changed.
    public var isLive: Bool
  }

  /// Steps in the order in which they run.
  public enum Block: Sendable {
    /// Kernels one after the other.
    case steps(Range<Int>)
    /// Rounds of the same steps.
    case loop(Loop)
    /// The steps of one of two sides.
    case branch(Branch)
  }

  /// A loop, whose rounds go on for as long as its condition holds.
  public struct Loop: Sendable {
    /// The loop's node.
    public var name: String
    /// The steps that compute whether there is a first round.
    public var condition: [Block]
    /// The buffer of the Boolean scalar that they compute.
    public var predicate: Int
    /// The steps of a round, which compute whether there is another too.
    public var body: [Block]
    /// All of these steps.
    public var steps: Range<Int>
    /// The random streams that a round draws from, by their number, and by how much it advances them.
    public var streams: [(number: Int, advance: UInt64)]
  }

  /// Steps of which a run takes one of two sides.
  public struct Branch: Sendable {
    /// The conditional's node.
    public var name: String
    /// The buffer of the Boolean scalar that decides.
    public var predicate: Int
    /// What runs if it is true, and otherwise.
    public var whenTrue: Side, whenFalse: Side
    /// All of these steps.
    public var steps: Range<Int>

    /// One of the sides.
    public struct Side: Sendable {
      /// The steps.
      public var blocks: [Block]
      /// The random streams that it draws from, by their number, and by how much it advances them.
      public var streams: [(number: Int, advance: UInt64)]
    }
  }

  /// How a plan uses a variable.
  public struct VariableUse: Sendable {
    /// The name under which the session holds it.
    public var name: String
    /// The node that declares it, for messages.
    public var node: String
    /// The type of its elements.
    public var dtype: DType
    /// The shape that the plan was compiled for; nil if it is never read.
    public var shape: Shape
    /// Whether it must have a value before the run.
    public var needsValue: Bool
    /// Whether the run changes it.
    public var isWritten: Bool
  }

  /// A random stream.
  public struct RandomStream: Sendable {
    /// The node whose stream it is.
    public var name: String
    /// By how much a run advances the counter.
    public var advance: UInt64
  }

  /// All buffers.
  public var buffers: [Buffer] = []
  /// The steps, those of a loop or branch in its place.
  public var steps: [Step] = []
  /// The order in which the steps run, each of them in one block.
  public var blocks: [Block] = []
  /// The buffer of each fetched tensor, in the order of the request.
  public var fetches: [Int] = []
  /// The fed tensors that are read, by their position in the request.
  public var feeds: [Int] = []
  /// The constants.
  public var constants: [TensorValue] = []
  /// The variables.
  public var variables: [VariableUse] = []
  /// Positions in `variables` of those whose presence is fetched, each with its buffer.
  public var presence: [(variable: Int, buffer: Int)] = []
  /// The random streams.
  public var randomStreams: [RandomStream] = []
  /// The stacks by name.
  public var stacks: [String] = []
  /// The bytes of the arena.
  public var arenaByteCount = 0
  /// The bytes of the memory that outlives runs.
  public var liveByteCount = 0
  /// The bytes behind each buffer of both memories that are no buffer's; 0 unless kernels are watched.
  package var guardByteCount = 0
  /// For each buffer that takes the memory of another, which nothing needs any more, that one.
  package var inPlace: [Int: Int] = [:]
  /// What the compiler did, for listings.
  public var log = RewriteLog()

  /// A plan of no steps.
  public init() {}

  /// From which step to which each buffer of the arena holds something; those that are fetched do so
  /// until after the last.
  package var lifetimes: [Int: ClosedRange<Int>] {
    var lifetimes: [Int: ClosedRange<Int>] = [:]
    for (position, step) in steps.enumerated() {
      for buffer in step.buffers {
        lifetimes[buffer] = (lifetimes[buffer]?.lowerBound ?? position)...position
      }
    }
    // Presence is filled in before the first step, fetches are read after the last.
    for (_, buffer) in presence { lifetimes[buffer] = 0...steps.count }
    for buffer in fetches {
      lifetimes[buffer] = (lifetimes[buffer]?.lowerBound ?? 0)...steps.count
    }
    eachBranch(blocks) { branch in
      // Asked before the first step of either side.
      let (asked, first) = (lifetimes[branch.predicate], branch.steps.lowerBound)
      lifetimes[branch.predicate] =
        min(
          asked?.lowerBound ?? first, first)...max(
          asked?.upperBound ?? first, first)
    }
    eachLoop(blocks) { loop in
      guard let last = loop.steps.last else { return }
      // Asked after the last step of a round.
      let asked = lifetimes[loop.predicate] ?? last...last
      lifetimes[loop.predicate] = asked.lowerBound...max(asked.upperBound, last + 1)
      for (buffer, lifetime) in lifetimes {
        // What comes into a loop or leaves it is there in every round.
        let isInside = loop.steps.contains(lifetime.lowerBound) && lifetime.upperBound <= last
        guard !isInside, lifetime.overlaps(loop.steps.lowerBound...last) else { continue }
        // Beyond the last step too, which must not write over what the next round needs.
        lifetimes[buffer] =
          min(lifetime.lowerBound, loop.steps.lowerBound)...max(lifetime.upperBound, last + 1)
      }
    }
    return lifetimes
  }

  /// Visits loops, the inner ones first.
  private func eachLoop(_ blocks: [Block], _ visit: (Loop) -> Void) {
    for block in blocks {
      for inner in block.inner { eachLoop(inner, visit) }
      if case .loop(let loop) = block { visit(loop) }
    }
  }

  private func eachBranch(_ blocks: [Block], _ visit: (Branch) -> Void) {
    for block in blocks {
      for inner in block.inner { eachBranch(inner, visit) }
      if case .branch(let branch) = block { visit(branch) }
    }
  }

  /// The variables that a run changes.
  public var writtenVariables: [Int] { variables.indices.filter { variables[$0].isWritten } }
}

extension Plan.Block {
  /// The blocks that it holds.
  fileprivate var inner: [[Plan.Block]] {
    switch self {
    case .steps: []
    case .loop(let loop): [loop.condition, loop.body]
    case .branch(let branch): [branch.whenTrue.blocks, branch.whenFalse.blocks]
    }
  }
}

extension [Plan.Block] {
  /// Adds steps at the end.
  package mutating func extend(by steps: Range<Int>) {
    if steps.isEmpty { return }
    if case .steps(let range)? = last, range.upperBound == steps.lowerBound {
      self[count - 1] = .steps(range.lowerBound..<steps.upperBound)
    } else {
      append(.steps(steps))
    }
  }
}

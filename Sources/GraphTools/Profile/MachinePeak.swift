import GraphCompiler
import GraphCore
import GraphRuntime
import StandardOps
import TensorCore

/// The arithmetic that this machine reaches here and now, to hold kernels against.
///
/// It is the rate of a product of two `float32` matrices, the kernel that comes closest to a
/// multiplication and an addition in every lane of every unit, large enough to keep all threads busy
/// and small enough for the second and third caches. It runs through the session's own backends, of
/// which the first that takes it computes it, on the session's own threads, and the best time of some
/// runs counts. So it is no number from a data sheet but one that a kernel of this process did reach,
/// with whatever else the machine is doing; a kernel of another form may still come out above it.
package struct MachinePeak {
  /// Operations in a second.
  package let operationsPerSecond: Double
  /// Rows and columns of the matrices.
  package let size: Int
  /// The backend whose kernel it is.
  package let backend: String
  /// How many threads ran it.
  package let threadCount: Int

  /// Rows and columns: 1 MB for each matrix, a few milliseconds for the product. More would seldom run
  /// without another process in between.
  private static let size = 512

  /// Measures for about a fifth of a second.
  ///
  /// - Throws: if no backend computes a product of matrices.
  package init(of session: Session) throws {
    let size = Self.size
    let graph = Graph()
    let a = graph.placeholder(.float32, [size, size], name: "a")
    let b = graph.placeholder(.float32, [size, size], name: "b")
    let product = matmul(a, b, name: "product")
    let numbers = (0..<(size * size)).map { Float($0 * 7919 % 1000) / 1000 }
    let value = try TensorValue(numbers, shape: [size, size])
    let prepared = try Session(graph, besides: session).prepare(
      [product], feeding: [a: value, b: value])
    let profile = try prepared.profile([value, value], runs: 5, for: .milliseconds(200))
    guard let part = profile.parts.first, let step = part.plan.steps.first,
      let times = part.steps.first, times.best > 0
    else { throw SessionError("a product of matrices took no kernel, so that no peak is known") }
    operationsPerSecond =
      Double(KernelWork(step, in: part.plan).operations) / Double(times.best) * 1e9
    self.size = size
    backend = part.backends[0]
    threadCount = profile.threadCount
  }

  /// The better of two measurements: whatever else the machine does comes and goes.
  func best(_ other: MachinePeak) -> MachinePeak {
    operationsPerSecond >= other.operationsPerSecond ? self : other
  }
}

import CThreads

/// Time as the pool's threads look at it, in nanoseconds.
package enum Clock {
  /// The nanoseconds since some moment.
  @inline(__always) package static var now: Int { Int(dataflow_nanoseconds()) }

  /// How long a thread spins at the most: longer than the serial part between two parallel steps,
  /// shorter than a time slice.
  static let longestSpin = 100_000

  /// About what a thread has of a processor before another gets it.
  static let slice = 2_000_000

  /// The pauses between two looks: about a microsecond.
  static let pauses = 16
}

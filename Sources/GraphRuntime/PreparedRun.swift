import GraphCore
import TensorCore

/// A run whose plan is already found: what is left is to give values of the prepared shapes.
///
/// For a loop that does the same over and over. Not `Sendable`: each thread prepares its own.
public final class PreparedRun {
  let session: Session
  let known: KnownRun
  private var memory: RunMemory?

  init(_ known: KnownRun, in session: Session) {
    self.known = known
    self.session = session
  }

  /// Runs with new values, in the order in which the feeds were prepared.
  ///
  /// - Returns: the fetched values.
  /// - Throws: `SessionError` if a value differs in type or shape from the prepared one, or in value
  ///   where the plan was made for that value alone.
  public func run(_ values: [TensorValue]) throws -> [TensorValue] {
    try check(values)
    return try session.run(known, values)
  }

  /// - Throws: `SessionError` if a value is not what the run was prepared for.
  func check(_ values: [TensorValue]) throws(SessionError) {
    guard values.count == known.places.count else {
      throw SessionError("\(known.places.count) values are expected, found \(values.count)")
    }
    for (number, value) in values.enumerated() where !known.fits(value, number) {
      let prepared = known.feed(number)
      guard value.dtype == prepared.value.dtype, value.shape == prepared.value.shape else {
        throw SessionError(
          "\(prepared.tensor) was prepared for \(prepared.value.dtype)\(prepared.value.shape), "
            + "found \(value.dtype)\(value.shape)")
      }
      throw SessionError(
        "\(prepared.tensor) was prepared for the value \(prepared.value), on which the plan "
          + "depends; prepare another run for \(value)")
    }
  }
}

extension PreparedRun {
  /// Memory that only this prepared run uses.
  func ownMemory() -> RunMemory {
    if let memory { return memory }
    let made = known.found.plan.takeMemory(threads: session.executor.pool.threadCount)
    memory = made
    return made
  }
}

extension Session {
  /// Finds the plan of a run once, for feeds of the given shapes.
  ///
  /// - Parameter feeds: tensors with example values; `PreparedRun.run` takes values in this order.
  /// - Throws: whatever `run` would throw before it runs.
  public func prepare(
    _ fetches: [Tensor], targets: [any GraphElement] = [], feeding feeds: Feeds
  ) throws -> PreparedRun {
    let fed = feeds.entries.compactMap { $0.key as? Tensor }
    let request = try flatRequest(fetches, targets.map(\.target), resolve(feeds))
    guard fed.count == feeds.entries.count,
      let known = KnownRun(request, try findPlan(request), fed: fed)
    else { throw SessionError("only tensors are fed to a prepared run") }
    return PreparedRun(known, in: self)
  }
}

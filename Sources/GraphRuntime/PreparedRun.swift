import GraphCore
import TensorCore

/// A run whose plan is already found: what is left is to give values of the prepared shapes.
///
/// For a loop that does the same over and over. Not `Sendable`: each thread prepares its own.
public final class PreparedRun {
  private let session: Session
  private let plan: CachedPlan
  private let feeds: [ResolvedFeed]
  /// Where the caller's `n`th value stands among the feeds in plan order.
  private let places: [Int]
  private let deciding: [Int]

  init(
    session: Session, plan: CachedPlan, feeds: [ResolvedFeed], places: [Int], deciding: [Int]
  ) {
    self.session = session
    self.plan = plan
    self.feeds = feeds
    self.places = places
    self.deciding = deciding
  }

  /// Runs with new values, in the order in which the feeds were prepared.
  ///
  /// - Returns: the fetched values.
  /// - Throws: `SessionError` if a value differs in type or shape from the prepared one, or in value
  ///   where the plan was made for that value alone.
  public func run(_ values: [TensorValue]) throws -> [TensorValue] {
    guard values.count == places.count else {
      throw SessionError("\(places.count) values are expected, found \(values.count)")
    }
    var ordered = feeds.map(\.value)
    for (value, place) in zip(values, places) {
      let prepared = feeds[place]
      guard value.dtype == prepared.value.dtype, value.shape == prepared.value.shape else {
        throw SessionError(
          "\(prepared.tensor) was prepared for \(prepared.value.dtype)\(prepared.value.shape), "
            + "found \(value.dtype)\(value.shape)")
      }
      if deciding.contains(place), value != prepared.value {
        throw SessionError(
          "\(prepared.tensor) was prepared for the value \(prepared.value), on which the plan "
            + "depends; prepare another run for \(value)")
      }
      ordered[place] = value
    }
    return try session.execute(plan, ordered)
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
    let resolved = try resolve(feeds)
    let (plan, deciding) = try findPlan(fetches, targets.map(\.target), resolved)
    let places = try feeds.entries.map { entry -> Int in
      guard let tensor = entry.key as? Tensor,
        let place = resolved.firstIndex(where: { $0.tensor == tensor })
      else { throw SessionError("only tensors are fed to a prepared run") }
      return place
    }
    return PreparedRun(
      session: self, plan: plan, feeds: resolved, places: places, deciding: deciding)
  }
}

import GraphCore
import TensorCore

/// A run whose plan is already found: what is left is to give values of the prepared shapes.
///
/// For a loop that does the same over and over. Not `Sendable`: each thread prepares its own.
public final class PreparedRun {
  let session: Session
  let request: FlatRequest
  let found: Session.FoundPlan
  let feeds: [ResolvedFeed]
  /// Where the caller's `n`th value stands among the feeds in plan order.
  let places: [Int]
  /// The number of the caller's value at each place.
  let order: [Int]
  let deciding: Set<Int>
  private var memory: RunMemory?

  init(
    session: Session, request: FlatRequest, found: Session.FoundPlan, places: [Int]
  ) {
    self.session = session
    self.request = request
    self.found = found
    feeds = request.feeds
    self.places = places
    order = places.indices.sorted { places[$0] < places[$1] }
    deciding = Set(found.deciding)
  }

  /// Runs with new values, in the order in which the feeds were prepared.
  ///
  /// - Returns: the fetched values.
  /// - Throws: `SessionError` if a value differs in type or shape from the prepared one, or in value
  ///   where the plan was made for that value alone.
  public func run(_ values: [TensorValue]) throws -> [TensorValue] {
    let ordered = try ordered(values)
    if found.stage == nil { return try session.execute(found.plan, ordered) }
    return try session.run(request(ordered))
  }

  /// The request with other values.
  func request(_ ordered: [TensorValue]) -> FlatRequest {
    var request = request
    request.feeds = zip(feeds, ordered).map { ResolvedFeed(tensor: $0.tensor, value: $1) }
    return request
  }

  /// The caller's values in the order of the plan's feeds.
  ///
  /// - Throws: `SessionError` if one is not what the run was prepared for.
  func ordered(_ values: [TensorValue]) throws(SessionError) -> [TensorValue] {
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
    return ordered
  }
}

extension PreparedRun {
  /// Memory that only this prepared run uses.
  func ownMemory() -> RunMemory {
    if let memory { return memory }
    let made = found.plan.takeMemory(threads: session.executor.pool.threadCount)
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
    let request = try flatRequest(fetches, targets.map(\.target), resolve(feeds))
    let found = try findPlan(request)
    let places = try feeds.entries.map { entry -> Int in
      guard let tensor = entry.key as? Tensor,
        case .tensor(let endpoint) = request.flat.images[tensor.node.index][tensor.index],
        let place = request.feeds.firstIndex(where: { $0.tensor.endpoint == endpoint })
      else { throw SessionError("only tensors are fed to a prepared run") }
      return place
    }
    return PreparedRun(session: self, request: request, found: found, places: places)
  }
}

import GraphCore
import TensorCore

/// A run whose plan is found, for values of certain types and shapes, and of certain values where the
/// plan depends on them.
final class KnownRun: Sendable {
  let request: FlatRequest
  let found: Session.FoundPlan
  /// Where the caller's `n`th value stands among the feeds in plan order.
  let places: [Int]
  /// The number of the caller's value at each place.
  let order: [Int]
  let deciding: Set<Int>

  /// - Parameter fed: the tensors of the caller's graph that are fed, in the caller's order.
  /// - Returns: nil if one of them is no single tensor of the flat graph.
  init?(_ request: FlatRequest, _ found: Session.FoundPlan, fed: [Tensor]) {
    var places: [Int] = []
    for tensor in fed {
      guard case .tensor(let endpoint) = request.flat.images[tensor.node.index][tensor.index],
        let place = request.feeds.firstIndex(where: { $0.tensor.endpoint == endpoint })
      else { return nil }
      places.append(place)
    }
    guard Set(places).count == request.feeds.count else { return nil }
    self.request = request
    self.found = found
    self.places = places
    order = places.indices.sorted { places[$0] < places[$1] }
    deciding = Set(found.deciding)
  }

  /// The feed that the caller's `n`th value is for, with the value that the plan was found with.
  func feed(_ number: Int) -> ResolvedFeed { request.feeds[places[number]] }

  /// Whether the plan is for the caller's `n`th value too.
  func fits(_ value: TensorValue, _ number: Int) -> Bool {
    let known = feed(number).value
    return value.dtype == known.dtype && value.shape == known.shape
      && (!deciding.contains(places[number]) || value == known)
  }

  /// Whether the plan is for all of the caller's values.
  func fits(_ values: [TensorValue]) -> Bool { values.indices.allSatisfy { fits(values[$0], $0) } }

  /// The caller's values in the order of the plan's feeds.
  func ordered(_ values: [TensorValue]) -> [TensorValue] { order.map { values[$0] } }

  /// The request with other values, in the order of the plan's feeds.
  func request(_ ordered: [TensorValue]) -> FlatRequest {
    var request = request
    request.feeds = zip(request.feeds, ordered).map {
      ResolvedFeed(tensor: $0.tensor, value: $1)
    }
    return request
  }
}

extension Session {
  /// Runs what is known on values that fit it, in the caller's order.
  func run(_ known: KnownRun, _ values: [TensorValue]) throws -> [TensorValue] {
    let ordered = known.ordered(values)
    if known.found.plan.isWhole {
      return try known.request.results(execute(known.found.plan, ordered))
    }
    return try run(known.request(ordered))
  }
}

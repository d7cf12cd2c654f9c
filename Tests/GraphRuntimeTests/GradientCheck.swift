import Dataflow
import Foundation
import Testing

/// Symbolic gradients against central differences in float64, at fresh points: a failure names their seed,
/// which `DATAFLOW_SEED` gives again.
///
/// The gradients are built of inputs whose shapes are declared, of which only the ranks are, and of which
/// nothing is: what a gradient cannot know when it is built it must find when it runs.
enum GradientCheck {
  private enum Declaration: CaseIterable {
    case shape, rank, nothing

    func shape(_ shape: TensorCore.Shape) -> PartialShape {
      switch self {
      case .shape: PartialShape(shape)
      case .rank: .ofRank(shape.rank)
      case .nothing: .unknown
      }
    }
  }

  private static let seed =
    ProcessInfo.processInfo.environment["DATAFLOW_SEED"].flatMap { UInt64($0) }
    ?? .random(in: 0..<1_000_000)

  /// Numbers that lie apart from each other, as from zero, by more than the step of a difference: where
  /// two are the same, `maximum` has a kink.
  private static func points(_ counts: [Int], from low: Double, to high: Double) -> [[Double]] {
    var generator = SplitMix64(state: Self.seed)
    // An even number of cells has zero between two of them.
    let cells = (counts.reduce(0, +) + 1) / 2 * 2
    let order = (0..<cells).shuffled(using: &generator)
    let all = order.map { cell in
      let place = Double(cell) + .random(in: 0.25...0.75, using: &generator)
      return low + (high - low) * place / Double(cells)
    }
    var start = 0
    return counts.map { count in
      defer { start += count }
      return Array(all[start..<(start + count)])
    }
  }

  /// A weighted sum of a function's output in a graph of its own.
  private struct Sum {
    let inputs: [Tensor]
    let loss: Tensor
    let session: Session
    let shapes: [TensorCore.Shape]

    init(_ shapes: [TensorCore.Shape], _ declaration: Declaration, _ body: ([Tensor]) -> Tensor)
      throws
    {
      let graph = Graph()
      self.shapes = shapes
      inputs = shapes.enumerated().map {
        graph.placeholder(.float64, declaration.shape($1), name: "x\($0)")
      }
      let y = body(inputs)
      let numbers = range(graph.constant(0), size(of: y), graph.constant(1))
      let weights = cast(floorMod(numbers, graph.constant(7)), .float64) / 7 + 0.5
      loss = reduceSum(y * reshape(weights, to: shape(of: y)))
      session = try Session(graph)
    }

    func run(_ tensor: Tensor, _ values: [[Double]]) throws -> [Double] {
      var feeds = Feeds()
      for (input, (value, shape)) in zip(inputs, zip(values, shapes)) {
        feeds.feed(try TensorValue(value, shape: shape), to: input)
      }
      return try session.run(tensor, feeding: feeds).scalars(as: Double.self)
    }
  }

  /// The gradients of a weighted sum of `body(inputs)`, symbolically and by differences.
  static func check(
    _ name: String, _ shapes: [TensorCore.Shape], from low: Double = -0.9, to high: Double = 0.9,
    _ body: ([Tensor]) -> Tensor
  ) throws {
    let values = points(shapes.map(\.count), from: low, to: high)
    let sum = try Sum(shapes, .shape, body)
    let step = 1e-5
    let expected = try values.indices.map { index in
      try values[index].indices.map { element in
        var (above, below) = (values, values)
        above[index][element] += step
        below[index][element] -= step
        return (try sum.run(sum.loss, above)[0] - sum.run(sum.loss, below)[0]) / (2 * step)
      }
    }
    for declaration in Declaration.allCases {
      let sum = try Sum(shapes, declaration, body)
      let symbolic = gradients(of: sum.loss, withRespectTo: sum.inputs)
      for (index, gradient) in symbolic.enumerated() {
        let tensor = try #require(
          gradient, "\(name) (\(declaration) declared) has no gradient for input \(index)")
        let found = try sum.run(tensor, values)
        try #require(found.count == expected[index].count)
        for (element, wanted) in expected[index].enumerated() {
          #expect(
            abs(found[element] - wanted) <= 1e-5 * max(1, abs(wanted)),
            """
            \(name) (\(declaration) declared), input \(index), element \(element): \
            \(found[element]) for \(wanted), DATAFLOW_SEED=\(Self.seed)
            """)
        }
      }
    }
  }
}

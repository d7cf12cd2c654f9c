import Dataflow
import Foundation
import Testing

/// A file of `Fixtures/make_optimizers.py`: cases by name.
func computedCases<Case: Decodable>(_ file: String, as type: Case.Type) throws -> Case {
  let url = try #require(Bundle.module.url(forResource: "Fixtures/\(file)", withExtension: "json"))
  return try JSONDecoder().decode(type, from: Data(contentsOf: url))
}

extension TensorValue {
  /// A `float32` tensor of the numbers of a file.
  static func floats(_ numbers: some Collection<Double>, _ shape: Shape) throws -> TensorValue {
    try TensorValue(converting: Array(numbers), to: .float32, shape: shape)
  }
}

/// Checks numbers against TensorFlow's: how far the worst is off, in units of the tolerance.
func expectClose(
  _ found: [Double], _ expected: [Double], _ name: String, absolute: Double = 0,
  relative: Double = 0, sourceLocation: SourceLocation = #_sourceLocation
) {
  guard found.count == expected.count else {
    Issue.record(
      "\(name): \(found.count) numbers for \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  for (place, (own, other)) in zip(found, expected).enumerated() {
    let isClose = abs(own - other) <= absolute + relative * abs(other)
    if isClose { continue }
    Issue.record(
      "\(name)[\(place)]: \(own), TensorFlow \(other)", sourceLocation: sourceLocation)
    return
  }
}

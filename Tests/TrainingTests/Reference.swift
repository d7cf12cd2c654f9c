import Dataflow
import Foundation
import Testing

/// A tensor as `Fixtures/make.py` writes it.
struct ReferenceTensor: Decodable {
  let shape: [Int]
  private let data: [Double]?
  /// The bits of `float32` elements, where each must agree.
  let bits: [UInt32]?

  var numbers: [Double] { data ?? (bits ?? []).map { Double(Float(bitPattern: $0)) } }

  func value(_ dtype: DType = .float32) throws -> TensorValue {
    try TensorValue(converting: numbers, to: dtype, shape: Shape(shape))
  }

  /// One of several batches.
  func slice(_ index: Int, _ dtype: DType = .float32) throws -> TensorValue {
    let count = numbers.count / shape[0]
    return try TensorValue(
      converting: Array(numbers[(index * count)..<((index + 1) * count)]), to: dtype,
      shape: Shape(Array(shape.dropFirst())))
  }
}

/// Cases by name from a file of `Fixtures`.
struct Reference<Case: Decodable> {
  let inputs: [String: ReferenceTensor]
  let cases: [String: Case]

  init(_ file: String, as type: Case.Type = Case.self) throws {
    let url = try #require(
      Bundle.module.url(forResource: "Fixtures/\(file)", withExtension: "json"))
    let entries = try JSONDecoder().decode([String: Entry].self, from: Data(contentsOf: url))
    inputs = entries["inputs"]?.tensors ?? [:]
    cases = entries.compactMapValues(\.value)
  }

  func callAsFunction(_ name: String) throws -> Case {
    try #require(cases[name], "the file has no case \(name)")
  }

  private struct Entry: Decodable {
    let tensors: [String: ReferenceTensor]?
    let value: Case?

    init(from decoder: any Decoder) throws {
      tensors = try? [String: ReferenceTensor](from: decoder)
      value = try? Case(from: decoder)
    }
  }
}

/// A result with its gradient.
struct ReferenceFunction: Decodable {
  let y: ReferenceTensor
  let dx: ReferenceTensor
}

/// Checks a value against TensorFlow's, with the case's name in every failure.
func expectEqual(
  _ found: TensorValue, _ expected: ReferenceTensor, _ name: String, tolerance: Double = 1e-5,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  #expect(
    found.shape == Shape(expected.shape), "\(name): a shape", sourceLocation: sourceLocation)
  if let bits = expected.bits {
    let own = try found.scalars(as: Float.self).map(\.bitPattern)
    #expect(own == bits, "\(name): bits", sourceLocation: sourceLocation)
    return
  }
  let own = try #require(found.doubles)
  // What rounding leaves of a sum follows from its greatest terms.
  let size = max(1, expected.numbers.reduce(0) { max($0, Swift.abs($1)) })
  let worst = zip(own, expected.numbers).map { Swift.abs($0 - $1) }.max() ?? 0
  let isClose = own.count == expected.numbers.count && worst <= tolerance * size
  #expect(
    isClose, "\(name): \(worst) away of \(size)", sourceLocation: sourceLocation)
}

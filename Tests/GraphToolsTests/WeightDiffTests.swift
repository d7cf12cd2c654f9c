import Dataflow
import Testing

/// One report reconciles two sets of named tensors.
@Suite struct WeightDiffTests {
  private func table(_ values: [String: TensorValue]) -> WeightTable {
    WeightTable(
      values.mapValues { .init(dtype: $0.dtype, shape: PartialShape($0.shape)) }
    ) { values[$0] ?? TensorValue(zeros: [], dtype: .float32) }
  }

  private func zeros(_ shape: Shape, _ dtype: DType = .float32) -> TensorValue {
    TensorValue(zeros: shape, dtype: dtype)
  }

  @Test func everythingIsInOneReport() throws {
    let old = table([
      "model/hidden/kernel": zeros([4, 3]), "model/hidden/bias": zeros([3]), "same": zeros([2]),
      "shape": zeros([2, 2]), "type": zeros([]), "gone": zeros([7]),
    ])
    let new = table([
      "hidden/kernel": zeros([4, 3]), "hidden/bias": zeros([3]),
      "same": try TensorValue([Float(0), 0.5], shape: [2]), "shape": zeros([3, 2]),
      "type": zeros([], .int64), "come": zeros([8]),
    ])
    let differences = try WeightDifferences(from: old, to: new)
    #expect(
      differences.lines() == [
        "likely renamed model/hidden/bias -> hidden/bias",
        "likely renamed model/hidden/kernel -> hidden/kernel",
        "missing gone float32[7]", "extra come float32[8]",
        "changed shape: float32[2, 2] -> float32[3, 2]",
        "changed type: float32[] -> int64[]",
        "values same: differs by at most 0.5 in 1 of 2 elements",
      ])
    #expect(
      differences.map
        == "model/hidden/bias hidden/bias\nmodel/hidden/kernel hidden/kernel\n")
    let near = try WeightDifferences(from: old, to: new, tolerance: 0.5)
    #expect(near.values.isEmpty && !near.isSame)
    #expect(try WeightDifferences(from: old, to: old).isSame)
  }

  @Test func whatIsAmbiguousIsNoRename() throws {
    let old = table(["hidden1/kernel": zeros([4, 4]), "hidden2/kernel": zeros([4, 4])])
    let new = table(["dense/kernel": zeros([4, 4]), "dense_1/kernel": zeros([4, 4])])
    let differences = try WeightDifferences(from: old, to: new)
    #expect(differences.likelyRenames.isEmpty, "\(differences.likelyRenames)")
    #expect(differences.missing.count == 2 && differences.extra.count == 2)
    let other = table(["top/hidden2/kernel": zeros([4, 4]), "top/hidden1/kernel": zeros([4, 4])])
    let found = try WeightDifferences(from: old, to: other).likelyRenames
    #expect(found.map(\.new) == ["top/hidden1/kernel", "top/hidden2/kernel"])
  }

  @Test func aGraphIsReconciledWithACheckpoint() throws {
    let graph = Graph()
    _ = graph.variable(zeros([3]), name: "layer/bias")
    _ = graph.variable(1.0, name: "rate")
    let stored = table(["rate": zeros([]), "old/layer/bias": zeros([3])])
    let differences = try WeightDifferences(from: WeightTable(variablesOf: graph), to: stored)
    #expect(differences.lines() == ["likely renamed layer/bias -> old/layer/bias"])
    let named = try WeightDifferences(
      from: WeightTable(variablesOf: graph), to: stored, names: ["layer/bias": "old/layer/bias"])
    #expect(named.isSame)
  }
}

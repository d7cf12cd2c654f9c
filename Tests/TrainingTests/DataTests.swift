import Dataflow
import Foundation
import TensorFlowFormats
import Testing

@Suite struct DataTests {
  /// A file with that text, for as long as the body runs.
  private func withFile<Result>(_ text: String, _ body: (String) throws -> Result) throws -> Result
  {
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).csv")
      .path
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }

  private func complaint(_ text: String, label: String? = nil) throws -> String {
    try withFile(text) { path in
      do {
        _ = try DataSet.Split.csv(path, label: label)
        return ""
      } catch {
        return "\(error)"
      }
    }
  }

  @Test func commaSeparatedValuesBecomeExamples() throws {
    let text = "a,\"kind, quoted\",b\r\n1,x,2.5\r\n\r\n-3,\"say \"\"y\"\"\",1e2\n"
    try withFile(text) { path in
      let table = try CSVTable.read(path)
      #expect(table.columns == ["a", "kind, quoted", "b"])
      #expect(table.rows[1] == ["-3", "say \"y\"", "1e2"])
      #expect(try table.classes(of: "kind, quoted") == ["say \"y\"", "x"])
      let split = try table.split(label: "kind, quoted")
      #expect(try split.images.scalars(as: Float.self) == [1, 2.5, -3, 100])
      #expect(split.images.shape == [2, 2])
      #expect(try split.labels.scalars(as: Int64.self) == [1, 0])
    }
    try withFile("1;0.5;7\n2;1.5;8") { path in
      let split = try DataSet.Split.csv(path, hasHeader: false, separator: ";")
      #expect(try split.images.scalars(as: Float.self) == [1, 0.5, 2, 1.5])
      #expect(try split.labels.scalars(as: Int64.self) == [7, 8])
      let real = try DataSet.Split.csv(path, label: "1", hasHeader: false, separator: ";")
      #expect(try real.labels.scalars(as: Float.self) == [0.5, 1.5])
    }
  }

  @Test func damagedTablesNameTheLine() throws {
    #expect(try complaint("a,b\n1,2\n3\n").contains("line 3 has 1 fields, expected 2"))
    #expect(try complaint("a,b\n1,2\n\"3\n4\",x,5").contains("line 3 has 3 fields"))
    #expect(try complaint("a,b\n1,2\nx,2\n").contains("line 3: \"x\" in column \"a\""))
    #expect(try complaint("a,b\n1,2\n2,x\n").contains("line 3: \"x\" in column \"b\""))
    #expect(try complaint("a,b\n\"1,2\n").contains("line 2 begins a quoted field"))
    #expect(try complaint("a,b\n1\"2,2\n").contains("line 2 has a quote"))
    #expect(try complaint("a,b\n\"1\"2,2\n").contains("line 2 has text after"))
    #expect(try complaint("a,b\n1,2\n", label: "c").contains("no column \"c\"; it has a, b"))
    #expect(try complaint("").contains("is empty"))
    #expect(try complaint("a,b\n").contains("no examples"))
  }

  @Test func arraysOfNumPyBecomeExamples() throws {
    let folder = FileManager.default.temporaryDirectory.path
    let (x, y) = ("\(folder)/\(UUID().uuidString).npy", "\(folder)/\(UUID().uuidString).npy")
    defer { for path in [x, y] { try? FileManager.default.removeItem(atPath: path) } }
    try NPY.write(TensorValue([UInt8](0..<12), shape: [3, 4]), to: x)
    try NPY.write(TensorValue([Int32](4..<7)), to: y)
    let split = try DataSet.Split.npy(images: x, labels: y)
    #expect(try split.images.scalars(as: Float.self) == (0..<12).map { Float($0) })
    #expect(try split.labels.scalars(as: Int64.self) == [4, 5, 6])
    try NPY.write(TensorValue([Int32](4..<6)), to: y)
    #expect { try DataSet.Split.npy(images: x, labels: y) } throws: {
      "\($0)".contains("labels of shape [2] for examples of shape [3, 4]")
    }
  }

  @Test func trainingStatisticsStandardize() throws {
    let train = try DataSet.Split(
      TensorValue([1, 5, 3, 5] as [Float], shape: [2, 2]), labels: TensorValue([0, 1] as [Int64]))
    let test = try DataSet.Split(
      TensorValue([5, 7] as [Float], shape: [1, 2]), labels: TensorValue([0] as [Int64]))
    let each = try DataSet(train: train, test: test).standardized()
    #expect(try each.train.images.scalars(as: Float.self) == [-1, 0, 1, 0])
    #expect(try each.test.images.scalars(as: Float.self) == [3, 2])
    let all = Standardization(of: train.images, .allFeatures)
    #expect(all.mean == [3.5, 3.5])
    #expect(abs(all.standardDeviation[0] - 2.75.squareRoot()) < 1e-12)
    #expect(throws: TensorError.self) {
      try all(TensorValue([1, 2, 3] as [Float], shape: [1, 3]))
    }
  }

  @Test func classesAreKeptAndCountedAnew() throws {
    let split = try DataSet.Split(
      TensorValue((0..<6).map { Float($0) }, shape: [6, 1]),
      labels: TensorValue([5, 6, 1, 6, 5, 6] as [Int64]))
    let two = split.keeping(classes: [6, 5])
    #expect(try two.images.scalars(as: Float.self) == [0, 1, 3, 4, 5])
    #expect(try two.labels.scalars(as: Int64.self) == [1, 0, 0, 1, 0])
    let few = split.keeping(classes: [6, 5], limit: 1)
    #expect(try few.images.scalars(as: Float.self) == [0, 1])
    let (train, validation) = split.divided(validation: 1 / 3)
    #expect(train.count == 4)
    #expect(try validation.images.scalars(as: Float.self) == [4, 5])
    #expect(split[4..<100].count == 2 && split.prefix(-1).count == 0)
    #expect(try split.shuffled(seed: 3).images == split.shuffled(seed: 3).images)
    #expect(split.shuffled(seed: 3).images != split.shuffled(seed: 4).images)
    #expect(throws: DataSet.SizeError.self) {
      try DataSet.Split(split.images, labels: TensorValue([1] as [Int64]))
    }
  }
}

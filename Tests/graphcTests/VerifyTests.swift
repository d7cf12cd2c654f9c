import Foundation
import Testing

/// The repository's own graphs, trained and evaluated, pass the tool's check of every rewrite.
@Suite struct VerifyTests {
  @Test(arguments: Graphs.all) func everyRewriteOfAGraphIsRight(_ graph: URL) throws {
    let (output, status) = try GraphcProcess.run(["verify", graph.path])
    // A file of comments holds nothing to run.
    let isEmpty = output.contains("nothing of the graph can be run")
    #expect(status == (isEmpty ? 2 : 0), "\(output.suffix(600))")
    #expect(output.hasSuffix("verified\n") || isEmpty)
  }

  @Test func reduceHasNothingToWriteWhereNothingIsWrong() throws {
    let graph = try #require(Graphs.all.first { $0.lastPathComponent == "elementwise.graph" })
    let target = FileManager.default.temporaryDirectory.appending(path: "reduced-\(UUID()).graph")
    let (output, status) = try GraphcProcess.run(["reduce", graph.path, "-o", target.path])
    #expect(status == 0 && output.contains("nothing to reduce"))
    #expect(!FileManager.default.fileExists(atPath: target.path))
  }
}

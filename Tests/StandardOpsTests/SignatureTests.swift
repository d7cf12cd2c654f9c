import Foundation
import GraphCore
import StandardOps
import TensorCore
import Testing

/// Whatever graph is built here, TensorFlow must be able to load: signatures are its own.
@Suite struct SignatureTests {
  /// (What begins with an underscore is TensorFlow's own internal op, in no public list.)
  @Test(arguments: OpSet.standard.names.filter { !$0.hasPrefix("_") })
  func equalsTensorFlows(name: String) throws {
    let op = try #require(OpSet.standard[name])
    let other = try #require(try Self.tensorFlowOps.get()[name], "not among the fixture's ops")
    let signature = op.signature
    #expect(signature.inputs.map(\.text).joined(separator: ", ") == other.inputs)
    #expect(signature.outputs.map(\.text).joined(separator: ", ") == other.outputs)
    #expect(Set(signature.attributes.map(\.name)) == Set(other.attributes.keys))
    for attribute in signature.attributes {
      #expect(attribute.text == other.attributes[attribute.name])
      guard let allowed = other.allowedTypes[attribute.name] else { continue }
      let ours = Set(attribute.allowedTypes.map(\.name))
      #expect(!ours.isEmpty, "TensorFlow restricts \(attribute.name)")
      #expect(ours.subtracting(allowed).isEmpty, "TensorFlow does not allow all of these")
    }
  }

  private static let tensorFlowOps = Result { try TensorFlowOp.all() }

  /// An op that is written and not listed would be unknown to every graph.
  @Test func everyOpIsRegistered() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources")
    let files = try #require(
      FileManager.default.enumerator(at: root, includingPropertiesForKeys: []))
    var found = 0
    for case let file as URL in files where file.pathExtension == "swift" {
      let text = try String(contentsOf: file, encoding: .utf8)
      for match in text.matches(of: /public enum `?(\w+)`?: (\w*Op)\b/) {
        found += 1
        #expect(OpSet.standard[String(match.1)] != nil, "\(match.1) is in no list")
      }
    }
    #expect(found == OpSet.standard.names.count)
  }
}

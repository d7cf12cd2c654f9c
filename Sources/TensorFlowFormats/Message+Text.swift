import SwiftProtobuf

extension SwiftProtobuf.Message {
  /// The message in Protocol Buffers' text form; empty if it says nothing. Fields that are not known
  /// here are left out, since text without their names could not be read again.
  package var compactText: String {
    var options = TextFormatEncodingOptions()
    options.printUnknownFields = false
    return textFormatString(options: options)
  }

  /// A message from a file in text form, fields and extensions that are not known here left out; nil
  /// if the text is of another kind.
  init?(fileText: String) {
    var options = TextFormatDecodingOptions()
    options.ignoreUnknownFields = true
    options.ignoreUnknownExtensionFields = true
    guard let message = try? Self(textFormatString: fileText, options: options) else { return nil }
    self = message
  }

  /// The message's bytes, equal for equal messages.
  package func bytes() throws -> [UInt8] {
    var options = BinaryEncodingOptions()
    options.useDeterministicOrdering = true
    return try serializedBytes(options: options)
  }

  /// The message in Protocol Buffers' text form, as files hold it: each element of a list on a line of
  /// its own. Lists in brackets are right too, but not every reader of TensorFlow's files knows them.
  package var fileText: String {
    compactText.split(separator: "\n", omittingEmptySubsequences: false)
      .map { Self.oneByOne(String($0)) }.joined(separator: "\n")
  }

  /// A line `name: [1, 2]` as a line for each element; strings are never written so.
  private static func oneByOne(_ line: String) -> String {
    guard line.hasSuffix("]"), let start = line.firstRange(of: ": [") else { return line }
    let name = line[..<start.lowerBound]
    guard name.allSatisfy({ $0 == " " || $0 == "_" || $0.isLetter || $0.isNumber }) else {
      return line
    }
    let elements = line[start.upperBound...].dropLast()
    return elements.split(separator: ",")
      .map { "\(name): \($0.drop { $0 == " " })" }.joined(separator: "\n")
  }
}

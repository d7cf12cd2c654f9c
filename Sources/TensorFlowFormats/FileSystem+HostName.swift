import Glibc

extension FileSystem {
  /// The name of this machine, as files bear it.
  package static var hostName: String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let found = buffer.withUnsafeMutableBytes {
      gethostname($0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count - 1) == 0
    }
    let name = String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
    return found && !name.isEmpty ? String(name.map { $0 == "/" ? "_" : $0 }) : "localhost"
  }
}

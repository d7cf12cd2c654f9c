import SwiftProtobuf
import TensorFlowFormats

/// Reads an event file, whoever wrote it, event by event.
///
/// Every checksum is verified, and every length is checked against the file's size before it is
/// believed.
public final class EventReader {
  private let records: RecordReader
  private let refusesTruncation: Bool

  /// The file's path.
  public var path: String { records.path }
  /// Whether the file ended within a record, as that of a process does that still writes or was killed.
  public var isTruncated: Bool { records.isTruncated }

  /// - Parameter refusesTruncation: whether it is an error that the file ends within a record, rather
  ///   than its end.
  /// - Throws: `FileError` if the file cannot be opened.
  public init(_ path: String, refusesTruncation: Bool = false) throws(FileError) {
    records = try RecordReader(path: path)
    self.refusesTruncation = refusesTruncation
  }

  /// The next event; nil at the end.
  ///
  /// - Throws: `FileError` if a checksum is wrong or a record is no event.
  public func next() throws(FileError) -> Event? {
    let number = records.count
    guard let data = try records.next() else {
      if records.isTruncated, refusesTruncation {
        throw FileError(path, "ends within record \(number)")
      }
      return nil
    }
    guard let message = try? TFEvent(serializedBytes: data) else {
      throw FileError(path, "record \(number) is not an Event")
    }
    return try Event(message, path: path)
  }

  /// The event files of a directory, the oldest first; or the file itself if the path is one.
  ///
  /// - Throws: `FileError` if there are none.
  public static func files(at path: String) throws(FileError) -> [String] {
    guard FileSystem.isDirectory(path) else { return [path] }
    let names = try FileSystem.list(path).filter { $0.contains(".tfevents.") }
    guard !names.isEmpty else { throw FileError(path, "holds no event files (*.tfevents.*)") }
    return names.map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
  }
}

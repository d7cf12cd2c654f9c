import Glibc
import GraphCore
import SwiftProtobuf
import Synchronization
import TensorCore
import TensorFlowFormats

/// Writes an event file for TensorBoard: summaries, graphs, profiles.
///
/// Every event is handed to the system whole and at once, so that TensorBoard shows it at once and a
/// process that is killed leaves a readable file. May be used from several threads.
public final class FileWriter: Sendable {
  /// The event file's path.
  public let path: String

  private struct State {
    var file: RecordAppender
    /// Tags whose metadata was written; TensorBoard asks for it once.
    var described: Set<String> = []
    var profiles: Set<String> = []
    var hasFailed = false
  }
  private let state: Mutex<State>

  /// A new event file in a directory, which is made if need be.
  ///
  /// - Parameters:
  ///   - graph: written as the first event if given, with its collections.
  ///   - suffix: the end of the file's name.
  /// - Throws: `FileError` if the file cannot be written, `GraphErrors` for mistakes in the graph.
  public init(_ directory: String, graph: Graph? = nil, suffix: String = "") throws {
    try FileSystem.makeDirectory(directory)
    let seconds = String(Int(Self.now))
    let zeros = String(repeating: "0", count: max(0, 10 - seconds.count))
    let base =
      "\(directory)/events.out.tfevents.\(zeros)\(seconds).\(FileSystem.hostName)\(suffix)"
    var file = try RecordAppender(creating: base)
    // Another writer of the same second has its own file.
    var number = 0
    while file == nil {
      number += 1
      file = try RecordAppender(creating: "\(base).\(number)")
    }
    guard let file else { preconditionFailure("no event file was made") }
    path = file.path
    state = Mutex(State(file: file))
    try add(globalStep: 0) { event in
      event.fileVersion = "brain.Event:2"
      event.sourceMetadata.writer = "dataflow"
    }
    if let graph {
      try addGraph(graph)
      try addMetaGraph(graph)
    }
  }

  /// Writes events for as long as the file can be written: a training must not end, and lose its
  /// weights, because the disk is full. The first failure is told on standard error, and nothing is
  /// written after it.
  ///
  /// - Throws: whatever `body` throws, but for failures of files.
  public func whileWritable(_ body: (FileWriter) throws -> Void) throws {
    if state.withLock({ $0.hasFailed }) { return }
    do {
      try body(self)
    } catch let error as FileError {
      state.withLock { $0.hasFailed = true }
      FileSystem.warn("\(error); no more events are written")
    }
  }

  /// Writes what a summary op gave.
  ///
  /// - Parameter summary: a scalar of `string` that holds a serialized `Summary`.
  /// - Throws: `FileError` if it holds none, or the file cannot be written.
  public func add(_ summary: TensorValue, globalStep: Int = 0) throws(FileError) {
    guard summary.count == 1, let bytes = try? summary.strings().first,
      let message = try? TFSummary(serializedBytes: bytes)
    else {
      throw FileError(
        path, "a serialized Summary is expected, found a value of \(summary.dtype)\(summary.shape)")
    }
    try add(message, globalStep)
  }

  /// Writes numbers that were computed outside of a graph, each under its tag.
  ///
  /// - Throws: `FileError` if the file cannot be written.
  public func add(scalars: [String: Double], globalStep: Int = 0) throws(FileError) {
    var message = TFSummary()
    for (tag, number) in scalars.sorted(by: { $0.key < $1.key }) {
      var value = TFSummary.Value()
      value.tag = tag
      value.simpleValue = Float(number)
      message.value.append(value)
    }
    try add(message, globalStep)
  }

  private func add(_ summary: TFSummary, _ step: Int) throws(FileError) {
    try state.withLock { (state) throws(FileError) in
      var message = summary
      for (index, value) in message.value.enumerated()
      where value.hasMetadata && !value.metadata.pluginData.pluginName.isEmpty {
        if !state.described.insert(value.tag).inserted { message.value[index].clearMetadata() }
      }
      try Self.append(Self.event(step) { $0.summary = message }, to: state.file)
    }
  }

  /// Writes a graph, with the shapes that TensorBoard shows on its edges.
  ///
  /// - Throws: `GraphErrors` for mistakes in the graph, `FileError` if the file cannot be written.
  public func addGraph(_ graph: Graph, globalStep: Int = 0) throws {
    try graph.throwNewErrors()
    var message = TFGraphDef(graph)
    for (index, node) in graph.operations.enumerated() where !node.outputs.isEmpty {
      message.node[index].attr["_output_shapes"] = TFAttrValue(
        .list(node.outputs.map { .shape($0.shape) }))
    }
    let bytes = try message.bytes()
    try add(globalStep: globalStep) { $0.graphDef = .init(bytes) }
  }

  /// Writes a graph with its collections.
  ///
  /// - Throws: `GraphErrors` for mistakes in the graph, `FileError` if the file cannot be written.
  public func addMetaGraph(_ graph: Graph, globalStep: Int = 0) throws {
    try graph.throwNewErrors()
    let bytes = try TFMetaGraphDef(graph).bytes()
    try add(globalStep: globalStep) { $0.metaGraphDef = .init(bytes) }
  }

  /// Writes what happened to a session.
  ///
  /// - Throws: `FileError` if the file cannot be written.
  public func addSessionLog(
    _ status: Event.SessionStatus, checkpoint: String = "", message: String = "",
    globalStep: Int = 0
  ) throws(FileError) {
    try add(globalStep: globalStep) { event in
      event.sessionLog.status = .init(rawValue: status.rawValue) ?? .statusUnspecified
      event.sessionLog.checkpointPath = checkpoint
      event.sessionLog.msg = message
    }
  }

  /// Writes a serialized `RunMetadata`; each tag may be used once.
  func addRunMetadata(_ metadata: TFRunMetadata, tag: String, globalStep: Int) throws(FileError) {
    let path = path
    guard let bytes = try? metadata.serializedBytes() as [UInt8] else {
      throw FileError(path, "the run metadata is too large")
    }
    let event = Self.event(globalStep) { event in
      event.taggedRunMetadata.tag = tag
      event.taggedRunMetadata.runMetadata = .init(bytes)
    }
    try state.withLock { (state) throws(FileError) in
      guard state.profiles.insert(tag).inserted else {
        throw FileError(path, "has run metadata with the tag \"\(tag)\" already; give another tag")
      }
      try Self.append(event, to: state.file)
    }
  }

  /// Waits until all events are on the disk.
  ///
  /// - Throws: `FileError` if they cannot be written there.
  public func flush() throws(FileError) {
    try state.withLock { (state) throws(FileError) in try state.file.sync() }
  }

  /// Ends the file, with all events on the disk; to close it again does nothing.
  ///
  /// - Throws: `FileError` if they cannot be written there.
  public func close() throws(FileError) {
    try state.withLock { (state) throws(FileError) in try state.file.close() }
  }

  // MARK: Events

  private func add(globalStep: Int, _ fill: (inout TFEvent) -> Void) throws(FileError) {
    let event = Self.event(globalStep, fill)
    try state.withLock { (state) throws(FileError) in try Self.append(event, to: state.file) }
  }

  private static func event(_ step: Int, _ fill: (inout TFEvent) -> Void) -> TFEvent {
    var event = TFEvent()
    event.wallTime = now
    event.step = Int64(step)
    fill(&event)
    return event
  }

  private static func append(_ event: TFEvent, to file: RecordAppender) throws(FileError) {
    guard let bytes = try? event.serializedBytes() as [UInt8] else {
      throw FileError(file.path, "an event is too large for a message, 2 GiB at the most")
    }
    try file.append(bytes)
  }

  /// Seconds since 1970.
  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

import Glibc

/// A line on a terminal that says how far the work is; silent where standard error is no terminal.
package struct ProgressBar {
  private let total: Int
  private let isShown = isatty(STDERR_FILENO) != 0
  private var last = ContinuousClock.now - .seconds(1)

  /// A line for work of so many parts.
  package init(total: Int) { self.total = total }

  /// Shows that `done` of the total are done; not more than ten times a second.
  package mutating func show(_ done: Int, _ note: String) {
    guard isShown, total > 0, done == total || ContinuousClock.now - last > .milliseconds(100)
    else { return }
    last = .now
    let width = 30
    let filled = done * width / total
    let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled)
    write("\r\u{1b}[2K\(bar) \(done)/\(total)  \(note)")
  }

  /// Removes the line.
  package func clear() {
    if isShown { write("\r\u{1b}[2K") }
  }

  private func write(_ text: String) {
    _ = Array(text.utf8).withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}

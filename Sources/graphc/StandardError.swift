import Glibc

/// Standard error as a place to print to.
struct StandardError: TextOutputStream {
  func write(_ string: String) {
    _ = Array(string.utf8).withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}

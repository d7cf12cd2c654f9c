import GraphCompiler
import GraphRuntime

/// How many kernels each backend compiled, of how many sessions there are.
package struct KernelTally {
  /// The backends in the order in which sessions ask them.
  private var backends: [String] = []
  /// The kernels of each backend by their forms.
  private var counts: [String: [String: Int]] = [:]

  /// No kernels.
  package init() {}

  /// Counts the kernels of a session's plans; what the compiler runs for itself is none of them.
  package mutating func add(_ session: Session) {
    for backend in session.backendNames where !backends.contains(backend) {
      backends.append(backend)
    }
    for (kernel, backend) in session.kernels {
      counts[backend, default: [:]][kernel.formName, default: 0] += 1
    }
  }

  /// The number of kernels that a backend compiled.
  package func count(by backend: String) -> Int {
    counts[backend]?.values.reduce(0, +) ?? 0
  }

  /// Such as `1234 compiled by llvm, 31 by cpu (random_uniform 8, top_k 3)`: the forms are those that the
  /// backend asked first has declined, the most frequent first.
  package var line: String {
    backends.enumerated().map { position, backend in
      let count = "\(count(by: backend))\(position == 0 ? " compiled" : "") by \(backend)"
      let forms = (counts[backend] ?? [:]).sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      if position == 0 || forms.isEmpty { return count }
      return count + " (\(forms.map { "\($0.key) \($0.value)" }.joined(separator: ", ")))"
    }.joined(separator: ", ")
  }
}

import CThreads
import Glibc
import Synchronization

extension ThreadPool {
  /// The number of processors that this process may use: more threads would spin in each other's
  /// way.
  package static var availableProcessors: Int {
    let usable = Int(dataflow_usable_processors())
    let affinity = usable > 0 ? usable : max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    return threads(affinity: affinity, quota: quota)
  }

  private static let quota = ProcessorQuota(read: text).processors

  /// As many threads as processors, but no more than have time: a part of a processor counts as one
  /// from a half on, since with less the threads would stand still more often than they gain.
  package static func threads(affinity: Int, quota: Double?) -> Int {
    guard let quota, quota < Double(affinity) else { return max(1, affinity) }
    return max(1, Int(quota.rounded()))
  }

  /// The beginning of a file of the kernel's, which are short.
  private static func text(_ path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while bytes.count < 1 << 20 {
      let count = Glibc.read(file, &part, part.count)
      if count <= 0 { break }
      bytes += part[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The pools of sessions that ask for no number of threads, by what they got.
  private static let pools = Mutex<[Int: ThreadPool]>([:])

  /// The pool of all sessions that ask for no number of threads.
  ///
  /// One for the process: sessions that run at the same time share its workers, which are no more
  /// than the processors then.
  static var common: ThreadPool {
    let count = availableProcessors
    return pools.withLock { pools in
      if let pool = pools[count] { return pool }
      let pool = ThreadPool(threadCount: count)
      pools[count] = pool
      return pool
    }
  }
}

/// The processor time that control groups leave to this process, as Linux tells it in text files.
///
/// A container that may use two processors of sixty-four sees all of them; with sixty-four threads
/// it would use its time up in a fraction of each period, and stand still for the rest.
package struct ProcessorQuota {
  /// The contents of a file; nil if there is none.
  private let read: (String) -> String?

  package init(read: @escaping (String) -> String?) { self.read = read }

  /// How many processors' time the process may use; nil if nothing limits it.
  ///
  /// A group may use no more than those it is in, so all of them are asked.
  package var processors: Double? {
    guard let groups = read("/proc/self/cgroup"), let mounts = read("/proc/self/mountinfo")
    else { return nil }
    var least: Double?
    for mount in Self.lines(mounts).compactMap(Mount.init) {
      guard let group = Self.group(of: mount, in: groups) else { continue }
      for folder in mount.folders(of: group) {
        guard let limit = mount.isUnified ? unified(folder) : legacy(folder) else { continue }
        least = min(least ?? limit, limit)
      }
    }
    return least
  }

  /// Version 2: `150000 100000`, or `max 100000`.
  private func unified(_ folder: String) -> Double? {
    guard let text = read(folder + "/cpu.max") else { return nil }
    let words = Self.words(text)
    return words.count == 2 ? Self.limit(words[0], words[1]) : nil
  }

  /// Version 1: microseconds in a file each; the quota is -1 if there is none.
  private func legacy(_ folder: String) -> Double? {
    guard let quota = read(folder + "/cpu.cfs_quota_us"),
      let period = read(folder + "/cpu.cfs_period_us"),
      let (a, b) = Self.words(quota).first.flatMap({ a in Self.words(period).first.map { (a, $0) } }
      )
    else { return nil }
    return Self.limit(a, b)
  }

  private static func limit(_ quota: Substring, _ period: Substring) -> Double? {
    guard let quota = Int64(quota), let period = Int64(period), quota > 0, period > 0 else {
      return nil
    }
    return Double(quota) / Double(period)
  }

  /// The process's group in a hierarchy; lines are `4:cpu,cpuacct:/a/b` in version 1, `0::/a/b` in
  /// version 2.
  private static func group(of mount: Mount, in groups: String) -> Substring? {
    for line in lines(groups) {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let isOfMount =
        mount.isUnified
        ? parts[0] == "0" && parts[1].isEmpty
        : parts[1].split(separator: ",").contains("cpu")
      if isOfMount { return parts[2] }
    }
    return nil
  }

  private static func lines(_ text: String) -> [Substring] { text.split(separator: "\n") }

  private static func words(_ text: some StringProtocol) -> [Substring] {
    text.split { $0 == " " || $0 == "\n" || $0 == "\t" }.map { Substring($0) }
  }

  /// Where a hierarchy of groups with processor time is in the file system.
  private struct Mount {
    let isUnified: Bool
    /// The group that is at the top of what is mounted.
    private let root: String
    private let point: String

    /// `36 25 0:31 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu`
    init?(_ line: Substring) {
      let words = ProcessorQuota.words(line)
      guard let dash = words.firstIndex(of: "-"), dash >= 6, words.count > dash + 3 else {
        return nil
      }
      isUnified = words[dash + 1] == "cgroup2"
      guard
        isUnified
          || (words[dash + 1] == "cgroup" && words[dash + 3].split(separator: ",").contains("cpu"))
      else { return nil }
      root = words[3] == "/" ? "" : String(words[3])
      point = String(words[4])
    }

    /// The folders of a group and of all that it is in, as far as they are mounted.
    ///
    /// In a container the group's name may be the host's, while what is mounted begins at the
    /// group: then that is asked alone.
    func folders(of group: Substring) -> [String] {
      var parts: [Substring] = []
      if group == root || group.hasPrefix(root + "/") {
        parts = group.dropFirst(root.count).split(separator: "/")
      }
      return (0...parts.count).map { count in
        parts.prefix(count).reduce(point) { $0 + "/" + $1 }
      }
    }
  }
}

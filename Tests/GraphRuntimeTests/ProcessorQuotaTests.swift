import CThreads
import Foundation
import GraphRuntime
import Testing

/// How many threads there are by default: by affinity and control groups.
@Suite struct ProcessorQuotaTests {
  /// The quota of a process that sees these files.
  private func processors(_ files: [String: String]) -> Double? {
    ProcessorQuota { files[$0] }.processors
  }

  private static let legacyMounts = """
    23 28 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw
    31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
    33 31 0:30 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset
    32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct

    """
  private static let legacyGroups = """
    4:memory:/elsewhere
    2:cpuset:/
    1:cpu,cpuacct:/a/b
    0::/

    """
  private static let unifiedMounts = """
    24 30 0:22 / /sys rw,nosuid shared:7 - sysfs sysfs rw
    35 24 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime - cgroup2 cgroup2 rw,nsdelegate

    """

  @Test func theFirstVersion() {
    var files = ["/proc/self/mountinfo": Self.legacyMounts, "/proc/self/cgroup": Self.legacyGroups]
    let folder = "/sys/fs/cgroup/cpu,cpuacct"
    #expect(processors(files) == nil)
    files[folder + "/a/b/cpu.cfs_quota_us"] = "-1\n"
    files[folder + "/a/b/cpu.cfs_period_us"] = "100000\n"
    #expect(processors(files) == nil)
    files[folder + "/a/b/cpu.cfs_quota_us"] = "250000\n"
    #expect(processors(files) == 2.5)
    // What the group is in may use less.
    files[folder + "/a/cpu.cfs_quota_us"] = "30000\n"
    files[folder + "/a/cpu.cfs_period_us"] = "20000\n"
    #expect(processors(files) == 1.5)
    files[folder + "/cpu.cfs_quota_us"] = "400000\n"
    files[folder + "/cpu.cfs_period_us"] = "100000\n"
    #expect(processors(files) == 1.5)
    // Of another hierarchy.
    files["/sys/fs/cgroup/cpuset/cpu.cfs_quota_us"] = "1000\n"
    files["/sys/fs/cgroup/cpuset/cpu.cfs_period_us"] = "100000\n"
    #expect(processors(files) == 1.5)
  }

  @Test func theSecondVersion() {
    var files = [
      "/proc/self/mountinfo": Self.unifiedMounts, "/proc/self/cgroup": "0::/user.slice/job.scope\n",
      "/sys/fs/cgroup/user.slice/job.scope/cpu.max": "max 100000\n",
    ]
    #expect(processors(files) == nil)
    files["/sys/fs/cgroup/user.slice/cpu.max"] = "150000 100000\n"
    #expect(processors(files) == 1.5)
    files["/sys/fs/cgroup/user.slice/job.scope/cpu.max"] = "50000 100000\n"
    #expect(processors(files) == 0.5)
  }

  /// Both at once: the first version's mounts with an empty second one beside them.
  @Test func bothVersions() {
    let both = Self.legacyMounts + "40 31 0:37 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
    let files = [
      "/proc/self/mountinfo": both, "/proc/self/cgroup": Self.legacyGroups,
      "/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us": "100000",
      "/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us": "100000",
    ]
    #expect(processors(files) == 1)
  }

  /// In a container the mount begins at the group, by whatever name the process knows it.
  @Test func containers() {
    let mount = "35 24 0:30 /docker/ab /sys/fs/cgroup ro - cgroup2 cgroup rw\n"
    for group in ["/docker/ab", "/", "/docker/abc", "/../.."] {
      let files = [
        "/proc/self/mountinfo": mount, "/proc/self/cgroup": "0::\(group)\n",
        "/sys/fs/cgroup/cpu.max": "200000 100000\n",
      ]
      #expect(processors(files) == 2, "\(group)")
    }
    let inner = [
      "/proc/self/mountinfo": mount, "/proc/self/cgroup": "0::/docker/ab/in:side\n",
      "/sys/fs/cgroup/cpu.max": "max 100000\n",
      "/sys/fs/cgroup/in:side/cpu.max": "300000 100000\n",
    ]
    #expect(processors(inner) == 3)
  }

  @Test func whatIsNotUnderstoodLimitsNothing() {
    for text in ["", "max", "100000", "0 100000", "100000 0", "-5 100000", "a b", "1 2 3", "9e9 1"]
    {
      let files = [
        "/proc/self/mountinfo": Self.unifiedMounts, "/proc/self/cgroup": "0::/\n",
        "/sys/fs/cgroup/cpu.max": text,
      ]
      #expect(processors(files) == nil, "\(text)")
    }
    for mounts in ["", "-", "1 2 3 - cgroup2", "1 2 3 / /a rw - cgroup2", "x\n\ny"] {
      let files = [
        "/proc/self/mountinfo": mounts, "/proc/self/cgroup": "0::/\n:\nno line\n0\n",
        "/a/cpu.max": "100000 100000",
      ]
      #expect(processors(files) == nil, "\(mounts)")
    }
    #expect(processors([:]) == nil)
  }

  @Test func asManyThreadsAsProcessorsHaveTime() {
    #expect(ThreadPool.threads(affinity: 8, quota: nil) == 8)
    #expect(ThreadPool.threads(affinity: 8, quota: 2) == 2)
    #expect(ThreadPool.threads(affinity: 8, quota: 2.5) == 3)
    #expect(ThreadPool.threads(affinity: 8, quota: 2.4) == 2)
    #expect(ThreadPool.threads(affinity: 8, quota: 0.1) == 1)
    #expect(ThreadPool.threads(affinity: 2, quota: 64) == 2)
    #expect(ThreadPool.threads(affinity: 0, quota: nil) == 1)
  }

  @Test func aThreadThatIsBoundToOneProcessor() {
    #expect(ThreadPool.availableProcessors >= 1)
    // On a thread of its own, so that nothing else is bound.
    let done = DispatchSemaphore(value: 0)
    nonisolated(unsafe) var found = 0
    Thread {
      if dataflow_bind_to_one_processor() == 0 { found = ThreadPool.availableProcessors }
      done.signal()
    }.start()
    done.wait()
    #expect(found == 1)
  }
}

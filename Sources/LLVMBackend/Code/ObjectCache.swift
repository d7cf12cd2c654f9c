#if LLVM
  import Glibc
  import Synchronization

  /// What an object file was made of: its source, the compiler, and the processor.
  package struct ObjectKey: Hashable {
    private let hashes: (UInt64, UInt64)
    let machine: String

    /// - Parameters:
    ///   - text: the source.
    ///   - machine: the compiler and the processor.
    package init(text: UnsafeBufferPointer<CChar>, machine: String) {
      var first = StableHash(seed: 1)
      var second = StableHash(seed: 2)
      let bytes = UnsafeRawBufferPointer(text)
      first.combine(bytes)
      second.combine(bytes)
      var description = machine
      description.withUTF8 { bytes in
        first.combine(UnsafeRawBufferPointer(bytes))
        second.combine(UnsafeRawBufferPointer(bytes))
      }
      hashes = (first.value, second.value)
      self.machine = machine
    }

    /// The name of the function and of the file.
    package var symbol: String {
      "dataflow_" + String(hashes.0, radix: 16) + String(hashes.1, radix: 16)
    }

    package static func == (a: ObjectKey, b: ObjectKey) -> Bool { a.symbol == b.symbol }
    package func hash(into hasher: inout Hasher) { hasher.combine(hashes.0) }
  }

  /// A hash that is the same in every process: eight bytes at a time, multiplied and folded.
  struct StableHash {
    private(set) var value: UInt64

    init(seed: UInt64) { value = seed &* 0x9e37_79b9_7f4a_7c15 }

    mutating func combine(_ bytes: UnsafeRawBufferPointer) {
      var position = 0
      while position < bytes.count {
        var word: UInt64 = 0
        let count = min(8, bytes.count - position)
        withUnsafeMutableBytes(of: &word) {
          $0.copyMemory(
            from: UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)]))
        }
        mix(word ^ UInt64(count) << 56)
        position += count
      }
      mix(UInt64(bytes.count))
    }

    private mutating func mix(_ word: UInt64) {
      let product = (value ^ word).multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
      value = (product.high ^ product.low) &+ 0x9e37_79b9_7f4a_7c15
    }
  }

  /// Compiled functions on disk, so that the next process need not compile them.
  ///
  /// A file is used only if it is this user's own, whole, and made of the same source by the same
  /// compiler for the same processor; any other is as good as none. The oldest go when all are more
  /// than a limit.
  package struct ObjectCache: Sendable {
    private let folder: String
    private let limit: Int

    private static let kept = Atomic<Int>(0)
    private static let mark: [UInt8] = Array("dataflow object 1\n".utf8)

    /// The folder that `DATAFLOW_CACHE` names, or the user's cache folder; nil if that is empty.
    static let standard: ObjectCache? = {
      func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
      if let named = variable("DATAFLOW_CACHE") {
        return named.isEmpty ? nil : ObjectCache(folder: named)
      }
      if let caches = variable("XDG_CACHE_HOME"), caches.hasPrefix("/") {
        return ObjectCache(folder: caches + "/dataflow")
      }
      return variable("HOME").map { ObjectCache(folder: $0 + "/.cache/dataflow") }
    }()

    /// - Parameter limit: the most bytes of all files.
    package init(folder: String, limit: Int = 64 << 20) {
      self.folder = folder
      self.limit = limit
    }

    private func path(_ key: ObjectKey) -> String { folder + "/" + key.symbol + ".o" }

    /// What precedes an object in its file.
    private func header(_ object: UnsafeRawBufferPointer, _ key: ObjectKey) -> [UInt8] {
      var sum = StableHash(seed: 3)
      sum.combine(object)
      let text = "\(key.symbol) \(key.machine)\n\(object.count) \(sum.value)\n"
      return Self.mark + Array(text.utf8)
    }

    /// The object file of a key, if it was kept.
    package func object(_ key: ObjectKey) -> [UInt8]? {
      // Nor may a pipe of that name have it wait.
      let file = open(path(key), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
      guard file >= 0 else { return nil }
      defer { close(file) }
      var status = stat()
      // Code is run as this user: nobody else may have written it.
      guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
        status.st_uid == geteuid(), status.st_mode & 0o022 == 0, status.st_size > 0,
        status.st_size < limit
      else { return nil }
      var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
      let count = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
      guard count == bytes.count else { return nil }
      // The header ends with its third line.
      var lines = 0
      guard
        let end = bytes.firstIndex(where: {
          if $0 == 10 { lines += 1 }
          return lines == 3
        })
      else { return nil }
      let object = Array(bytes[(end + 1)...])
      let expected = object.withUnsafeBytes { header($0, key) }
      return Array(bytes[...end]) == expected ? object : nil
    }

    /// Keeps an object file; what cannot be written is not kept.
    package func keep(_ object: [UInt8], _ key: ObjectKey) {
      makeFolder()
      let aside = folder + "/" + key.symbol + ".\(getpid())"
      let file = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
      guard file >= 0 else { return }
      let bytes = object.withUnsafeBytes { header($0, key) } + object
      let count = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
      if close(file) != 0 || count != bytes.count || rename(aside, path(key)) != 0 {
        unlink(aside)
      }
      // Now and then: the limit need not hold to the byte.
      if Self.kept.add(1, ordering: .relaxed).oldValue % 64 == 0 { shrink() }
    }

    private func makeFolder() {
      var place = folder.hasPrefix("/") ? "" : "."
      for part in folder.split(separator: "/") {
        place += "/" + part
        mkdir(place, 0o700)
      }
    }

    /// Removes the oldest files until the rest is within the limit.
    private func shrink() {
      guard let entries = opendir(folder) else { return }
      defer { closedir(entries) }
      var files: [(path: String, age: Int, size: Int)] = []
      while let entry = readdir(entries) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        var status = stat()
        let path = folder + "/" + name
        guard name.hasPrefix("dataflow_"), lstat(path, &status) == 0 else { continue }
        files.append((path, status.st_mtim.tv_sec, Int(status.st_size)))
      }
      var total = files.reduce(0) { $0 + $1.size }
      for file in files.sorted(by: { $0.age < $1.age }) where total > limit {
        unlink(file.path)
        total -= file.size
      }
    }
  }
#endif

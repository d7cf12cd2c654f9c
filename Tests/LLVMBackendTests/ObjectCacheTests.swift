#if LLVM
  import CPUBackend
  import Dataflow
  import Foundation
  import GraphCompiler
  import LLVMBackend
  import Testing

  /// Compiled functions on disk: only what is whole, made of the same source and this user's own is
  /// taken, and whatever is there, answers are right.
  @Suite struct ObjectCacheTests {
    /// A folder that is gone after `body`.
    private func withFolder(_ body: (String) throws -> Void) throws {
      let temporary = FileManager.default.temporaryDirectory.path
      var template = Array("\(temporary)/dataflow-cache-XXXXXX".utf8CString)
      let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) != nil }
      try #require(made)
      let folder = String(
        decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      defer {
        for name in names(folder) { unlink(folder + "/" + name) }
        rmdir(folder)
      }
      try body(folder)
    }

    private func names(_ folder: String) -> [String] {
      guard let entries = opendir(folder) else { return [] }
      defer { closedir(entries) }
      var names: [String] = []
      while let entry = readdir(entries) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
      }
      return names.sorted()
    }

    private func key(_ text: String, machine: String = "a machine") -> ObjectKey {
      text.withCString {
        ObjectKey(text: UnsafeBufferPointer(start: $0, count: text.utf8.count), machine: machine)
      }
    }

    private func read(_ path: String) -> [UInt8] {
      let file = open(path, O_RDONLY)
      defer { close(file) }
      var bytes = [UInt8](repeating: 0, count: 1 << 20)
      let count = Glibc.read(file, &bytes, bytes.count)
      return Array(bytes.prefix(max(0, count)))
    }

    private func write(_ bytes: [UInt8], _ path: String) {
      let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
      defer { close(file) }
      #expect(Glibc.write(file, bytes, bytes.count) == bytes.count)
    }

    private let object = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 7) }

    @Test func whatWasKeptIsFoundAgain() throws {
      try withFolder { folder in
        let cache = ObjectCache(folder: folder)
        let key = key("source")
        #expect(cache.object(key) == nil)
        cache.keep(object, key)
        #expect(cache.object(key) == object)
        #expect(ObjectCache(folder: folder).object(key) == object)
        // Nothing is left of writing aside.
        #expect(names(folder) == [key.symbol + ".o"])
        #expect(cache.object(self.key("source ")) == nil)
        #expect(cache.object(self.key("source", machine: "another")) == nil)
        cache.keep([], self.key("empty"))
        #expect(cache.object(self.key("empty")) ?? [] == [])
      }
    }

    @Test func aDamagedFileIsNone() throws {
      try withFolder { folder in
        let cache = ObjectCache(folder: folder)
        let key = key("source")
        cache.keep(object, key)
        let path = folder + "/" + key.symbol + ".o"
        let whole = read(path)
        for index in whole.indices {
          for bit in [UInt8(1), 0x80] {
            var damaged = whole
            damaged[index] ^= bit
            write(damaged, path)
            #expect(cache.object(key) == nil, "byte \(index)")
          }
        }
        for count in whole.indices {
          write(Array(whole.prefix(count)), path)
          #expect(cache.object(key) == nil, "\(count) bytes")
        }
        write(whole + [0], path)
        #expect(cache.object(key) == nil)
        write(whole, path)
        #expect(cache.object(key) == object)
      }
    }

    @Test func aForeignFileIsNone() throws {
      try withFolder { folder in
        let cache = ObjectCache(folder: folder)
        let (mine, other) = (key("source"), key("another"))
        cache.keep(object, mine)
        let path = folder + "/" + mine.symbol + ".o"
        // Under the name of another key.
        write(read(path), folder + "/" + other.symbol + ".o")
        #expect(cache.object(other) == nil)
        for mode in [0o620, 0o602, 0o666] as [mode_t] {
          chmod(path, mode)
          #expect(cache.object(mine) == nil, "mode \(String(mode, radix: 8))")
        }
        chmod(path, 0o644)
        #expect(cache.object(mine) == object)
        chmod(path, 0o600)
        rename(path, folder + "/elsewhere")
        symlink(folder + "/elsewhere", path)
        #expect(cache.object(mine) == nil)
        unlink(path)
        mkdir(path, 0o700)
        #expect(cache.object(mine) == nil)
        cache.keep(object, mine)
        #expect(cache.object(mine) == nil)
        rmdir(path)
        mkfifo(path, 0o600)
        #expect(cache.object(mine) == nil)
        unlink(path)
        if geteuid() == 0 {
          cache.keep(object, mine)
          chown(path, 12_345, 12_345)
          #expect(cache.object(mine) == nil)
        }
      }
    }

    @Test func whereNothingCanBeWrittenNothingIsKept() throws {
      try withFolder { folder in
        let key = key("source")
        write([1], folder + "/file")
        for place in [folder + "/file", folder + "/file/inside", "/proc/none"] {
          let cache = ObjectCache(folder: place)
          #expect(cache.object(key) == nil)
          cache.keep(object, key)
          #expect(cache.object(key) == nil, "\(place)")
        }
        // Folders on the way are made.
        let deep = ObjectCache(folder: folder + "/a/b")
        deep.keep(object, key)
        #expect(deep.object(key) == object)
        unlink(folder + "/a/b/" + key.symbol + ".o")
        rmdir(folder + "/a/b")
        rmdir(folder + "/a")
      }
    }

    @Test func theOldestGoWhereThereAreTooMany() throws {
      try withFolder { folder in
        let limit = 20_000
        let cache = ObjectCache(folder: folder, limit: limit)
        let before = key("older")
        cache.keep(object, before)
        let path = folder + "/" + before.symbol + ".o"
        let size = read(path).count
        var times = [timeval(tv_sec: 1000, tv_usec: 0), timeval(tv_sec: 1000, tv_usec: 0)]
        utimes(path, &times)
        write([UInt8](repeating: 0, count: 100_000), folder + "/somebody else's")
        // The limit need not hold to the file: it is looked at now and then.
        for number in 0..<200 { cache.keep(object, key("\(number)")) }
        let files = names(folder).filter { $0.hasSuffix(".o") }
        #expect(files.count * size <= limit + 64 * size)
        #expect(files.count < 201 && !files.isEmpty)
        #expect(cache.object(before) == nil)
        #expect(names(folder).contains("somebody else's"))
        #expect(cache.object(key("199")) == object)
      }
    }

    /// A small net's results with functions of their own, and how many it has.
    private func results(_ cache: ObjectCache?) throws -> (values: [TensorValue], count: Int) {
      let library = CodeLibrary(try LLVMLibrary.loaded.get(), cache: cache)
      let graph = Graph()
      let x = graph.placeholder(.float32, [33, 50])
      let w = graph.constant(try Numbers.ordinary([50, 17], seed: 2))
      let y = tanh(matmul(x, w))
      let session = try Session(graph, asking: [LLVMBackend(library), CPUBackend()])
      let values: [TensorValue] = try session.run(
        [y, reduceSum(y, axes: [1]), softmax(y)], feeding: [x: Numbers.ordinary([33, 50])])
      #expect(session.kernels.allSatisfy { $0.backend == "llvm" })
      return (values, library.functionCount)
    }

    @Test func runsGiveTheSameWhateverIsInTheFolder() throws {
      try withFolder { folder in
        let expected = try results(nil)
        let cache = ObjectCache(folder: folder)
        #expect(try results(cache).values == expected.values)
        let files = names(folder)
        #expect(files.count == expected.count)
        let whole = files.map { read(folder + "/" + $0) }
        #expect(try results(cache).values == expected.values)
        let damages: [(String, ([UInt8]) -> [UInt8])] = [
          ("nothing", { _ in [] }), ("half", { Array($0.prefix($0.count / 2)) }),
          ("zeros", { $0.map { _ in 0 } }),
          ("a flipped byte", { $0.dropLast(99) + [0] + $0.suffix(98) }),
        ]
        for (name, damage) in damages {
          for (file, bytes) in zip(files, whole) { write(damage(bytes), folder + "/" + file) }
          #expect(try results(cache).values == expected.values, "\(name)")
          // What was damaged is made anew.
          for (file, bytes) in zip(files, whole) { #expect(read(folder + "/" + file) == bytes) }
        }
        // Each function's code under another's name.
        for (file, bytes) in zip(files, whole.reversed()) { write(bytes, folder + "/" + file) }
        #expect(try results(cache).values == expected.values)
        #expect(try results(ObjectCache(folder: "/proc/none")).values == expected.values)
      }
    }
  }
#endif

#if LLVM
  import CPUBackend
  import Dataflow
  import LLVMBackend
  import Testing

  /// Functions hold no sizes: a server whose batches vary compiles for the first few, then no more.
  @Suite struct CompilationCountTests {
    private struct Server {
      let x: Tensor, y: Tensor, logits: Tensor, loss: Tensor
      let step: [any GraphElement]
      let session: Session
      let library: CodeLibrary

      init() throws {
        let graph = Graph()
        x = graph.placeholder(.float32, [nil, 29], name: "x")
        y = graph.placeholder(.int64, [nil], name: "y")
        let hidden = elu(Layers.dense(x, units: 40, name: "a"))
        logits = Layers.dense(hidden, units: 10, name: "b")
        loss = reduceMean(sparseSoftmaxCrossEntropy(labels: y, logits: logits))
        step = [AdamOptimizer().minimize(loss)]
        library = CodeLibrary(try LLVMLibrary.loaded.get(), cache: nil)
        session = try Session(graph, asking: [LLVMBackend(library), CPUBackend()])
        try session.run(graph.globalVariablesInitializer())
      }

      /// The number of functions after each batch size.
      func counts(_ batches: some Sequence<Int>, trains: Bool) throws -> [Int] {
        try batches.map { batch in
          let feeds: Feeds = [
            x: try Numbers.ordinary([batch, 29]),
            y: TensorValue((0..<batch).map { Int64($0 % 10) }),
          ]
          if trains {
            _ = try session.run([loss], targets: step, feeding: feeds)
          } else {
            let values: [TensorValue] = try session.run([logits], feeding: feeds)
            #expect(values[0].shape == [batch, 10])
          }
          return library.functionCount
        }
      }
    }

    @Test(arguments: [false, true]) func varyingBatchesCompileOnce(_ trains: Bool) throws {
      let server = try Server()
      let counts = try server.counts(2...40, trains: trains)
      let batches = Array(2...40)
      let growing = zip(batches.dropFirst(), zip(counts, counts.dropFirst()))
        .filter { $1.0 != $1.1 }.map { "batch \($0): \($1.0) to \($1.1)" }
      // Up to six rows, the micro-kernel of each number of rows when it is first met.
      let settled = counts[batches.firstIndex(of: 6) ?? 0]
      #expect(counts.last == settled, "\(growing)")
      #expect(counts[0] > 0 && counts[0] + 4 >= settled, "\(growing)")
    }
  }
#endif

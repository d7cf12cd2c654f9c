import CPUBackend
import Dataflow
import Glibc
import GraphCompiler
import GraphRuntime
import Testing

/// Runs that watch over the bytes behind their buffers.
@Suite struct MemoryGuardTests {
  /// Does what the CPU backend does, and writes a byte behind the first result as well.
  private struct Overrunning: Backend {
    let name = "overrunning"

    func compile(_ kernels: [Kernel]) -> [(any KernelCallable)?] {
      CPUBackend().compile(kernels).map { $0.map(Callable.init) }
    }

    private final class Callable: KernelCallable {
      private let wrapped: any KernelCallable
      var tileCount: Int { wrapped.tileCount }
      var scratchByteCount: Int { wrapped.scratchByteCount }
      var estimatedNanoseconds: Int { wrapped.estimatedNanoseconds }

      init(_ wrapped: any KernelCallable) { self.wrapped = wrapped }

      func run(
        tiles: Range<Int>, operands: UnsafePointer<UnsafeMutableRawPointer>,
        scratch: UnsafeMutableRawPointer
      ) -> KernelStatus {
        // The result has 5 floats.
        operands[0].storeBytes(of: 1, toByteOffset: 20, as: UInt8.self)
        return wrapped.run(tiles: tiles, operands: operands, scratch: scratch)
      }
    }
  }

  private static func run(_ backend: any Backend) throws -> [Float] {
    let graph = Graph()
    let x = graph.placeholder(.float32, [nil], name: "x")
    let y = cumsum(x)
    var settings = CompilerSettings()
    settings.guardsBuffers = true
    let session = try Session(graph, asking: [backend], threads: 1, compiler: settings)
    return try session.run(y, feeding: [x: TensorValue([1, 2, 3, 4, 5] as [Float])]).scalars()
  }

  @Test func whatStaysInsideRuns() throws {
    #expect(try Self.run(CPUBackend()) == [1, 3, 6, 10, 15])
  }

  @Test func aByteBehindABufferEndsTheProcess() async {
    await #expect(processExitsWith: .failure) {
      // The handler would take half a minute to print where.
      signal(SIGILL, SIG_DFL)
      _ = try Self.run(Overrunning())
    }
  }
}

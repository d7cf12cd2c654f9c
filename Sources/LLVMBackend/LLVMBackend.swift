import GraphCompiler

/// Compiles kernels to machine code through LLVM; it declines every kernel for now, so that the
/// backends after it run them.
public struct LLVMBackend: Backend {
  /// `llvm`.
  public let name = "llvm"

  /// The backend.
  public init() {}

  /// Nil for each kernel.
  public func compile(_ kernels: [Kernel]) -> [(any KernelCallable)?] { kernels.map { _ in nil } }
}

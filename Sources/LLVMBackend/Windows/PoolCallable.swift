#if LLVM
  import GraphCompiler
  import StandardOps
  import TensorCore

  /// A pooling kernel on the way to code.
  struct PoolRecipe: Recipe {
    let call: NamedKernelCall
    let form: PoolForm
    let geometry: ConvolutionGeometry
    /// The rows of the output in each tile of an image; a gradient's windows overlap, so that it has one.
    let rows: [Range<Int>]

    private static let tileWork = 30_000

    /// Nil for any other kernel, and where channels come first.
    init?(_ call: NamedKernelCall) {
      guard case .pool(let kind, let geometry, let isGradient) = call.kernel,
        kind != .chosen, !geometry.isChannelsFirst, let output = call.outputs.first,
        output.dtype == .float32 || output.dtype == .float64, output.shape.count > 0
      else { return nil }
      self.call = call
      self.geometry = geometry
      form = PoolForm(kind: kind, isGradient: isGradient, dtype: output.dtype)
      let rowWork =
        geometry.outputWidth * geometry.inputChannels * geometry.windowHeight
        * geometry.windowWidth
      let parts =
        isGradient
        ? 1 : min(geometry.outputHeight, max(1, geometry.outputHeight * rowWork / Self.tileWork))
      rows = ProductTiling.parts(geometry.outputHeight, max(1, parts))
    }

    var forms: [any CodeForm] { [form] }

    func callable(_ code: [Code]) -> any KernelCallable {
      PoolCallable(self, unsafeBitCast(code[0].address, to: PoolFunction.self))
    }
  }

  /// A compiled pooling kernel.
  final class PoolCallable: KernelCallable, @unchecked Sendable {
    private let recipe: PoolRecipe
    private let function: PoolFunction
    private let words: UnsafeMutablePointer<Int>
    /// The bytes of one image of the input and of the output.
    private let inputBytes: Int, outputBytes: Int
    let tileCount: Int
    let scratchByteCount = 64
    let estimatedNanoseconds: Int

    init(_ recipe: PoolRecipe, _ function: @escaping PoolFunction) {
      self.recipe = recipe
      self.function = function
      let g = recipe.geometry
      let size = recipe.form.dtype.byteCount ?? 4
      inputBytes = g.inputHeight * g.inputWidth * g.inputChannels * size
      outputBytes = g.outputHeight * g.outputWidth * g.inputChannels * size
      tileCount = g.batch * recipe.rows.count
      estimatedNanoseconds =
        g.batch * g.outputHeight * g.outputWidth * g.inputChannels * g.windowHeight
        * g.windowWidth / 8
      let common = [
        g.inputChannels, g.outputWidth, g.inputHeight, g.inputWidth, g.windowHeight,
        g.windowWidth, g.strideHeight, g.strideWidth, g.dilationHeight, g.dilationWidth, g.padTop,
        g.padLeft,
      ]
      let all = recipe.rows.flatMap { common + [$0.lowerBound, $0.upperBound] }
      words = .allocate(capacity: all.count)
      words.initialize(from: all, count: all.count)
    }

    deinit { words.deallocate() }

    func run(
      tiles: Range<Int>, operands: UnsafePointer<UnsafeMutableRawPointer>,
      scratch: UnsafeMutableRawPointer
    ) -> KernelStatus {
      let call = recipe.call
      let input = operands[call.inputs[0].buffer]
      let gradient = operands[call.inputs[call.inputs.count - 1].buffer]
      let result = operands[call.outputs[0].buffer]
      for tile in tiles {
        let (image, part) = tile.quotientAndRemainder(dividingBy: recipe.rows.count)
        var target = result + image * outputBytes
        if recipe.form.isGradient {
          target = result + image * inputBytes
          target.initializeMemory(as: UInt8.self, repeating: 0, count: inputBytes)
        }
        _ = function(
          input + image * inputBytes, gradient + image * outputBytes, target,
          words + part * PoolWord.allCases.count)
      }
      return .success
    }
  }
#endif

#if LLVM
  import GraphCompiler
  import StandardOps
  import TensorCore

  /// A convolution, or the gradient of its input, on the way to code.
  struct WindowRecipe: Recipe {
    let plan: WindowPlan
    let epilogue: EpilogueRecipe

    init?(_ kernel: ConvolutionKernel, _ machine: HostMachine) {
      let width = MicroKernelForm.columnCount(kernel.dtype, machine)
      guard let plan = WindowPlan(kernel, width: width), !plan.boxes.isEmpty else {
        return nil
      }
      self.plan = plan
      epilogue = EpilogueRecipe(
        kernel.epilogue ?? kernel.storing, dtype: kernel.dtype, boxes: plan.boxes, keeping: 3
      ) { box in
        let (columns, channels) = (box[box.startIndex + 1].count, box[box.startIndex + 2].count)
        let pitch = (channels + width - 1) / width * width
        return [columns * pitch, pitch, 1]
      }
    }

    var forms: [any CodeForm] {
      let kernel = plan.kernel
      let kernels = plan.rowCounts.map {
        MicroKernelForm(dtype: kernel.dtype, rowCount: $0, isByColumn: kernel.isDepthwise)
      }
      let packing = PackingForm(dtype: kernel.dtype, isTransposed: plan.packsTransposed)
      return kernels + [packing, epilogue.form]
    }

    func callable(_ code: [Code]) -> any KernelCallable {
      let counts = plan.rowCounts
      return WindowCallable(
        plan, micro: MicroKernelTable(counts, code),
        packing: unsafeBitCast(code[counts.count].address, to: PackingFunction.self),
        epilogue: EpilogueCallable(epilogue, code[counts.count + 1]))
    }
  }

  extension WindowPlan {
    /// Whether a column of the result is a row of the filter as it lies.
    var packsTransposed: Bool { kernel.part == .inputGradient && !kernel.isDepthwise }
  }

  extension ConvolutionKernel {
    /// The loop that stores the result where there is no other epilogue.
    var storing: LoopKernel {
      let builder = ElementBuilder()
      let element = builder.element(.load(0), dtype)
      return LoopKernel(
        extents: output.shape.dimensions, loads: [], body: builder.expression([element]),
        stores: [
          Operand(
            buffer: output.buffer, dtype: dtype, access: Access(strides: output.shape.strides))
        ])
    }
  }
#endif

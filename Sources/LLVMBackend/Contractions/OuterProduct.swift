#if LLVM
  import GraphCompiler
  import StandardOps
  import TensorCore

  extension ContractionKernel {
    /// A product of one term for each element as a loop, which reads and writes everything once; nil if
    /// there are more terms.
    var outerProduct: LoopKernel? {
      guard k == 1 else { return nil }
      let extents = batch + [m, n]
      let builder = ElementBuilder()
      let left = Operand(
        buffer: a.buffer, dtype: dtype,
        access: Access(
          offset: a.offset,
          strides: a.batchStrides + [a.isTransposed ? 1 : a.leadingDimension, 0]))
      let right = Operand(
        buffer: b.buffer, dtype: dtype,
        access: Access(
          offset: b.offset,
          strides: b.batchStrides + [0, b.isTransposed ? b.leadingDimension : 1]))
      let x = builder.element(.load(0), dtype)
      let y = builder.element(.load(1), dtype)
      // A sum begins with zero: a product of −0 becomes 0.
      let product = x * y + builder.constant(0, dtype)
      guard let epilogue else {
        let store = Operand(
          buffer: self.product, dtype: dtype, access: Access(strides: Shape(extents).strides))
        return LoopKernel(
          extents: extents, loads: [left, right], body: builder.expression([product]),
          stores: [store]
        ).collapsed()
      }
      var loop = epilogue
      loop.loads = [left, right] + epilogue.loads
      var values: [Element] = []
      for (number, instruction) in epilogue.body.instructions.enumerated() {
        if case .load(let load) = instruction {
          // The epilogue's own loads are those from 1.
          values.append(
            load == 0
              ? product : builder.element(.load(load + 1), epilogue.body.types[number]))
        } else {
          values.append(
            builder.element(
              instruction.mapOperands { values[$0].number }, epilogue.body.types[number]))
        }
      }
      loop.body = builder.expression(epilogue.body.results.map { values[$0] })
      return loop.collapsed()
    }
  }
#endif

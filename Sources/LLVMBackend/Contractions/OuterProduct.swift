#if LLVM
  import GraphCompiler
  import StandardOps
  import TensorCore

  extension ContractionKernel {
    /// A product of at most one term for each element, or of no elements, as a loop, which reads and
    /// writes everything once; nil for any other.
    var outerProduct: LoopKernel? {
      let extents = batch + [m, n]
      let isEmpty = extents.contains(0)
      guard k <= 1 || isEmpty else { return nil }
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
      let factors = k == 1 ? [left, right] : []
      // A sum begins with zero: a product of −0 becomes 0.
      let zero = builder.constant(0, dtype)
      let product =
        factors.isEmpty
        ? zero : builder.element(.load(0), dtype) * builder.element(.load(1), dtype) + zero
      guard let epilogue else {
        let store = Operand(
          buffer: self.product, dtype: dtype, access: Access(strides: Shape(extents).strides))
        return LoopKernel(
          extents: extents, loads: factors, body: builder.expression([product]),
          stores: [store]
        ).collapsed()
      }
      var loop = epilogue
      loop.loads = factors + epilogue.loads
      var values: [Element] = []
      for (number, instruction) in epilogue.body.instructions.enumerated() {
        if case .load(let load) = instruction {
          // The epilogue's own loads are those from 1.
          let own = ElementInstruction.load(load - 1 + factors.count)
          values.append(
            load == 0 ? product : builder.element(own, epilogue.body.types[number]))
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

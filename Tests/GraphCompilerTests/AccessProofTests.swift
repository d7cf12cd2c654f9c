import Dataflow
import GraphCompiler
import StandardOps
import Testing

/// A kernel that would leave its buffers is an error before it is made, whatever op asked for it.
@Suite struct AccessProofTests {
  /// A plan of one step, whose buffers have the given shapes; the first is written.
  private func plan(_ kernel: Kernel, _ shapes: [Shape], _ dtypes: [DType]? = nil) -> Plan {
    var plan = Plan()
    plan.buffers = shapes.enumerated().map { index, shape in
      .init(
        name: "b\(index)", dtype: dtypes?[index] ?? .float32, shape: shape, location: .feed(index))
    }
    plan.steps = [
      .init(
        kernel: kernel, buffers: Array(shapes.indices), outputCount: 1, nodes: ["node"],
        origins: [0],
        isLive: false)
    ]
    return plan
  }

  /// A copy of `count` elements from `offset` on, `stride` apart.
  private func copy(_ count: Int, from offset: Int, by stride: Int) -> Kernel {
    let builder = ElementBuilder()
    let element = builder.element(.load(0), .float32)
    return .loop(
      LoopKernel(
        extents: [count],
        loads: [
          Operand(buffer: 1, dtype: .float32, access: Access(offset: offset, strides: [stride]))
        ], body: builder.expression([element]),
        stores: [Operand(buffer: 0, dtype: .float32, access: Access(strides: [1]))]))
  }

  @Test(arguments: [
    (4, 0, 1, 4, true), (4, 3, -1, 4, true), (4, 0, 2, 7, true), (0, 99, 5, 1, true),
    (5, 0, 1, 4, false), (4, 1, 1, 4, false), (4, 2, -1, 4, false), (4, -1, 1, 9, false),
    (4, 0, .max, 9, false), (4, .max, 1, 9, false),
  ])
  func loopsStayInside(
    _ loop: (count: Int, offset: Int, stride: Int, size: Int, isInside: Bool)
  ) throws {
    let kernel = copy(loop.count, from: loop.offset, by: loop.stride)
    let plan = plan(kernel, [[max(loop.count, 1)], [loop.size]])
    if loop.isInside {
      try AccessProof.check(plan)
    } else {
      let error = try #require(throws: GraphError.self) { try AccessProof.check(plan) }
      #expect(error.node == "node", "\(error)")
    }
  }

  @Test func storesStayInside() {
    #expect(throws: GraphError.self) {
      try AccessProof.check(plan(copy(4, from: 0, by: 1), [[3], [4]]))
    }
  }

  @Test func elementsHaveTheBuffersWidth() {
    #expect(throws: GraphError.self) {
      try AccessProof.check(
        plan(copy(4, from: 0, by: 1), [[4], [4]], [.float32, .uint8]))
    }
  }

  @Test(arguments: [(2, 3, 4, true), (3, 3, 4, false), (2, 3, 5, false)])
  func productsStayInside(_ sizes: (m: Int, n: Int, k: Int, isInside: Bool)) throws {
    let product = Kernel.contraction(
      ContractionKernel(
        batch: [], m: sizes.m, n: sizes.n, k: sizes.k, dtype: .float32,
        a: MatrixOperand(
          buffer: 1, batchStrides: [], leadingDimension: sizes.k, isTransposed: false),
        b: MatrixOperand(
          buffer: 2, batchStrides: [], leadingDimension: sizes.n, isTransposed: false),
        product: 0, epilogue: nil))
    let plan = plan(product, [[2, 3], [2, 4], [4, 3]])
    if sizes.isInside {
      try AccessProof.check(plan)
    } else {
      #expect(throws: GraphError.self) { try AccessProof.check(plan) }
    }
  }

  @Test(arguments: [ConvolutionPart.output, .inputGradient, .filterGradient])
  func convolutionsHaveTheirSizes(_ part: ConvolutionPart) throws {
    var geometry = ConvolutionGeometry()
    (geometry.inputHeight, geometry.inputWidth, geometry.inputChannels) = (5, 5, 2)
    (geometry.windowHeight, geometry.windowWidth, geometry.groupChannels) = (3, 3, 2)
    (geometry.outputHeight, geometry.outputWidth, geometry.outputChannels) = (3, 3, 4)
    let shapes: [ConvolutionPart: Shape] = [
      .output: [1, 3, 3, 4], .inputGradient: [1, 5, 5, 2], .filterGradient: [3, 3, 2, 4],
    ]
    let order: [ConvolutionPart] = [.inputGradient, .filterGradient, .output]
    let operands = order.filter { $0 != part }.compactMap { shapes[$0] }
    let result = try #require(shapes[part])
    func check(_ geometry: ConvolutionGeometry) throws {
      let kernel = ConvolutionKernel(
        geometry: geometry, part: part, isDepthwise: false, dtype: .float32,
        inputs: operands.enumerated().map { .init(buffer: $0 + 1, dtype: .float32, shape: $1) },
        output: .init(buffer: 0, dtype: .float32, shape: result), epilogue: nil)
      try AccessProof.check(plan(.convolution(kernel), [result] + operands))
    }
    try check(geometry)
    for change: WritableKeyPath<ConvolutionGeometry, Int> in [
      \.inputHeight, \.outputWidth, \.outputChannels, \.windowWidth, \.batch,
    ] {
      var wrong = geometry
      wrong[keyPath: change] += 1
      #expect(throws: GraphError.self) { try check(wrong) }
    }
  }

  @Test func namedKernelsHaveTheirSizes() throws {
    func gather(_ batch: Int, _ params: Shape, _ indices: Shape, _ output: Shape) throws {
      let call = NamedKernelCall(
        kernel: .gather(axis: 1, batchDimensions: batch),
        inputs: [
          .init(buffer: 1, dtype: .float32, shape: params),
          .init(buffer: 2, dtype: .int32, shape: indices),
        ], outputs: [.init(buffer: 0, dtype: .float32, shape: output)], counter: nil)
      try AccessProof.check(
        plan(.named(call), [output, params, indices], [.float32, .float32, .int32]))
    }
    try gather(1, [3, 4, 2], [3, 5], [3, 5, 2])
    #expect(throws: GraphError.self) { try gather(1, [50, 4, 2], [3, 5], [50, 5, 2]) }
    #expect(throws: GraphError.self) { try gather(0, [3, 4, 2], [5], [3, 6, 2]) }
  }
}

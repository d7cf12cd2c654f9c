/// What matrix products and convolutions have in common: each finished tile goes through an epilogue.
extension Kernel {
  /// The loop over each finished tile, if the kernel is a product and has one.
  package var epilogue: LoopKernel? {
    get {
      switch self {
      case .contraction(let contraction): contraction.epilogue
      case .convolution(let convolution): convolution.epilogue
      case .loop, .staged, .named: nil
      }
    }
    set {
      switch self {
      case .contraction(var contraction):
        contraction.epilogue = newValue
        self = .contraction(contraction)
      case .convolution(var convolution):
        convolution.epilogue = newValue
        self = .convolution(convolution)
      case .loop, .staged, .named: preconditionFailure("only a product has an epilogue")
      }
    }
  }

  /// The buffers that a product reads as a whole, not element by element of its result.
  package var factors: [Int] {
    switch self {
    case .contraction(let contraction): [contraction.a.buffer, contraction.b.buffer]
    case .convolution(let convolution): convolution.inputs.map(\.buffer)
    case .loop, .staged, .named: []
    }
  }
}

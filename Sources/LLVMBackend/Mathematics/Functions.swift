#if LLVM
  extension Lanes {
    func exp() -> Lanes { libraryCall("exp") }
    func expm1() -> Lanes { libraryCall("expm1") }
    func log() -> Lanes { libraryCall("log") }
    func log1p() -> Lanes { libraryCall("log1p") }
    func tanh() -> Lanes { libraryCall("tanh") }
    func sigmoid() -> Lanes { 1 / ((-self).exp() + constant(1)) }
    func erf() -> Lanes { libraryCall("erf") }
    func sine() -> Lanes { libraryCall("sin") }
    func cosine() -> Lanes { libraryCall("cos") }
    func power(_ exponent: Lanes) -> Lanes { libraryCall("pow", exponent) }
  }
#endif

import StandardOps

extension Kernel {
  /// Whether every backend gives the same bits: all steps are rounded correctly, and the order of sums is
  /// the kernel's own.
  package var isRoundedAlike: Bool {
    switch self {
    case .loop(let loop): loop.isRoundedAlike
    case .staged(let staged): staged.stages.allSatisfy { $0.loop.isRoundedAlike }
    case .contraction, .convolution: false
    case .named(let call):
      switch call.kernel {
      case .pool, .resize, .lstm: false
      default: true
      }
    }
  }
}

extension LoopKernel {
  fileprivate var isRoundedAlike: Bool {
    [body, finish, reduction?.combine].allSatisfy { $0?.isRoundedAlike ?? true }
  }
}

extension ElementExpression {
  /// Whether every backend gives the same bits.
  var isRoundedAlike: Bool { instructions.allSatisfy(\.isRoundedAlike) }
}

extension ElementInstruction {
  /// Whether the step has one correct answer that every backend gives.
  fileprivate var isRoundedAlike: Bool {
    switch self {
    case .load, .coordinate, .constant, .comparison, .select, .cast: true
    case .unary(let operation, _):
      switch operation {
      case .negate, .absolute, .sign, .not, .squareRoot, .reciprocalSquareRoot, .floor, .ceiling,
        .roundToEven:
        true
      default: false
      }
    case .binary(let operation, _, _): operation != .power && operation != .arcTangent2
    }
  }
}

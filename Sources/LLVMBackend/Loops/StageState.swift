#if LLVM
  import CLLVM
  import TensorCore

  /// What a stage knows at one place of its loops; copied on the way inwards.
  struct StageState {
    /// The element offsets that the indices so far give each access.
    var loads: [IRValue]
    var finishLoads: [IRValue]
    var stores: [IRValue]
    /// The indices of the dimensions entered so far.
    var indices: [IRValue]
    /// The steps of the body that are computed already: alone, and in every lane of a vector.
    var values: [Lanes?]
    var splats: [Lanes?]
    /// How many lanes stand for elements, and which; nil if all do.
    var remaining: IRValue = nil
    var active: Lanes?

    /// Restricts vectors to their first lanes.
    mutating func cover(_ remaining: IRValue, _ emitter: Emitter) {
      self.remaining = remaining
      active = remaining.map { emitter.lanes(below: $0, count: NestForm.laneCount) }
    }
  }
#endif

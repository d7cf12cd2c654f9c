import GraphCompiler
import StandardOps
import TensorCore

/// Pushes onto stacks and pops from them.
enum Stacking {
  static func stack(_ call: NamedKernelCall, _ action: StackAction) -> NamedCallable? {
    guard let place = call.stack else { return nil }
    let value = call.inputs.first ?? call.outputs.first
    let bytes = (value?.shape.count ?? 0) * (value?.dtype.byteCount ?? 0)
    let buffer = value?.buffer ?? place
    return NamedCallable(nanoseconds: 10 + bytes / 16) { _, operands, _ in
      let stack = operands[place].assumingMemoryBound(to: RunStack.self)
      switch action {
      case .clear:
        stack.pointee.clear()
        return .success
      case .push: return stack.pointee.push(operands[buffer], bytes)
      case .pop: return stack.pointee.pop(operands[buffer], bytes)
      }
    }
  }
}

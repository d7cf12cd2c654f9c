import Glibc
import GraphCompiler
import TensorCore

extension PreparedRun {
  /// Runs with values that lie in the caller's memory, and writes the fetched ones there too.
  ///
  /// Nothing is allocated and no value copied but the fetched ones, so that a run takes the same time
  /// again and again. Elements are row-major, in this machine's byte order, aligned as their type is;
  /// a Boolean is a byte of 0 or 1. Buffers of inputs and outputs must not overlap.
  ///
  /// - Parameters:
  ///   - inputs: the fed values' elements, in the order in which the feeds were prepared.
  ///   - outputs: where each fetched value's elements go.
  /// - Throws: `SessionError` if a buffer has another size than the prepared value, or another value
  ///   where the plan was made for that value alone; if a value is no numbers, or the run has several
  ///   segments.
  public func run(
    from inputs: [UnsafeRawBufferPointer], into outputs: [UnsafeMutableRawBufferPointer]
  ) throws {
    let executable = known.found.plan.executable
    guard known.found.plan.isWhole else {
      throw SessionError(
        "the run has several segments, since its plan depends on values that it computes; "
          + "give its values as tensors")
    }
    guard known.request.strings == nil else {
      throw SessionError("strings are fetched, which fill no buffer; use run(_:)")
    }
    guard inputs.count == known.places.count else {
      throw SessionError("\(known.places.count) values are expected, found \(inputs.count)")
    }
    guard outputs.count == executable.plan.fetches.count else {
      throw SessionError(
        "\(executable.plan.fetches.count) values are fetched, found \(outputs.count) buffers")
    }
    for (number, input) in inputs.enumerated() { try check(input, number) }
    for (number, output) in outputs.enumerated() {
      let buffer = executable.plan.buffers[executable.plan.fetches[number]]
      guard buffer.dtype.byteCount != nil, output.count == buffer.byteCount else {
        throw SessionError(
          "the fetched value \(number) is \(buffer.dtype)\(buffer.shape), which takes "
            + "\(buffer.byteCount) bytes; found a buffer of \(output.count)")
      }
    }
    let memory = ownMemory()
    try session.execute(known.found.plan, in: memory) { position in
      // Nothing writes to a fed value.
      UnsafeMutableRawPointer(mutating: inputs[known.order[position]].baseAddress)
    } collecting: {
      for (number, output) in outputs.enumerated() where output.count > 0 {
        output.baseAddress?.copyMemory(
          from: memory.bufferAddresses[executable.plan.fetches[number]], byteCount: output.count)
      }
    }
  }

  /// - Throws: `SessionError` if the `number`th value cannot be taken from a buffer.
  private func check(_ input: UnsafeRawBufferPointer, _ number: Int) throws(SessionError) {
    let prepared = known.feed(number)
    guard let size = prepared.value.dtype.byteCount, input.count == prepared.value.byteCount else {
      throw SessionError(
        "\(prepared.tensor) was prepared for \(prepared.value.dtype)\(prepared.value.shape) of "
          + "\(prepared.value.byteCount) bytes, found a buffer of \(input.count)")
    }
    if let base = input.baseAddress, UInt(bitPattern: base) % UInt(size) != 0 {
      throw SessionError(
        "the buffer for \(prepared.tensor) is not aligned to the \(size) bytes of an element")
    }
    guard known.deciding.contains(known.places[number]) else { return }
    let isSame = prepared.value.withUnsafeBytes { own in
      guard let a = own.baseAddress, let b = input.baseAddress else { return own.count == 0 }
      return memcmp(a, b, own.count) == 0
    }
    if !isSame {
      throw SessionError(
        "\(prepared.tensor) was prepared for the value \(prepared.value), on which the plan "
          + "depends; prepare another run for another value")
    }
  }
}

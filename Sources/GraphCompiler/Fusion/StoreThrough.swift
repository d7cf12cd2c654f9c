import StandardOps

/// Computes what a variable is set to straight into the variable, though other kernels take it too; and
/// so what the next round of a loop has in place of a value of this one.
///
/// An optimizer's step takes its new moments on to the weights, so that they have a buffer of their own
/// and are copied into their variables afterwards. Where nothing reads a variable's old value after its
/// new one is computed, the new one is stored in the variable at once, and read there.
package struct StoreThrough: KernelPass {
  package static let name = "store-through"
  package static let summary =
    "computes new values of variables and rounds straight into their places"

  private var kernels: [FusedKernel]
  private let location: (FusedKernel.Source) -> FusedKernel.Source
  /// What stands for the values of a round.
  private let arguments: Set<FusedKernel.Source>
  private var producers: [FusedKernel.Source: Int] = [:]
  private var readers: [FusedKernel.Source: [Int]] = [:]
  private var writers: [FusedKernel.Source: Int] = [:]

  package static func run(_ list: inout KernelList) {
    let (kernels, locations) = (list.kernels, list)
    // What is read after everything else keeps a buffer of its own.
    let fetched = Set(list.results.map { FusedKernel.Source.tensor($0) })
    var storing = StoreThrough(
      kernels: kernels, arguments: Set(list.carries.map { .tensor($0.argument) })
    ) { locations.location($0) }
    storing.index()
    let checks = kernels.indices.filter { kernels[$0].mayFail }
    var dropped = Set<Int>()
    for position in kernels.indices {
      // What has been computed straight into another place is copied from there.
      guard let (variable, value) = storing.copied(by: storing.kernels[position]),
        !fetched.contains(value), !storing.arguments.contains(value),
        let producer = storing.producers[value],
        storing.isFree(variable, from: producer, to: position),
        !checks.contains(where: { producer <= $0 && $0 <= position })
      else { continue }
      storing.store(value, of: producer, in: variable, instead: position)
      dropped.insert(position)
    }
    list.kernels = storing.kernels.enumerated().filter { !dropped.contains($0.offset) }.map(
      \.element)
  }

  private init(
    kernels: [FusedKernel], arguments: Set<FusedKernel.Source>,
    location: @escaping (FusedKernel.Source) -> FusedKernel.Source
  ) {
    self.kernels = kernels
    self.arguments = arguments
    self.location = location
  }

  private mutating func index() {
    for (position, kernel) in kernels.enumerated() {
      for (number, operand) in kernel.operands.enumerated() {
        let place = location(operand)
        if number < kernel.outputCount {
          producers[place] = producers[place] == nil && kernel.outputCount == 1 ? position : -1
          writers[place, default: 0] += 1
        } else {
          readers[place, default: []].append(position)
        }
      }
    }
    producers = producers.filter { $0.value >= 0 }
  }

  /// Whether the variable is written once, and its old value read by nothing after the kernel that is
  /// to write it, which itself takes it element by element at most.
  private func isFree(
    _ variable: FusedKernel.Source, from producer: Int, to position: Int
  ) -> Bool {
    // What reads it later wants the new value.
    let lastReader = readers[variable]?.last { $0 < position } ?? -1
    guard writers[variable] == 1, lastReader <= producer else { return false }
    let kernel = kernels[producer]
    switch kernel.kernel {
    case .named(let call)?:
      // What scatters into the place does not copy it first.
      guard case .scatter = call.kernel else { return false }
      return kernel.operands.indices.dropFirst().allSatisfy {
        ($0 == call.inputs[0].buffer) == (location(kernel.operands[$0]) == variable)
      }
    case nil: return false
    case .loop?, .staged?, .contraction?, .convolution?: break
    }
    return !kernel.readsElsewhere { location($0) == variable }
  }

  private mutating func store(
    _ value: FusedKernel.Source, of producer: Int, in variable: FusedKernel.Source,
    instead position: Int
  ) {
    kernels[producer].operands[0] = variable
    kernels[producer].nodes += kernels[position].nodes.filter {
      !kernels[producer].nodes.contains($0)
    }
    for later in readers[value] ?? [] {
      for (number, operand) in kernels[later].operands.enumerated() where operand == value {
        kernels[later].operands[number] = variable
      }
    }
    readers[variable] = readers[value]
  }

  /// The place and the tensor, if the kernel only copies one into the other: into a variable, or into
  /// what stands for a value in the next round of a loop.
  private func copied(
    by kernel: FusedKernel
  ) -> (place: FusedKernel.Source, value: FusedKernel.Source)? {
    guard let loop = kernel.loop, loop.reduction == nil, kernel.operands.count == 2,
      case .tensor = kernel.operands[1], loop.loads.count == 1,
      loop.loads[0].access == loop.stores[0].access, loop.body.instructions == [.load(0)]
    else { return nil }
    let place = kernel.operands[0]
    if case .variable = place { return (place, kernel.operands[1]) }
    return arguments.contains(place) ? (place, kernel.operands[1]) : nil
  }
}

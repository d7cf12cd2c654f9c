import StandardOps

extension LoopKernel {
  /// The same loop with as few dimensions as possible: those of size 1 dropped, neighbours that every
  /// access walks through contiguously merged.
  package func collapsed() -> LoopKernel { collapsed(keeping: []).loop }

  /// The same loop with as few dimensions as possible, of which some stay apart.
  ///
  /// - Parameter kept: parallel dimensions that are not merged.
  /// - Returns: the loop, and where each kept dimension is now.
  package func collapsed(keeping kept: [Int]) -> (loop: LoopKernel, kept: [Int]) {
    var kernel = self
    let rank = extents.count
    // Dimensions are merged within the parallel and within the reduced ones, never across.
    let parallel = Self.groups(extents, keeping: kept) { mergeable($0, $1) }
    let reduced = Self.groups(reducedExtents) { mergeable($0 + rank, $1 + rank) }
    let all = parallel + reduced.map { $0.map { $0 + rank } }
    let sizes = extents + reducedExtents
    func merged(_ strides: [Int], _ groups: [[Int]]) -> [Int] {
      groups.map { strides[$0[$0.count - 1]] }
    }
    kernel.extents = parallel.map { $0.reduce(1) { $0 * sizes[$1] } }
    kernel.reducedExtents = reduced.map { $0.reduce(1) { $0 * reducedExtents[$1] } }
    for index in loads.indices {
      kernel.loads[index].access.strides = merged(loads[index].access.strides, all)
    }
    for index in finishLoads.indices {
      kernel.finishLoads[index].access.strides = merged(finishLoads[index].access.strides, parallel)
    }
    for index in stores.indices {
      kernel.stores[index].access.strides = merged(stores[index].access.strides, parallel)
    }
    kernel.body = body.mapCoordinates { merged($0, all) }
    kernel.finish = finish?.mapCoordinates { merged($0, parallel) }
    return (kernel, kept.map { dimension in parallel.firstIndex(of: [dimension]) ?? 0 })
  }

  /// The loop with two parallel dimensions as one, in the place of the second.
  package func merging(_ a: Int, into b: Int) -> LoopKernel {
    precondition(mergeable(a, b), "dimensions that every access walks through contiguously")
    var kernel = self
    kernel.extents[b] *= extents[a]
    kernel.extents[a] = 1
    return kernel
  }

  /// Whether every access steps through dimension `a` as through a whole run of dimension `b`.
  package func mergeable(_ a: Int, _ b: Int) -> Bool {
    let size = (extents + reducedExtents)[b]
    func contiguous(_ strides: [Int]) -> Bool {
      !strides.indices.contains(b) || strides[a] == strides[b] * size
    }
    return loads.allSatisfy { contiguous($0.access.strides) }
      && finishLoads.allSatisfy { contiguous($0.access.strides) }
      && stores.allSatisfy { contiguous($0.access.strides) }
      && body.coordinates.allSatisfy(contiguous)
      && (finish?.coordinates ?? []).allSatisfy(contiguous)
  }

  /// Runs of neighbouring dimensions that may merge; those of size 1 belong to none.
  private static func groups(
    _ sizes: [Int], keeping kept: [Int] = [], _ mergeable: (Int, Int) -> Bool
  ) -> [[Int]] {
    var groups: [[Int]] = []
    for dimension in sizes.indices where sizes[dimension] != 1 || kept.contains(dimension) {
      if let last = groups.last?.last, !kept.contains(last), !kept.contains(dimension),
        mergeable(last, dimension)
      {
        groups[groups.count - 1].append(dimension)
      } else {
        groups.append([dimension])
      }
    }
    return groups
  }

  /// The part of the loop inside a box of its parallel dimensions.
  package func restricted(to box: [Range<Int>]) -> LoopKernel {
    precondition(box.count == extents.count, "a box of the parallel dimensions")
    var kernel = self
    kernel.extents = box.map(\.count)
    func shift(_ access: inout Access) {
      for (dimension, range) in box.enumerated() {
        access.offset += range.lowerBound * access.strides[dimension]
      }
    }
    for index in loads.indices { shift(&kernel.loads[index].access) }
    for index in finishLoads.indices { shift(&kernel.finishLoads[index].access) }
    for index in stores.indices { shift(&kernel.stores[index].access) }
    let lower = box.map(\.lowerBound)
    kernel.body = body.shiftingCoordinates(by: lower)
    kernel.finish = finish?.shiftingCoordinates(by: lower)
    return kernel
  }
}

extension ElementExpression {
  /// The coefficients of every coordinate that the expression uses.
  package var coordinates: [[Int]] {
    instructions.compactMap {
      if case .coordinate(_, let coefficients) = $0 { coefficients } else { nil }
    }
  }

  package func mapCoordinates(_ map: ([Int]) -> [Int]) -> ElementExpression {
    replacing { instruction in
      guard case .coordinate(let offset, let coefficients) = instruction else {
        return instruction
      }
      return .coordinate(offset: offset, coefficients: map(coefficients))
    }
  }

  package func shiftingCoordinates(by lower: [Int]) -> ElementExpression {
    replacing { instruction in
      guard case .coordinate(let offset, let coefficients) = instruction else {
        return instruction
      }
      let shift = zip(lower, coefficients).reduce(0) { $0 + $1.0 * $1.1 }
      return .coordinate(offset: offset + shift, coefficients: coefficients)
    }
  }

  private func replacing(_ map: (ElementInstruction) -> ElementInstruction) -> ElementExpression {
    ElementExpression(instructions: instructions.map(map), types: types, results: results)
  }
}

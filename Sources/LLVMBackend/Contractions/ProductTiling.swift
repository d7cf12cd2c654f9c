#if LLVM
  import GraphCompiler
  import TensorCore

  /// How a product of two matrices is cut: by its sizes alone, so that results do not depend on threads.
  struct ProductTiling {
    /// A range of rows and of panels that one thread computes.
    struct Tile {
      let rows: Range<Int>
      let panels: Range<Int>
      /// The rows in blocks of micro-kernels, and these in chunks whose product stays in the first cache
      /// until the epilogue has read it.
      let chunks: [[Range<Int>]]
    }

    let tiles: [Tile]
    let panelCount: Int
    /// The columns of a panel.
    let width: Int
    /// The row counts of all blocks, ascending.
    let rowCounts: [Int]
    /// The panels of the widest tile, and the rows of the highest chunk.
    let mostPanels: Int, mostRows: Int

    /// The multiplications of a tile that are worth a thread's while.
    private static let tileWork = 128_000
    private static let tileLimit = 64
    /// Rows that make up for packing panels once more.
    private static let leastRows = 192
    /// What of the packed factor stays in the second cache, in bytes.
    private static let panelBytes = 256 << 10
    /// What of the product stays in the first, in bytes.
    private static let chunkBytes = 16 << 10

    init(m: Int, n: Int, k: Int, dtype: DType, width: Int, batchCount: Int) {
      self.width = width
      panelCount = (n + width - 1) / width
      let size = dtype.byteCount ?? 4
      let work = m * n * k
      let wanted =
        batchCount >= Self.tileLimit ? 1 : min(Self.tileLimit, max(1, work / Self.tileWork))
      // Columns first: each tile packs panels of its own. Each group of panels reads the left factor
      // again, which is cheap only where that stays in cache.
      let fitting = max(1, Self.panelBytes / max(1, k * width * size))
      let fewest = (panelCount + fitting - 1) / fitting
      let isSmall = m * k * size <= Self.panelBytes
      let groups = min(panelCount, max(fewest, min(wanted, isSmall ? (panelCount + 1) / 2 : 2)))
      // Then rows, unless packing again would cost more than it gains.
      let cuts = max(1, min((wanted + groups - 1) / groups, m / Self.leastRows))
      var tiles: [Tile] = []
      for rows in Self.parts(m, cuts) {
        for panels in Self.parts(panelCount, groups) {
          let blocks = Self.blocks(rows)
          let rowBytes = panels.count * width * size
          let most = max(1, Self.chunkBytes / (rowBytes * MicroKernelForm.mostRows))
          let chunks = stride(from: 0, to: blocks.count, by: most).map {
            Array(blocks[$0..<min($0 + most, blocks.count)])
          }
          tiles.append(Tile(rows: rows, panels: panels, chunks: chunks))
        }
      }
      self.tiles = tiles
      rowCounts = Set(tiles.flatMap { $0.chunks.joined().map(\.count) }).sorted()
      mostPanels = tiles.map(\.panels.count).max() ?? 0
      mostRows =
        tiles.flatMap { $0.chunks.map { $0.reduce(0) { $0 + $1.count } } }.max() ?? 0
    }

    /// Rows in blocks of micro-kernels, as equal as they can be.
    static func blocks(_ rows: Range<Int>) -> [Range<Int>] {
      parts(rows.count, (rows.count + MicroKernelForm.mostRows - 1) / MicroKernelForm.mostRows)
        .map { ($0.lowerBound + rows.lowerBound)..<($0.upperBound + rows.lowerBound) }
    }

    /// A range in so many parts whose sizes differ by one at most.
    static func parts(_ count: Int, _ parts: Int) -> [Range<Int>] {
      (0..<parts).map { ($0 * count / parts)..<(($0 + 1) * count / parts) }
    }
  }
#endif

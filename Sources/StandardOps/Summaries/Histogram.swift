/// Counts of values in TensorFlow's ranges, which grow by a tenth from 1e-12 on.
struct Histogram {
  /// The upper limits of the ranges; each is the lower limit of the next.
  private static let limits: [Double] = {
    var positive: [Double] = []
    var limit = 1e-12
    while limit < 1e20 {
      positive.append(limit)
      limit *= 1.1
    }
    positive.append(.greatestFiniteMagnitude)
    return positive.reversed().map { -$0 } + [0] + positive
  }()

  private var counts = [Double](repeating: 0, count: limits.count)
  private var least = Double.greatestFiniteMagnitude
  private var greatest = -Double.greatestFiniteMagnitude
  private var count = 0.0
  private var sum = 0.0
  private var sumOfSquares = 0.0

  /// Counts a finite value.
  mutating func add(_ value: Double) {
    counts[Self.range(of: value)] += 1
    least = min(least, value)
    greatest = max(greatest, value)
    count += 1
    sum += value
    sumOfSquares += value * value
  }

  /// The range whose upper limit is the first above the value.
  private static func range(of value: Double) -> Int {
    var (low, high) = (0, limits.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if limits[middle] > value { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Writes a `HistogramProto`: neighbouring empty ranges are one.
  func write(to writer: inout MessageWriter) {
    var limits: [Double] = []
    var kept: [Double] = []
    for (limit, count) in zip(Self.limits, counts) {
      if count == 0, kept.last == 0 {
        limits[limits.count - 1] = limit
      } else {
        limits.append(limit)
        kept.append(count)
      }
    }
    writer.double(1, least)
    writer.double(2, greatest)
    writer.double(3, count)
    writer.double(4, sum)
    writer.double(5, sumOfSquares)
    writer.doubles(6, limits)
    writer.doubles(7, kept)
  }
}

import GraphCore
import TensorCore

/// What the ops on lists and arrays of tensors do with their elements.
enum ListElements {
  /// The shape of what stands for an element that nobody set: zeros of the others' shape.
  static let unset: Shape = [0]

  /// The list that a value is.
  static func list(_ value: TensorValue) throws(GraphError) -> TensorList {
    guard let list = value.list else { throw GraphError("a list of tensors is expected") }
    return list
  }

  /// An index as a place among so many elements.
  static func place(_ index: TensorValue, _ count: Int) throws(GraphError) -> Int {
    guard let place = index.integers?.first, (0..<count).contains(place) else {
      throw GraphError("index \(index.integers?.first ?? 0) is not among \(count) elements")
    }
    return place
  }

  /// A number of elements that there can be.
  static func checked(count: Int) throws(GraphError) -> Int {
    guard (0...(1 << 24)).contains(count) else {
      throw GraphError("a list of \(count) elements cannot be made")
    }
    return count
  }

  /// The shape that a value of sizes states, if it states all of them.
  static func statedShape(_ sizes: TensorValue) -> Shape? {
    let dimensions = sizes.integers ?? []
    guard sizes.shape.rank == 1, !dimensions.contains(where: { $0 < 0 }) else { return nil }
    return Shape(dimensions)
  }

  /// What a value of sizes states, where −1 is a size that is not known, or a whole shape.
  static func partialShape(_ sizes: TensorValue) throws(GraphError) -> PartialShape {
    let dimensions = sizes.integers ?? []
    if sizes.shape.rank == 0, dimensions == [-1] { return .unknown }
    guard sizes.shape.rank == 1 else {
      throw GraphError("a vector of sizes or −1 is expected, found shape \(sizes.shape)")
    }
    return PartialShape(dimensions.map { $0 < 0 ? nil : $0 })
  }

  /// Checks that a tensor has rows of the shape that a value of sizes states.
  static func check(rowsOf value: TensorValue, stated: TensorValue) throws(GraphError) {
    let (expected, found) = (try partialShape(stated), value.shape)
    guard found.rank > 0, expected.matches(Shape(Array(found.dimensions.dropFirst()))) else {
      throw GraphError("elements of shape \(expected) are expected, found rows of \(found)")
    }
  }

  /// An element, or zeros of the stated shape where nobody set it.
  static func set(_ element: TensorValue, stated: TensorValue) throws(GraphError) -> TensorValue {
    guard element.shape == unset, let shape = statedShape(stated), shape != unset else {
      return element
    }
    return try zeros(shape, element.dtype)
  }

  /// Elements along a new first axis; those that nobody set are zeros like the others.
  static func joined(_ items: [TensorValue], _ dtype: DType, stated: TensorValue)
    throws(GraphError) -> TensorValue
  {
    let known = items.first { $0.shape != unset }?.shape ?? statedShape(stated)
    let expected = try partialShape(stated)
    if let known, !expected.matches(known) {
      throw GraphError("elements of shape \(expected) are expected, found \(known)")
    }
    guard let known else { return TensorValue(zeros: Shape([items.count, 0]), dtype: dtype) }
    guard items.contains(where: { $0.shape == known }) else {
      return try zeros(Shape([items.count] + known.dimensions), dtype)
    }
    let zeros = try zeros(known, dtype)
    return try stacked(items.map { $0.shape == unset ? zeros : $0 }, dtype)
  }

  /// Elements of one shape along a new first axis.
  static func stacked(_ items: [TensorValue], _ dtype: DType) throws(GraphError) -> TensorValue {
    do throws(TensorError) {
      return try TensorValue.tensorValue(of: items, as: dtype)
    } catch {
      throw GraphError("\(error)")
    }
  }

  static func zeros(_ shape: Shape, _ dtype: DType) throws(GraphError) -> TensorValue {
    // As many bytes as a machine may hold, so that a wrong size is an error rather than the end.
    guard shape.count <= 1 << 33 else { throw GraphError("elements of \(shape) are too many") }
    return TensorValue(zeros: shape, dtype: dtype)
  }

  /// Items with the rows of a tensor at the places of the indices; there are as many as needed.
  static func scattered(
    _ rows: TensorValue, _ indices: TensorValue, into items: [TensorValue], _ dtype: DType
  ) throws(GraphError) -> TensorValue {
    var items = items
    let (slices, places) = (rows.slices, indices.integers ?? [])
    guard slices.count == places.count else {
      throw GraphError("\(slices.count) rows were given for \(places.count) places")
    }
    for (place, row) in zip(places, slices) {
      guard place >= 0 else { throw GraphError("there is no place \(place)") }
      _ = try checked(count: place + 1)
      if place >= items.count {
        let empty = TensorValue(zeros: unset, dtype: dtype)
        items += Array(repeating: empty, count: place + 1 - items.count)
      }
      items[place] = row
    }
    return TensorValue(list: TensorList(items))
  }

  /// What stands for zeros like a list: as many elements that nobody set, and lists of as many.
  static func zeros(like list: TensorList) throws(GraphError) -> TensorList {
    var extent = Extent()
    return try zeros(like: list, &extent)
  }

  private static func zeros(like list: TensorList, _ extent: inout Extent) throws(GraphError)
    -> TensorList
  {
    try extent.enter(list)
    defer { extent.leave() }
    var items = list.items
    for place in items.indices {
      items[place] =
        if let inner = items[place].list {
          TensorValue(list: try zeros(like: inner, &extent))
        } else {
          TensorValue(zeros: unset, dtype: items[place].dtype)
        }
    }
    return TensorList(items)
  }

  /// The sum of two lists, element by element, and of their lists likewise.
  static func added(_ a: TensorList, _ b: TensorList) throws(GraphError) -> TensorList {
    var extent = Extent()
    return try added(a, b, &extent)
  }

  private static func added(_ a: TensorList, _ b: TensorList, _ extent: inout Extent)
    throws(GraphError) -> TensorList
  {
    guard a.count == b.count else {
      throw GraphError("lists of \(a.count) and \(b.count) tensors cannot be added")
    }
    try extent.enter(a)
    defer { extent.leave() }
    var sums = a.items
    for place in sums.indices {
      let other = b[place]
      sums[place] =
        if let first = sums[place].list, let second = other.list {
          TensorValue(list: try added(first, second, &extent))
        } else {
          try added(sums[place], other)
        }
    }
    return TensorList(sums)
  }

  /// How far lists of lists have been gone through: a list that holds another twice, which holds one
  /// twice, and so on, has no end that could be reached.
  private struct Extent {
    private var depth = 0
    private var count = 0

    mutating func enter(_ list: TensorList) throws(GraphError) {
      depth += 1
      count = try ListElements.checked(count: count + list.count)
      guard depth <= 64 else { throw GraphError("lists are nested too deeply") }
    }

    mutating func leave() { depth -= 1 }
  }

  /// The sum of two values; one without elements stands for zeros.
  static func added(_ a: TensorValue, _ b: TensorValue) throws(GraphError) -> TensorValue {
    if a.shape.count == 0 { return b }
    if b.shape.count == 0 { return a }
    guard a.shape == b.shape, a.dtype == b.dtype else {
      throw GraphError(
        "\(a.dtype)\(a.shape) and \(b.dtype)\(b.shape) cannot be added")
    }
    guard let x = a.doubles, let y = b.doubles,
      let sum = try? TensorValue(
        converting: zip(x, y).map { $0 + $1 }, to: a.dtype, shape: a.shape)
    else { throw GraphError("\(a.dtype) cannot be added") }
    return sum
  }
}

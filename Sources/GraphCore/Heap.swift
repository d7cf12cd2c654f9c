/// A binary heap of integers, least first.
package struct Heap {
  private var items: [Int] = []

  package init(_ sorted: [Int]) { items = sorted.sorted() }

  package mutating func insert(_ item: Int) {
    items.append(item)
    var child = items.count - 1
    while child > 0, items[child] < items[(child - 1) / 2] {
      items.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  package mutating func popLeast() -> Int? {
    guard let least = items.first else { return nil }
    let last = items.removeLast()
    guard !items.isEmpty else { return least }
    items[0] = last
    var parent = 0
    while true {
      var smallest = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < items.count && items[child] < items[smallest] { smallest = child }
      if smallest == parent { return least }
      items.swapAt(parent, smallest)
      parent = smallest
    }
  }
}

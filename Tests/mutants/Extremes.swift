import Dataflow
import TensorFlowFormats

/// Extreme integers in each attribute, stated shape and small constant, and constants and fed values in
/// other shapes, one at a time.
struct Extremes {
  private(set) var mutants: [(what: String, base: GraphTrial.Base)] = []
  private let base: GraphTrial.Base

  init(of base: GraphTrial.Base) {
    self.base = base
    for index in base.graph.node.indices {
      attributes(of: index)
      if base.graph.node[index].op == "Const" { constant(index) }
    }
    for name in base.feeds.keys.sorted() { shapes(of: name) }
  }

  private mutating func add(_ what: String, _ change: (inout TFGraphDef) -> Void) {
    var graph = base.graph
    change(&graph)
    mutants.append(
      (
        what,
        .init(
          name: base.name, graph: graph, feeds: base.feeds, fetches: base.fetches,
          targets: base.targets)
      ))
  }

  private mutating func attributes(of index: Int) {
    let node = base.graph.node[index]
    for (key, value) in node.attr.sorted(by: { $0.key < $1.key }) {
      switch value.value {
      case .i?:
        for number in GraphMutator.extremes {
          add("\(node.op).\(key) = \(number)") { $0.node[index].attr[key]?.i = number }
        }
      case .list(let list)? where !list.i.isEmpty:
        for place in list.i.indices {
          for number in GraphMutator.extremes {
            add("\(node.op).\(key)[\(place)] = \(number)") {
              $0.node[index].attr[key]?.list.i[place] = number
            }
          }
        }
        add("\(node.op).\(key) without its last") {
          $0.node[index].attr[key]?.list.i.removeLast()
        }
      case .shape(let shape)?:
        for place in shape.dim.indices {
          for number in GraphMutator.extremes {
            add("\(node.op).\(key)[\(place)] = \(number)") {
              $0.node[index].attr[key]?.shape.dim[place].size = number
            }
          }
        }
      default: break
      }
    }
  }

  private mutating func constant(_ index: Int) {
    let node = base.graph.node[index]
    guard let value = try? node.attr["value"]?.tensor.tensorValue(), value.count <= 16,
      value.dtype == .int32 || value.dtype == .int64, let integers = value.integers
    else { return }
    for place in integers.indices {
      for number in GraphMutator.extremes {
        var changed = integers
        changed[place] = Int(number)
        guard
          let made = try? TensorValue(integers: changed, as: value.dtype, shape: value.shape)
        else { continue }
        add("\(node.name)[\(place)] = \(number)") {
          $0.node[index].attr["value"]?.tensor = TFTensorProto(made)
        }
      }
    }
    let others: [Shape] = [
      [value.count], [1, value.count], [value.count, 1], Shape(value.shape.dimensions + [1]),
    ]
    for shape in others where shape != value.shape {
      guard let made = try? value.reshaped(to: shape) else { continue }
      add("\(node.name) of shape \(shape)") {
        $0.node[index].attr["value"]?.tensor = TFTensorProto(made)
      }
    }
  }

  private mutating func shapes(of name: String) {
    guard let value = base.feeds[name] else { return }
    let sizes = value.shape.dimensions
    var others: [[Int]] = [
      [], [0], sizes + [1], [1] + sizes, Array(sizes.dropLast()), [2, 3, 5, 7],
    ]
    for axis in sizes.indices {
      for size in [0, 1, sizes[axis] + 1, max(sizes[axis] - 1, 0), 2 * sizes[axis] + 3] {
        var other = sizes
        other[axis] = size
        others.append(other)
      }
    }
    for other in others where other != sizes {
      var feeds = base.feeds
      feeds[name] = TensorValue(zeros: Shape(other), dtype: value.dtype)
      // Placeholders state shapes, which the feed would only be refused for.
      var graph = base.graph
      for index in graph.node.indices where graph.node[index].op == "Placeholder" {
        graph.node[index].attr["shape"] = nil
      }
      mutants.append(
        (
          "\(name) of shape \(other)",
          .init(
            name: base.name, graph: graph, feeds: feeds, fetches: base.fetches,
            targets: base.targets)
        ))
    }
  }
}

import Dataflow
import Foundation
import TensorFlowFormats

/// Changes graphs as strangers' programs get them wrong: every mutant is a message that parses, with ops
/// swapped, attributes retyped and set to extremes, operands of other shapes and values, wires crossed.
struct GraphMutator {
  private var random: SplitMix64
  /// Nodes of all graphs, to borrow ops and attributes from.
  private let pool: [TFNodeDef]

  init(seed: UInt64, pool: [TFNodeDef]) {
    random = SplitMix64(state: seed)
    self.pool = pool
  }

  /// Numbers on which arithmetic with sizes, axes, strides and counts breaks.
  static let extremes: [Int64] = [
    -1, 0, 1, 2, 3, -2, 7, 65_536, 1 << 30, Int64(Int32.max), 1 << 31, 1 << 32, 1 << 40, 1 << 62,
    .max, Int64(Int32.min), .min,
  ]
  private static let texts = [
    "", "SAME", "VALID", "EXPLICIT", "NHWC", "NCHW", "NDHWC", "REFLECT", "SYMMETRIC", "bilinear",
    "ab,bc->ac", "...ij->...", "LEFT_RIGHT", "clip", "loc:@nowhere", "x",
  ]

  mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<max(limit, 1), using: &random) }
  mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }
  mutating func choice<T>(_ list: [T]) -> T { list[below(list.count)] }
  mutating func extreme() -> Int64 {
    oneIn(2) ? choice(Self.extremes) : Int64(below(12)) - 5
  }

  /// One to three changes.
  mutating func mutate(_ graph: inout TFGraphDef) {
    for _ in 0...below(3) { change(&graph) }
  }

  private mutating func change(_ graph: inout TFGraphDef) {
    if !graph.library.function.isEmpty, oneIn(2) {
      let function = below(graph.library.function.count)
      if oneIn(4) { return change(&graph.library.function[function], graph.library.function) }
      return change(&graph.library.function[function].nodeDef)
    }
    change(&graph.node)
  }

  private mutating func change(_ nodes: inout [TFNodeDef]) {
    guard !nodes.isEmpty else { return }
    let place = below(nodes.count)
    switch below(20) {
    case 0: nodes[place].op = choice(pool).op
    case 1:
      let other = choice(pool)
      (nodes[place].op, nodes[place].attr) = (other.op, other.attr)
    case 2..<9: changeAttribute(of: &nodes[place])
    case 9..<14:
      let constants = nodes.indices.filter { nodes[$0].op == "Const" }
      guard !constants.isEmpty else { return changeAttribute(of: &nodes[place]) }
      let chosen = choice(constants)
      if var value = nodes[chosen].attr["value"]?.tensor {
        if oneIn(3) { changeForm(of: &value) } else { changeElements(of: &value) }
        nodes[chosen].attr["value"]?.tensor = value
      }
    case 14..<18: changeInputs(of: &nodes, at: place)
    case 18: nodes.remove(at: place)
    default: nodes[place].name = choice(["", "a b", "/", "^x", "x:0", choice(nodes).name])
    }
  }

  // MARK: Attributes

  private mutating func changeAttribute(of node: inout TFNodeDef) {
    let keys = node.attr.keys.sorted()
    guard !keys.isEmpty else { return }
    let key = choice(keys)
    if oneIn(12) {
      node.attr[key] = nil
    } else if oneIn(10) {
      node.attr[key] = anyAttribute()
    } else if var value = node.attr[key] {
      change(&value)
      node.attr[key] = value
    }
  }

  private mutating func anyAttribute() -> TFAttrValue {
    var value = TFAttrValue()
    switch below(5) {
    case 0: value.i = extreme()
    case 1: value.s = Data(choice(Self.texts).utf8)
    case 2: value.type = anyType()
    case 3: value.b = oneIn(2)
    default: value.list.i = (0..<below(6)).map { _ in extreme() }
    }
    return value
  }

  private mutating func anyType() -> TFDataType {
    TFDataType(
      rawValue: choice([1, 2, 3, 4, 5, 6, 7, 9, 10, 14, 17, 19, 20, 21, 22, 23, 101, 999]))
      ?? .dtFloat
  }

  private mutating func change(_ value: inout TFAttrValue) {
    switch value.value {
    case .i?: value.i = extreme()
    case .f?: value.f = choice([0, -1, .nan, .infinity, 1e38, -1e38, 1e-45])
    case .b(let flag)?: value.b = !flag
    case .s?: value.s = Data(choice(Self.texts).utf8)
    case .type?: value.type = anyType()
    case .shape?: change(&value.shape)
    case .tensor?:
      if oneIn(2) { changeForm(of: &value.tensor) } else { changeElements(of: &value.tensor) }
    case .func?: value.func.name = choice(["nowhere", "", value.func.name])
    case .list?: change(&value.list)
    default: value = anyAttribute()
    }
  }

  private mutating func change(_ list: inout TFAttrValue.ListValue) {
    if !list.type.isEmpty {
      if oneIn(2) { list.type[below(list.type.count)] = anyType() } else { list.type.removeLast() }
    } else if !list.shape.isEmpty {
      change(&list.shape[below(list.shape.count)])
    } else if list.i.isEmpty || oneIn(4) {
      list.i.append(extreme())
    } else if oneIn(4) {
      list.i.removeLast()
    } else {
      list.i[below(list.i.count)] = extreme()
    }
  }

  private mutating func change(_ shape: inout TFTensorShapeProto) {
    func dimension(_ size: Int64) -> TFTensorShapeProto.Dim {
      var dimension = TFTensorShapeProto.Dim()
      dimension.size = size
      return dimension
    }
    switch below(5) {
    case 0:
      shape.dim = []
      shape.unknownRank = oneIn(2)
    case 1: shape.dim.append(dimension(extreme()))
    case 2: shape.dim = (0..<choice([8, 20, 254, 300])).map { _ in dimension(1) }
    default:
      if shape.dim.isEmpty {
        shape.dim.append(dimension(extreme()))
      } else if oneIn(3) {
        shape.dim.removeLast()
      } else {
        shape.dim[below(shape.dim.count)].size = extreme()
      }
    }
  }

  // MARK: Constants

  private mutating func changeForm(of tensor: inout TFTensorProto) {
    switch below(5) {
    case 0: change(&tensor.tensorShape)
    case 1: tensor.tensorContent = tensor.tensorContent.dropLast(1 + below(8))
    case 2: tensor.tensorContent += Data([1, 2, 3])
    case 3: tensor.dtype = anyType()
    default:
      // The same elements as one dimension, or as a scalar if there is one.
      let count = tensor.tensorShape.dim.reduce(1) { $0 &* $1.size }
      tensor.tensorShape.dim = []
      if count != 1 {
        tensor.tensorShape.dim.append(.init())
        tensor.tensorShape.dim[0].size = count
      }
    }
  }

  private mutating func changeElements(of tensor: inout TFTensorProto) {
    // A stated shape may be of any size by now.
    let count = tensor.tensorShape.dim.map { Int($0.size) }.sizeProduct
    guard (1...4096).contains(count), let value = try? tensor.tensorValue() else { return }
    if let integers = value.integers {
      let changed = integers.enumerated().map { _, number in
        oneIn(integers.count) ? Int(extreme()) : number
      }
      let limited = changed.map { value.dtype == .int64 ? $0 : Int(Int32(truncatingIfNeeded: $0)) }
      if let made = try? TensorValue(integers: limited, as: value.dtype, shape: value.shape) {
        tensor = TFTensorProto(made)
      }
    } else if let numbers = value.doubles {
      let changed = numbers.map { oneIn(4) ? choice([0, -0.0, .nan, .infinity, 1e30, 1e-40]) : $0 }
      if let made = try? TensorValue(converting: changed, to: value.dtype, shape: value.shape) {
        tensor = TFTensorProto(made)
      }
    }
  }

  // MARK: Wires and functions

  private mutating func changeInputs(of nodes: inout [TFNodeDef], at place: Int) {
    let other = choice(nodes).name
    let count = nodes[place].input.count
    switch below(8) {
    case 0: nodes[place].input.append(other)
    case 1: nodes[place].input.append("^" + choice([other, nodes[place].name, "nowhere"]))
    case 2: nodes[place].input.shuffle(using: &random)
    case 3 where count > 0: nodes[place].input.remove(at: below(count))
    case 4 where count > 0:
      nodes[place].input[below(count)] = choice([
        "nowhere", "", "^", ":0", "\(other):7", "\(other):99999999999999999999", "\(other):-1",
      ])
    case 5 where count > 0: nodes[place].input[below(count)] = nodes[place].input[below(count)]
    case 6 where count > 0: nodes[place].input[below(count)] = nodes[nodes.count - 1].name
    default: if count > 0 { nodes[place].input[below(count)] = other }
    }
  }

  private mutating func change(_ function: inout TFFunctionDef, _ all: [TFFunctionDef]) {
    switch below(5) {
    case 0:
      // A function that calls itself.
      var call = TFNodeDef()
      (call.name, call.op) = ("again", "PartitionedCall")
      call.attr["f"] = TFAttrValue()
      call.attr["f"]?.func.name = function.signature.name
      call.attr["Tin"] = TFAttrValue()
      call.attr["Tin"]?.list.type = function.signature.inputArg.map(\.type)
      call.attr["Tout"] = TFAttrValue()
      call.attr["Tout"]?.list.type = function.signature.outputArg.map(\.type)
      call.input = function.signature.inputArg.map(\.name)
      function.nodeDef.append(call)
      for key in function.ret.keys { function.ret[key] = "again:output:0" }
    case 1:
      if let key = function.ret.keys.sorted().first {
        function.ret[key] = choice(["", "nowhere:z:0"])
      }
    case 2: if !function.signature.inputArg.isEmpty { function.signature.inputArg.removeLast() }
    case 3: function.nodeDef = choice(all).nodeDef
    default:
      if !function.signature.inputArg.isEmpty { function.signature.inputArg[0].type = anyType() }
    }
  }
}

import TensorFlowFormats

/// Graphs of a few kilobytes that are deep, or that grow without bound where calls are put in place.
enum DeepGraphs {
  /// Each with its name and what is fetched.
  static let all: [(name: String, graph: TFGraphDef)] =
    [10, 30, 300, 3_000].flatMap { depth in
      [
        ("calls of \(depth)", nested(depth, calls: 1)),
        ("calls twice of \(depth)", nested(depth, calls: 2)),
        ("conditionals of \(depth)", conditionals(depth)),
        ("loops of \(depth)", loops(depth)),
      ]
    } + [
      ("a chain of 10000", chain(10_000)), ("doublings of 60", doublings(60)),
      ("concatenations of 60", concatenations(60)), ("an attribute of 2000", attribute(2_000)),
      ("scopes of 10000", scopes(10_000)),
    ]

  private static func node(
    _ name: String, _ op: String, _ inputs: [String], _ attributes: [String: TFAttrValue] = [:]
  ) -> TFNodeDef {
    var node = TFNodeDef()
    (node.name, node.op, node.input, node.attr) = (name, op, inputs, attributes)
    return node
  }

  private static func type(_ type: TFDataType) -> TFAttrValue {
    var value = TFAttrValue()
    value.type = type
    return value
  }

  private static func types(_ types: [TFDataType]) -> TFAttrValue {
    var value = TFAttrValue()
    value.list.type = types
    return value
  }

  private static func function(_ name: String) -> TFAttrValue {
    var value = TFAttrValue()
    value.func.name = name
    return value
  }

  private static func constant(_ name: String, _ number: Float, count: Int? = nil) -> TFNodeDef {
    var value = TFAttrValue()
    value.tensor.dtype = .dtFloat
    value.tensor.floatVal = [number]
    if let count {
      value.tensor.tensorShape.dim = [.init()]
      value.tensor.tensorShape.dim[0].size = Int64(count)
    } else {
      value.tensor.tensorShape = .init()
    }
    return node(name, "Const", [], ["dtype": type(.dtFloat), "value": value])
  }

  private static func definition(
    _ name: String, takes: [(String, TFDataType)], gives: TFDataType, _ nodes: [TFNodeDef],
    _ result: String
  ) -> TFFunctionDef {
    var made = TFFunctionDef()
    made.signature.name = name
    made.signature.inputArg = takes.map { name, type in
      var argument = TFOpDef.ArgDef()
      (argument.name, argument.type) = (name, type)
      return argument
    }
    var output = TFOpDef.ArgDef()
    (output.name, output.type) = ("y", gives)
    made.signature.outputArg = [output]
    made.nodeDef = nodes
    made.ret = ["y": result]
    return made
  }

  /// The innermost function of all.
  private static func negation(_ name: String, takes: [(String, TFDataType)]) -> TFFunctionDef {
    definition(
      name, takes: takes, gives: .dtFloat, [node("n", "Neg", ["x"], ["T": type(.dtFloat)])], "n:y:0"
    )
  }

  private static func nested(_ depth: Int, calls: Int) -> TFGraphDef {
    var graph = TFGraphDef()
    for level in 0..<depth {
      let takes: [(String, TFDataType)] = [("x", .dtFloat)]
      guard level + 1 < depth else {
        graph.library.function.append(negation("f\(level)", takes: takes))
        continue
      }
      let nodes = (0..<calls).map { call in
        node(
          "call\(call)", "PartitionedCall", [call == 0 ? "x" : "call\(call - 1):output:0"],
          [
            "f": function("f\(level + 1)"), "Tin": types([.dtFloat]), "Tout": types([.dtFloat]),
          ])
      }
      graph.library.function.append(
        definition(
          "f\(level)", takes: takes, gives: .dtFloat, nodes, "call\(calls - 1):output:0"))
    }
    graph.node = [
      constant("c", 1),
      node(
        "out", "PartitionedCall", ["c"],
        ["f": function("f0"), "Tin": types([.dtFloat]), "Tout": types([.dtFloat])]),
    ]
    return graph
  }

  private static func conditionals(_ depth: Int) -> TFGraphDef {
    var graph = TFGraphDef()
    func conditional(_ name: String, _ inputs: [String], _ level: Int) -> TFNodeDef {
      node(
        name, "If", inputs,
        [
          "then_branch": function("f\(level)"), "else_branch": function("f\(level)"),
          "Tcond": type(.dtBool), "Tin": types([.dtBool, .dtFloat]), "Tout": types([.dtFloat]),
        ])
    }
    for level in 0..<depth {
      let takes: [(String, TFDataType)] = [("p", .dtBool), ("x", .dtFloat)]
      graph.library.function.append(
        level + 1 < depth
          ? definition(
            "f\(level)", takes: takes, gives: .dtFloat,
            [conditional("if", ["p", "p", "x"], level + 1)], "if:output:0")
          : negation("f\(level)", takes: takes))
    }
    graph.node = [
      node("p", "Placeholder", [], ["dtype": type(.dtBool)]), constant("c", 1),
      conditional("out", ["p", "p", "c"], 0),
    ]
    return graph
  }

  private static func loops(_ depth: Int) -> TFGraphDef {
    var graph = TFGraphDef()
    func loop(_ name: String, _ input: String, _ level: Int) -> TFNodeDef {
      node(
        name, "While", [input],
        ["cond": function("c\(level)"), "body": function("f\(level)"), "T": types([.dtFloat])])
    }
    for level in 0..<depth {
      let takes: [(String, TFDataType)] = [("x", .dtFloat)]
      graph.library.function.append(
        definition(
          "c\(level)", takes: takes, gives: .dtBool,
          [
            constant("k", 1.5),
            node("less", "Less", ["x", "k:output:0"], ["T": type(.dtFloat)]),
          ], "less:z:0"))
      graph.library.function.append(
        level + 1 < depth
          ? definition(
            "f\(level)", takes: takes, gives: .dtFloat, [loop("w", "x", level + 1)], "w:output:0")
          : definition(
            "f\(level)", takes: takes, gives: .dtFloat,
            [node("e", "Exp", ["x"], ["T": type(.dtFloat)])], "e:y:0"))
    }
    graph.node = [constant("c", 1), loop("out", "c", 0)]
    return graph
  }

  private static func chain(_ depth: Int) -> TFGraphDef {
    var graph = TFGraphDef()
    graph.node = [constant("c", 1)]
    for level in 0..<depth {
      graph.node.append(
        node(
          level + 1 == depth ? "out" : "n\(level)", ["Neg", "Identity", "Exp"][level % 3],
          [level == 0 ? "c" : "n\(level - 1)"], ["T": type(.dtFloat)]))
    }
    return graph
  }

  private static func doublings(_ depth: Int) -> TFGraphDef {
    var graph = TFGraphDef()
    graph.node = [node("c", "Placeholder", [], ["dtype": type(.dtFloat)])]
    for level in 0..<depth {
      let input = level == 0 ? "c" : "n\(level - 1)"
      graph.node.append(
        node(
          level + 1 == depth ? "out" : "n\(level)", "Mul", [input, input], ["T": type(.dtFloat)]))
    }
    return graph
  }

  private static func concatenations(_ depth: Int) -> TFGraphDef {
    var graph = TFGraphDef()
    var axis = TFAttrValue()
    axis.tensor.dtype = .dtInt32
    axis.tensor.intVal = [0]
    axis.tensor.tensorShape = .init()
    graph.node = [
      constant("c", 1, count: 2),
      node("axis", "Const", [], ["dtype": type(.dtInt32), "value": axis]),
    ]
    var two = TFAttrValue()
    two.i = 2
    for level in 0..<depth {
      let input = level == 0 ? "c" : "n\(level - 1)"
      graph.node.append(
        node(
          level + 1 == depth ? "out" : "n\(level)", "ConcatV2", [input, input, "axis"],
          ["T": type(.dtFloat), "Tidx": type(.dtInt32), "N": two]))
    }
    return graph
  }

  private static func attribute(_ depth: Int) -> TFGraphDef {
    var graph = TFGraphDef()
    var value = function("end")
    for _ in 0..<depth {
      var outer = function("x")
      outer.func.attr["f"] = value
      value = outer
    }
    graph.node = [constant("out", 1)]
    graph.node[0].attr["_f"] = value
    return graph
  }

  private static func scopes(_ depth: Int) -> TFGraphDef {
    var graph = TFGraphDef()
    graph.node = [
      constant(Array(repeating: "a", count: depth).joined(separator: "/"), 1),
      node(
        "out", "Neg", [Array(repeating: "a", count: depth).joined(separator: "/")],
        ["T": type(.dtFloat)]),
    ]
    return graph
  }
}

import Testing

import GraphCore
import StandardOps
import TensorCore

/// Names and edges against what TensorFlow 2.21 makes for the same script.
@Suite struct VariableTests {
  @Test func nodesAreNamedAsTensorFlowNamesThem() {
    let graph = Graph()
    let v = graph.variable(1.0, name: "v")
    graph.nameScope("s") {
      let zeros = graph.constant([0.0, 0.0], name: "zeros")
      _ = graph.variable(zeros, name: "v", trainable: false)
    }
    #expect(
      graph.operations.map(\.name) == [
        "v/Initializer/initial_value", "v", "v/IsInitialized/VarIsInitializedOp", "v/Assign",
        "v/Read/ReadVariableOp", "s/zeros", "s/v", "s/v/IsInitialized/VarIsInitializedOp",
        "s/v/Assign", "s/v/Read/ReadVariableOp",
      ])
    #expect(graph.variables().map(\.name) == ["v", "s/v"])
    #expect(graph.variables(in: .trainableVariables) == [v])
    #expect(graph.operation(named: "s/v")?.attributes["shared_name"] == "s/v".attribute)
    #expect(graph.variables()[1].shape == [2])
    #expect(graph.errors.isEmpty)
  }

  @Test func updatesAreNamedAndOrdered() {
    let graph = Graph()
    let v = graph.variable(1.0, name: "v")
    let first = v.assign(2.0)
    v.assignAdd(v.value)
    v.assignSub(1.0, name: "foo")
    let fresh = graph.controlDependencies([first]) { v.read() }
    #expect(
      graph.operations.dropFirst(5).map(\.name) == [
        "Const", "AssignVariableOp", "AssignAddVariableOp", "Const_1", "foo", "ReadVariableOp",
      ])
    #expect(fresh.node.controlInputs == [first])
    let initializer = graph.globalVariablesInitializer()
    #expect(initializer.name == "init")
    #expect(initializer.controlInputs == [v.initializer])
    #expect(graph.localVariablesInitializer().name == "init_1")
  }

  @Test func theGlobalStepIsMadeOnce() {
    let graph = Graph()
    let step = graph.nameScope("train") { graph.globalStep }
    #expect(step.name == "global_step")
    #expect(step.dtype == .int64)
    #expect(graph.globalStep == step)
    #expect(graph.variables() == [step])
    #expect(graph.variables(in: .trainableVariables).isEmpty)
  }

  @Test func aWrongValueIsAMistakeAtTheUsersLine() {
    let graph = Graph()
    let v = graph.variable([1.0, 2.0], name: "v")
    v.assign([1.0, 2.0, 3.0])
    #expect(graph.errors.count == 1)
    #expect(graph.errors[0].site?.file.hasSuffix("VariableTests.swift") == true)
    #expect(graph.errors[0].message.contains("shape [2]"))
  }
}

import GraphCore
import GraphRuntime
import StandardOps
import TensorCore

/// A net that is trained, evaluated and asked in single calls: a graph, its input and its output, and
/// a session with the variables' values.
///
/// Each call is one step of graph and session, whose parts are here to go on with: what `compile` adds
/// to the graph is `labels`, `loss`, `trainStep`; what `fit` runs is
/// `session.run(loss, targets: [trainStep] + graph.collection(.updateOps), feeding: …)`.
public class Model {
  /// What `summary` calls the model.
  public let name: String
  /// The graph that all tensors here belong to.
  public let graph: Graph
  /// What examples are fed to.
  public let inputs: Tensor
  /// What the net makes of them.
  public let outputs: Tensor
  /// The Boolean that is true while the net trains, if it makes a difference.
  public let training: Tensor?
  /// The layers in their order; of a graph made by hand its variable scopes.
  public let layers: [BuiltLayer]
  /// Holds the variables' values; all of them have one.
  public let session: Session
  /// The variables that the outputs depend on, in the order in which they were made.
  public let variables: [Variable]

  /// What `compile` added to the graph.
  var compiled: CompiledParts?
  /// Whether `fit` ends after this epoch; callbacks set it.
  public var stopTraining = false

  /// A model over a graph of one's own.
  ///
  /// Variables that have no value in the session yet are set to their initial ones.
  ///
  /// - Parameters:
  ///   - training: a Boolean placeholder with a default of false, where layers take one.
  ///   - session: a session of the graph; a new one by default.
  /// - Throws: `GraphErrors` with every mistake in the graph.
  public convenience init(
    inputs: Tensor, outputs: Tensor, training: Tensor? = nil, session: Session? = nil,
    name: String = "model"
  ) throws {
    try self.init(
      name: name, inputs: inputs, outputs: outputs, training: training, layers: nil,
      session: session ?? Session(outputs.graph))
  }

  init(
    name: String, inputs: Tensor, outputs: Tensor, training: Tensor?, layers: [BuiltLayer]?,
    session: Session
  ) throws {
    (self.name, self.inputs, self.outputs) = (name, inputs, outputs)
    (self.training, self.session, graph) = (training, session, outputs.graph)
    let variables = Self.variables(neededBy: outputs)
    self.variables = variables
    self.layers = layers ?? BuiltLayer.scopes(of: variables)
    try initializeNewVariables()
  }

  /// The labels of a batch, once compiled.
  public var labels: Tensor? { compiled?.labels }
  /// The loss of a batch with the penalties on weights, once compiled.
  public var loss: Tensor? { compiled?.loss }
  /// The op that moves the weights, once compiled.
  public var trainStep: Node? { compiled?.trainStep }

  /// The variables that a tensor's ancestors hold.
  private static func variables(neededBy tensor: Tensor) -> [Variable] {
    let graph = tensor.graph
    var needed = Set<Int>()
    var pending = tensor.isPoison ? [] : [tensor.node.index]
    while let index = pending.popLast() {
      guard needed.insert(index).inserted else { continue }
      let record = graph.node(at: index).record
      pending += record.inputs.map(\.node) + record.controlInputs
    }
    return graph.variables().filter { needed.contains($0.handle.node.index) }
  }

  /// Sets the variables that have no value to their initial ones.
  func initializeNewVariables() throws {
    let new = graph.variables().filter { (try? session.value(of: $0)) == nil }
    if !new.isEmpty { try session.run(graph.variablesInitializer(new)) }
  }
}

/// A layer as it stands in a model's graph.
public struct BuiltLayer: Sendable {
  /// The layer's name: the scope of its variables.
  public let name: String
  /// Keras' name of its type; `Scope` for variables of a graph made by hand.
  public let type: String
  /// What the layer gives; nil where only its variables are known.
  public let output: Tensor?

  /// A layer for each scope that holds some of the variables itself.
  static func scopes(of variables: [Variable]) -> [BuiltLayer] {
    var names: [String] = []
    for variable in variables {
      let scope = variable.name.split(separator: "/").dropLast().joined(separator: "/")
      if !names.contains(scope) { names.append(scope) }
    }
    return names.map { BuiltLayer(name: $0, type: "Scope", output: nil) }
  }
}

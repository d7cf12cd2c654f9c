import GraphCore
import TensorCore

extension Graph {
  /// A `While` loop: what its variables are after `body` has given them new values for as long as
  /// `condition` holds.
  ///
  /// The functions are built apart from the graph, so they take all that they need as variables: what
  /// stays the same in every round is given on as it is, and costs no memory in the gradient.
  ///
  /// - Parameters:
  ///   - variables: first values; their shapes hold in every round.
  ///   - condition: gives a Boolean scalar.
  ///   - body: gives as many tensors as there are variables, of the same types.
  package func whileLoop(
    _ variables: [Tensor], name: String = "while", condition: (Graph, [Tensor]) -> Tensor,
    body: (Graph, [Tensor]) -> [Tensor]
  ) -> [Tensor] {
    if variables.contains(where: \.isPoison) { return variables.map { _ in poison } }
    let (types, shapes) = (variables.map(\.dtype), variables.map(\.shape))
    let goesOn = Function.built(name + "_cond", types, shapes: shapes, in: self) {
      [condition($0, $1)]
    }
    let round = Function.built(name + "_body", types, shapes: shapes, in: self, body)
    if (goesOn.outputs + round.outputs).contains(where: \.isPoison) {
      return variables.map { _ in poison }
    }
    let loop = add(
      Ops.StatelessWhile.self, variables, name: name,
      [
        "cond": .function(goesOn.name, [:]), "body": .function(round.name, [:]),
        "output_shapes": .list(shapes.map { .shape($0) }),
      ])
    return loop.isPoison ? variables.map { _ in poison } : loop.outputs
  }
}

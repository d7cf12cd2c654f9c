import Dataflow

/// An autoencoder learns from digits without labels, half of whose pixels are dropped, to restore them
/// from 30 numbers; a classifier then takes its encoder over and needs few labels.
enum Autoencoder: Example {
  static let name = "autoencoder"
  static let abstract = "Pretraining on unlabelled digits, then few labels"

  static func run(_ experiment: Experiment) throws {
    let (train, test) = (experiment.digits.train, experiment.digits.test)
    let few = train.keeping(classes: Array(0..<10), limit: 10)
    let encoder: [Layer] = [
      .dense(100, activation: .selu, kernelInitializer: .lecunNormal(), name: "encoder1"),
      // Codes within −1 and 1, lest they be too large for what is put on them later.
      .dense(30, activation: .tanh, name: "encoder2"),
    ]

    // Without the loss of pixels the codes keep what is of no help to tell digits apart.
    let autoencoder = try Sequential(
      [.dropout(0.5)] + encoder + [
        .dense(100, activation: .selu, kernelInitializer: .lecunNormal(), name: "decoder1"),
        .dense(784, activation: .sigmoid, name: "decoder2"),
      ], inputShape: [784], seed: experiment.seed, name: "autoencoder")
    try autoencoder.compile(
      optimizer: AdamOptimizer(), loss: .binaryCrossEntropy, metrics: [.meanSquaredError])
    let coded = try experiment.fit(
      "autoencoder", autoencoder, on: train.labelled(train.images),
      validation: test.labelled(test.images))
    print("reconstruction: mean squared error \(coded.last("val_mean_squared_error").decimals(5))")

    experiment.row("net, of \(few.count) labels", "loss", "test loss", "test accuracy")
    experiment.row("autoencoder", coded.last("loss"), coded.last("val_loss"))
    for name in ["from scratch", "encoder frozen", "encoder trained on"] {
      let model = try Sequential(
        encoder + [.dense(10, name: "outputs")], inputShape: [784], seed: experiment.seed)
      if name != "from scratch" {
        // Variables of the same names and shapes: those of the encoder.
        try model.session.copyVariables(from: autoencoder.session)
      }
      if name == "encoder frozen" {
        for layer in model.layers.dropLast() { model.graph.freeze(model.variables(of: layer)) }
      }
      // The head alone may take larger steps.
      let rate = name == "encoder frozen" ? 0.01 : 0.001
      try model.compile(
        optimizer: AdamOptimizer(learningRate: rate),
        loss: .sparseSoftmaxCrossEntropy, metrics: [.accuracy])
      let history = try experiment.fit(name, model, on: few, validation: test)
      experiment.row(
        name, history.last("loss"), history.last("val_loss"), history.last("val_accuracy"))
    }
  }
}

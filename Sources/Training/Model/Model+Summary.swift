import TensorCore

extension Model {
  /// Keras' table: each layer with its type, the shape that it gives, and the number of its
  /// parameters; then the totals.
  public func summary() -> String {
    let rows = layers.map { layer in
      (
        layer.type == "Scope" ? layer.name : "\(layer.name) (\(layer.type))",
        layer.output.map { Self.text($0.shape) } ?? "",
        Self.grouped(Self.count(variables(of: layer)))
      )
    }
    let widths = (
      max(28, 1 + (rows.map(\.0.count).max() ?? 0)), max(25, 1 + (rows.map(\.1.count).max() ?? 0)),
      12
    )
    let width = widths.0 + widths.1 + widths.2
    let (thin, thick) = (String(repeating: "_", count: width), String(repeating: "=", count: width))
    func line(_ cells: (String, String, String)) -> String {
      var text = Self.padded(cells.0, widths.0) + Self.padded(cells.1, widths.1) + cells.2
      while text.last == " " { text.removeLast() }
      return text
    }
    let body = rows.map(line).joined(separator: "\n\(thin)\n")
    return """
      Model: "\(name)"
      \(thin)
      \(line(("Layer (type)", "Output Shape", "Param #")))
      \(thick)
      \(body)
      \(thick)
      Total params: \(Self.grouped(parameterCount))
      Trainable params: \(Self.grouped(trainableParameterCount))
      Non-trainable params: \(Self.grouped(nonTrainableParameterCount))
      \(thin)
      """
  }

  /// A shape as Keras writes it: `(None, 784)`.
  private static func text(_ shape: PartialShape) -> String {
    guard let sizes = shape.dimensions else { return "?" }
    return "(\(sizes.map { $0.map(String.init) ?? "None" }.joined(separator: ", ")))"
  }

  /// A number with commas between thousands.
  private static func grouped(_ number: Int) -> String {
    var text = ""
    for (place, digit) in String(number).reversed().enumerated() {
      if place > 0, place % 3 == 0 { text.insert(",", at: text.startIndex) }
      text.insert(digit, at: text.startIndex)
    }
    return text
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}

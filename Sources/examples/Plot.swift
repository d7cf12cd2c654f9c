import Foundation

/// Curves over epochs as an SVG picture.
struct Plot {
  struct Curve {
    let name: String
    var values: [Double]
  }

  let title: String
  let vertical: String
  let curves: [Curve]

  private static let colors = [
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f",
    "#bcbd22", "#17becf",
  ]
  private static let (left, top, width, height) = (70.0, 50.0, 560.0, 340.0)

  var svg: String {
    let numbers = curves.flatMap(\.values).filter(\.isFinite)
    var (least, most) = (numbers.min() ?? 0, numbers.max() ?? 1)
    if most - least < 1e-9 { (least, most) = (least - 0.5, most + 0.5) }
    let last = Double(max(2, curves.map(\.values.count).max() ?? 2))
    func x(_ epoch: Double) -> Double { Self.left + (epoch - 1) / (last - 1) * Self.width }
    func y(_ value: Double) -> Double {
      Self.top + (most - value) / (most - least) * Self.height
    }
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 450\" "
        + "font-family=\"sans-serif\" font-size=\"12\">",
      "<rect width=\"860\" height=\"450\" fill=\"white\"/>",
      text(Self.left, 28, title, size: 15),
      text(Self.left + Self.width / 2, 436, "epoch", anchor: "middle"),
      text(Self.left, 44, vertical),
    ]
    for value in Self.ticks(least, most) {
      lines.append(line(Self.left, y(value), Self.left + Self.width, y(value)))
      lines.append(text(Self.left - 8, y(value) + 4, String(format: "%g", value), anchor: "end"))
    }
    for epoch in Self.ticks(1, last) where epoch == epoch.rounded() {
      lines.append(
        text(x(epoch), Self.top + Self.height + 18, String(Int(epoch)), anchor: "middle"))
    }
    for (index, curve) in curves.enumerated() {
      let color = Self.colors[index % Self.colors.count]
      let points = curve.values.enumerated().filter(\.element.isFinite).map {
        String(format: "%.1f,%.1f", x(Double($0.offset + 1)), y($0.element))
      }
      lines.append(
        "<polyline fill=\"none\" stroke=\"\(color)\" stroke-width=\"1.8\" "
          + "points=\"\(points.joined(separator: " "))\"/>")
      let place = Self.top + 12 + Double(index) * 19
      lines.append(line(645, place, 665, place, color: color, width: 3))
      lines.append(text(672, place + 4, curve.name))
    }
    return (lines + ["</svg>", ""]).joined(separator: "\n")
  }

  /// Round numbers between two others, about six.
  private static func ticks(_ least: Double, _ most: Double) -> [Double] {
    let rough = (most - least) / 6
    let power = pow(10, floor(log10(rough)))
    let step = power * ([1, 2, 5, 10].first { $0 * power >= rough } ?? 10)
    return Array(
      stride(from: ceil(least / step - 1e-9) * step, through: most + step * 1e-9, by: step))
  }

  private func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, color: String = "#dddddd",
    width: Double = 1
  ) -> String {
    String(format: "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" ", x1, y1, x2, y2)
      + "stroke=\"\(color)\" stroke-width=\"\(width)\"/>"
  }

  private func text(
    _ x: Double, _ y: Double, _ content: String, anchor: String = "start", size: Int = 12
  ) -> String {
    let escaped = content.replacingOccurrences(of: "&", with: "&amp;")
      .replacingOccurrences(of: "<", with: "&lt;")
    return String(format: "<text x=\"%.1f\" y=\"%.1f\" ", x, y)
      + "text-anchor=\"\(anchor)\" font-size=\"\(size)\">\(escaped)</text>"
  }
}

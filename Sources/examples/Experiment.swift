import Dataflow
import Foundation

/// What an example is told, and what it found: rows of a table, curves for TensorBoard and a plot.
final class Experiment {
  let name: String
  let digits: DataSet
  let epochs: Int
  let seed: Int
  private let events: String?
  private let plot: String?
  private var rows: [[String]] = []
  private var curves: [Plot.Curve] = []
  /// The number that the plot shows, by the name that `fit` gives it.
  var plotted = "val_accuracy"

  init(
    name: String, digits: DataSet, epochs: Int, seed: Int, events: String?, plot: String?
  ) {
    (self.name, self.digits, self.epochs, self.seed) = (name, digits, epochs, seed)
    (self.events, self.plot) = (events, plot)
  }

  /// Trains a model, tells about each epoch, and adds a curve.
  ///
  /// - Parameters:
  ///   - run: what the curve is called; a further training of the same name goes on with it.
  ///   - data: the training digits by default.
  ///   - validation: the test digits by default.
  @discardableResult
  func fit(
    _ run: String, _ model: Model, on data: DataSet.Split? = nil,
    validation: DataSet.Split? = nil, epochs: Int? = nil, batchSize: Int = 32,
    callbacks: [any Callback] = []
  ) throws -> History {
    var all: [any Callback] = [ProgressBarLogger(title: run)]
    let folder = run.map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined()
    if let events { all.append(TensorBoard("\(events)/\(name)/\(folder)")) }
    let history = try model.fit(
      data ?? digits.train, epochs: epochs ?? self.epochs, batchSize: batchSize,
      validation: validation ?? digits.test, seed: UInt64(seed), callbacks: all + callbacks)
    if let place = curves.firstIndex(where: { $0.name == run }) {
      curves[place].values += history[plotted]
    } else if !history[plotted].isEmpty {
      curves.append(Plot.Curve(name: run, values: history[plotted]))
    }
    return history
  }

  /// Adds a row to the table; the first one holds the columns' titles.
  func row(_ cells: String...) { rows.append(cells) }

  /// Adds a row of a name and numbers.
  func row(_ name: String, _ numbers: Double..., decimals: Int = 4) {
    rows.append([name] + numbers.map { $0.decimals(decimals) })
  }

  /// Prints the table and writes the plot.
  func finish(title: String) throws {
    print("\n\(title), \(epochs) epochs, seed \(seed)")
    for row in rows {
      let cells = row.indices.map { column in
        let width = rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        let space = String(repeating: " ", count: width - row[column].count)
        return column == 0 ? row[column] + space : space + row[column]
      }
      print(cells.joined(separator: "  "))
    }
    if let plot {
      let folder = URL(filePath: plot).deletingLastPathComponent()
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let picture = Plot(title: title, vertical: plotted, curves: curves)
      try picture.svg.write(toFile: plot, atomically: true, encoding: .utf8)
      print("wrote \(plot)")
    }
    if let events { print("tensorboard --logdir \(events)/\(name)") }
  }
}

extension Double {
  /// The number with a fixed count of decimals.
  func decimals(_ count: Int) -> String { String(format: "%.\(count)f", self) }
}

extension History {
  /// The last epoch's number of that name.
  func last(_ name: String) -> Double { self[name].last ?? .nan }
  /// The greatest number of that name.
  func best(_ name: String) -> Double { self[name].max() ?? .nan }
}

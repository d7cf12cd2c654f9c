import TensorCore
import TensorFlowFormats

/// A table from a file of comma-separated values, as RFC 4180 has them: fields may stand in quotes,
/// then with commas, line ends and doubled quotes in them.
public struct CSVTable: Sendable {
  /// The file's path.
  public let path: String
  /// The columns' names; `0`, `1`, … where the file has no header.
  public let columns: [String]
  /// The fields, row by row.
  public let rows: [[String]]
  /// The line of the file that each row begins on, counted from 1.
  private let lines: [Int]

  /// Reads a table.
  ///
  /// - Parameters:
  ///   - hasHeader: whether the first row names the columns.
  ///   - separator: what stands between fields, one ASCII character.
  /// - Throws: `FileError` naming the line that has another number of fields, or a quote out of place.
  public static func read(
    _ path: String, hasHeader: Bool = true, separator: Character = ","
  ) throws(FileError) -> CSVTable {
    guard let separator = separator.asciiValue else {
      throw FileError(path, "fields cannot be separated by \"\(separator)\", which is not ASCII")
    }
    var reader = CSVReader(path: path, bytes: try FileSystem.read(path), separator: separator)
    var rows: [[String]] = []
    var lines: [Int] = []
    while let (row, line) = try reader.next() {
      if let first = rows.first, row.count != first.count {
        throw FileError(path, "line \(line) has \(row.count) fields, expected \(first.count)")
      }
      rows.append(row)
      lines.append(line)
    }
    guard let first = rows.first else { throw FileError(path, "is empty") }
    guard hasHeader else {
      return CSVTable(path: path, columns: first.indices.map(String.init), rows: rows, lines: lines)
    }
    return CSVTable(
      path: path, columns: first, rows: Array(rows.dropFirst()), lines: Array(lines.dropFirst()))
  }

  /// The column of numbers of that name.
  ///
  /// - Throws: `FileError` naming the first line that holds none.
  public func numbers(of column: String) throws(FileError) -> [Double] {
    let place = try place(of: column)
    var numbers: [Double] = []
    for (row, line) in zip(rows, lines) {
      guard let number = Self.number(row[place]) else {
        throw FileError(
          path, "line \(line): \"\(row[place])\" in column \"\(column)\" is not a number")
      }
      numbers.append(number)
    }
    return numbers
  }

  /// The different fields of a column, sorted: the names of its classes.
  public func classes(of column: String) throws(FileError) -> [String] {
    let place = try place(of: column)
    return Set(rows.map { $0[place] }).sorted()
  }

  /// The table as examples: `float32` features of all columns but one, and the labels of that.
  ///
  /// Labels that are whole numbers are `int64`, other numbers `float32`; labels of text become their
  /// places among `classes(of:)`.
  ///
  /// - Parameter label: the label's column; the last by default.
  /// - Throws: `FileError` naming the line of a feature that is not a number.
  public func split(label: String? = nil) throws(FileError) -> DataSet.Split {
    let label = label ?? columns[columns.count - 1]
    let place = try place(of: label)
    guard !rows.isEmpty else { throw FileError(path, "holds no examples") }
    var features: [[Double]] = []
    for (index, column) in columns.enumerated() where index != place {
      features.append(try numbers(of: column))
    }
    var elements: [Float] = []
    for row in rows.indices { elements += features.map { Float($0[row]) } }
    guard let images = try? TensorValue(elements, shape: [rows.count, features.count]) else {
      throw FileError(path, "holds no features beside the labels")
    }
    return DataSet.Split(images: images, labels: try labels(place))
  }

  private func labels(_ place: Int) throws(FileError) -> TensorValue {
    let fields = rows.map { $0[place] }
    let whole = fields.compactMap { Int64($0.filter { $0 != " " }) }
    if whole.count == fields.count { return TensorValue(whole) }
    let numbers = fields.compactMap(Self.number)
    if numbers.count == fields.count { return TensorValue(numbers.map { Float($0) }) }
    // A number beside text is a slip rather than a class's name.
    if let stray = fields.firstIndex(where: { Self.number($0) == nil }), !numbers.isEmpty {
      throw FileError(
        path,
        "line \(lines[stray]): \"\(fields[stray])\" in column \"\(columns[place])\" "
          + "is not a number, as other labels are")
    }
    let names = Set(fields).sorted()
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int64($0)) })
    return TensorValue(fields.map { places[$0] ?? 0 })
  }

  private func place(of column: String) throws(FileError) -> Int {
    guard let place = columns.firstIndex(of: column) else {
      throw FileError(
        path, "has no column \"\(column)\"; it has \(columns.prefix(20).joined(separator: ", "))")
    }
    return place
  }

  private static func number(_ field: String) -> Double? { Double(field.filter { $0 != " " }) }
}

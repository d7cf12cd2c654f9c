/// Completes the entries of maps in Protocol Buffers' text form: a key or value that is zero or empty may
/// be left out, as some writers do, but the parser asks for both.
struct MapText {
  /// What stands for a key and a value that are left out, by the field's name.
  ///
  /// `attr`, `inputs` and `outputs` are names of fields of other kinds, too, whose messages have no
  /// fields of these names.
  private static let maps: [String: (key: String, value: String)] = {
    let messages = ["attr", "collection_def", "signature_def", "inputs", "outputs", "defaults"]
    var maps: [String: (key: String, value: String)] = [:]
    for name in messages { maps[name] = ("\"\"", "{}") }
    for name in ["ret", "control_ret", "function_aliases"] { maps[name] = ("\"\"", "\"\"") }
    maps["arg_attr"] = ("0", "{}")
    maps["resource_arg_unique_id"] = ("0", "0")
    return maps
  }()

  /// A message or list that is open.
  private struct Frame {
    /// The field that it is of.
    let field: String
    let isList: Bool
    var hasKey = false
    var hasValue = false
    var hasOther = false
  }

  private let text: [UInt8]
  private var position = 0
  private var result: [UInt8] = []
  private var frames: [Frame] = [Frame(field: "", isList: false)]
  /// The field whose value comes next; nil where a field's name does.
  private var field: String?

  /// The text with the entries completed.
  static func completed(_ text: String) -> String {
    var completion = MapText(Array(text.utf8))
    completion.run()
    return String(decoding: completion.result, as: UTF8.self)
  }

  private init(_ text: [UInt8]) { self.text = text }

  private mutating func run() {
    result.reserveCapacity(text.count)
    while position < text.count {
      switch text[position] {
      case UInt8(ascii: "#"): copy { $0 != UInt8(ascii: "\n") }
      case UInt8(ascii: "\""), UInt8(ascii: "'"): copyString()
      case UInt8(ascii: "{"), UInt8(ascii: "<"): open(isList: false)
      case UInt8(ascii: "["):
        // Where a field's name is expected, that of an extension.
        if field != nil || frames[frames.count - 1].isList {
          open(isList: true)
        } else {
          copy { $0 != UInt8(ascii: "]") }
          name("")
        }
      case UInt8(ascii: "}"), UInt8(ascii: ">"), UInt8(ascii: "]"): close()
      case let byte where Self.isWord(byte): copyWord()
      default: copyByte()
      }
    }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
      UInt8(ascii: "+"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  private mutating func copyByte() {
    result.append(text[position])
    position += 1
  }

  private mutating func copy(while holds: (UInt8) -> Bool) {
    while position < text.count, holds(text[position]) { copyByte() }
  }

  private mutating func copyString() {
    let quote = text[position]
    copyByte()
    while position < text.count, text[position] != quote {
      if text[position] == UInt8(ascii: "\\") { copyByte() }
      if position < text.count { copyByte() }
    }
    if position < text.count { copyByte() }
    endValue()
  }

  private mutating func copyWord() {
    let start = position
    copy(while: Self.isWord)
    if field != nil || frames[frames.count - 1].isList {
      endValue()
    } else {
      name(String(decoding: text[start..<position], as: UTF8.self))
    }
  }

  private mutating func name(_ name: String) {
    field = name
    let top = frames.count - 1
    switch name {
    case "key", "1": frames[top].hasKey = true
    case "value", "2": frames[top].hasValue = true
    default: frames[top].hasOther = true
    }
  }

  private mutating func endValue() {
    // Pieces of one string follow one another, so a name may come where a value was.
    if !frames[frames.count - 1].isList { field = nil }
  }

  private mutating func open(isList: Bool) {
    let top = frames[frames.count - 1]
    frames.append(Frame(field: top.isList ? top.field : field ?? "", isList: isList))
    field = nil
    copyByte()
  }

  private mutating func close() {
    if frames.count > 1 {
      let frame = frames.removeLast()
      if !frame.isList, !frame.hasOther, frame.hasKey || frame.hasValue,
        let missing = Self.maps[frame.field]
      {
        if !frame.hasKey { result += Array(" key: \(missing.key) ".utf8) }
        if !frame.hasValue { result += Array(" value: \(missing.value) ".utf8) }
      }
    }
    endValue()
    copyByte()
  }
}

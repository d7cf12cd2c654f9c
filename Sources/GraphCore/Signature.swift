import TensorCore

/// What an op takes, gives and is configured by: TensorFlow's `OpDef` as data.
public struct Signature: Sendable {
  /// An input or output, written as TensorFlow writes it: `"x: T"`, `"axis: int32"`,
  /// `"values: N * T"` for a list of one type, `"tensors: dtypes"` for a list of any types; and where
  /// only one rank will do, that rank behind it: `"axis: int32 scalar"`, `"begin: Index vector"`,
  /// `"paddings: Tpaddings matrix"`, `"images: T images"` for a rank of 4.
  public struct Argument: Sendable, ExpressibleByStringLiteral {
    /// The argument's name.
    public let name: String
    /// How the argument's type is stated.
    public enum Kind: Sendable, Hashable {
      /// One tensor of a fixed type.
      case fixed(DType)
      /// One tensor whose type is the named attribute.
      case typed(by: String)
      /// As many tensors as attribute `count` says, each of the type that attribute `by` says.
      case repeated(count: String, by: String)
      /// As many tensors of a fixed type as attribute `count` says.
      case repeatedFixed(count: String, DType)
    }
    /// The argument's type.
    public let kind: Kind
    /// Whether the tensor stands for a variable itself, `Ref(T)`, rather than for a value.
    public let isReference: Bool
    /// The one rank that a tensor may have; nil if several are taken.
    public let rank: Int?

    package init(name: String, kind: Kind, isReference: Bool = false) {
      self.name = name
      self.kind = kind
      self.isReference = isReference
      rank = nil
    }

    /// What a tensor of each rank is called, by the rank.
    package static let ranks = ["scalar": 0, "vector": 1, "matrix": 2, "images": 4]

    /// Parses TensorFlow's notation.
    public init(stringLiteral text: String) {
      let parts = text.split(separator: ":", maxSplits: 1).map { Self.trimmed($0) }
      precondition(parts.count == 2, "a signature's argument reads \"name: type\", found \(text)")
      name = parts[0]
      let factors = parts[1].split(separator: "*").map { Self.trimmed($0) }
      let words = factors[factors.count - 1].split(separator: " ")
      precondition(words.count <= 2, "a type and a rank are expected, found \(text)")
      rank = words.count == 2 ? Self.ranks[String(words[1])] : nil
      var type = String(words[0])
      isReference = type.hasPrefix("Ref(")
      if isReference { type = String(type.dropFirst(4).dropLast()) }
      switch (factors.count, DType(name: type)) {
      case (1, let dtype?): kind = .fixed(dtype)
      case (1, nil): kind = .typed(by: type)
      case (_, let dtype?): kind = .repeatedFixed(count: factors[0], dtype)
      case (_, nil): kind = .repeated(count: factors[0], by: type)
      }
    }

    private static func trimmed(_ text: Substring) -> String {
      String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
  }

  /// An attribute that an op's nodes carry.
  public struct AttributeDefinition: Sendable {
    /// The kinds of attribute values.
    public enum Kind: Sendable, Hashable {
      case int, float, bool, string, type, shape, tensor, function
      case listOfInt, listOfFloat, listOfBool, listOfString, listOfType, listOfShape, listOfTensor
      case listOfFunction
    }
    /// TensorFlow's name of the attribute.
    public let name: String
    /// What its values are.
    public let kind: Kind
    /// The value it has where a node does not state it.
    public let defaultValue: Attribute?
    /// For a type attribute: the types that the op takes; empty means any.
    public let allowedTypes: [DType]
    /// Whether an integer is a number that nothing is measured by, so that all 64 bits are taken.
    public let isSeed: Bool

    package init(
      name: String, kind: Kind, defaultValue: Attribute?, allowedTypes: [DType],
      isSeed: Bool = false
    ) {
      self.name = name
      self.kind = kind
      self.defaultValue = defaultValue
      self.allowedTypes = allowedTypes
      self.isSeed = isSeed
    }

    /// A type attribute, inferred from the inputs where it names their type.
    public static func type(
      _ name: String, _ allowed: [DType] = [], default defaultType: DType? = nil
    ) -> Self {
      Self(
        name: name, kind: .type, defaultValue: defaultType.map { .type($0) }, allowedTypes: allowed)
    }
    /// A list of types, inferred from the inputs where it names their types.
    public static func types(_ name: String) -> Self {
      Self(name: name, kind: .listOfType, defaultValue: nil, allowedTypes: [])
    }
    /// An attribute of a given kind; without a default every node must state it.
    public static func value(_ name: String, _ kind: Kind, default defaultValue: Attribute? = nil)
      -> Self
    {
      Self(name: name, kind: kind, defaultValue: defaultValue, allowedTypes: [])
    }
    /// A Boolean attribute.
    public static func flag(_ name: String, default defaultValue: Bool = false) -> Self {
      value(name, .bool, default: .bool(defaultValue))
    }
    /// An integer attribute; the length of a list if the inputs say so.
    public static func int(_ name: String, default defaultValue: Int? = nil) -> Self {
      value(name, .int, default: defaultValue.map { .int($0) })
    }
    /// A random stream's seed, 0 by default.
    public static func seed(_ name: String) -> Self {
      Self(name: name, kind: .int, defaultValue: .int(0), allowedTypes: [], isSeed: true)
    }
    /// A floating-point attribute.
    public static func float(_ name: String, default defaultValue: Float? = nil) -> Self {
      value(name, .float, default: defaultValue.map { .float($0) })
    }
    /// A string attribute.
    public static func string(_ name: String, default defaultValue: String? = nil) -> Self {
      value(name, .string, default: defaultValue.map { .string(Array($0.utf8)) })
    }
    /// A shape attribute.
    public static func shape(_ name: String, default defaultValue: PartialShape? = nil) -> Self {
      value(name, .shape, default: defaultValue.map { .shape($0) })
    }
  }

  /// The inputs in order.
  public let inputs: [Argument]
  /// The outputs in order.
  public let outputs: [Argument]
  /// The attributes, in no particular order.
  public let attributes: [AttributeDefinition]

  /// Whether any input may have one rank alone.
  package let statesRanks: Bool

  /// A signature of the given inputs, outputs and attributes.
  public init(
    _ inputs: [Argument], gives outputs: [Argument], _ attributes: [AttributeDefinition] = []
  ) {
    self.inputs = inputs
    statesRanks = inputs.contains { $0.rank != nil }
    self.outputs = outputs
    self.attributes = attributes
  }

  /// The attribute of that name, if the op has it.
  public func attribute(named name: String) -> AttributeDefinition? {
    attributes.first { $0.name == name }
  }
}

extension Signature.AttributeDefinition {
  /// The first integer of a value that is beyond 32 bits: no size, step, axis or mask is, and formulas
  /// of some of them stay within 64.
  package func excess(in value: Attribute) -> Int? {
    if isSeed { return nil }
    let numbers: [Int] =
      switch value {
      case .int(let number): [number]
      case .list(let items) where kind == .listOfInt: items.compactMap { Int($0) }
      default: []
      }
    return numbers.first { Int32(exactly: $0) == nil }
  }
}

extension Signature.AttributeDefinition.Kind {
  /// Whether `attribute` is a value of this kind.
  package func admits(_ attribute: Attribute) -> Bool {
    switch (self, attribute) {
    case (.int, .int), (.float, .float), (.bool, .bool), (.string, .string), (.type, .type),
      (.shape, .shape), (.tensor, .tensor), (.function, .function):
      true
    case (.listOfInt, .list(let items)): items.allSatisfy { Int($0) != nil }
    case (.listOfFloat, .list(let items)): items.allSatisfy { Float($0) != nil }
    case (.listOfBool, .list(let items)): items.allSatisfy { Bool($0) != nil }
    case (.listOfFunction, .list(let items)):
      items.allSatisfy { if case .function = $0 { true } else { false } }
    case (.listOfString, .list(let items)): items.allSatisfy { String($0) != nil }
    case (.listOfType, .list(let items)): items.allSatisfy { DType($0) != nil }
    case (.listOfShape, .list(let items)): items.allSatisfy { PartialShape($0) != nil }
    case (.listOfTensor, .list(let items)): items.allSatisfy { TensorValue($0) != nil }
    default: false
    }
  }
}

extension Signature {
  /// Whether the types that attributes name are among those that the op takes.
  package func admits(_ attributes: [String: Attribute]) -> Bool {
    self.attributes.allSatisfy { definition in
      guard case .type(let dtype)? = attributes[definition.name] else { return true }
      return definition.allowedTypes.isEmpty || definition.allowedTypes.contains(dtype)
    }
  }

  /// The same of any types.
  package var ofAnyType: Signature {
    Signature(
      inputs, gives: outputs,
      attributes.map { definition in
        AttributeDefinition(
          name: definition.name, kind: definition.kind, defaultValue: definition.defaultValue,
          allowedTypes: [], isSeed: definition.isSeed)
      })
  }
}

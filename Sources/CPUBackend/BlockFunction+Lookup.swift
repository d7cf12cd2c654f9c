import StandardOps
import TensorCore

/// The block function of each step for each type; nil where the type has no such step.
enum BlockFunctions {
  static func unary(_ operation: UnaryOperation, _ dtype: DType) -> BlockFunction? {
    switch dtype {
    case .float32: Blocks<Float>.unary(operation)
    case .float64: Blocks<Double>.unary(operation)
    case .int8: Blocks<Int8>.unary(operation)
    case .int16: Blocks<Int16>.unary(operation)
    case .int32: Blocks<Int32>.unary(operation)
    case .int64: Blocks<Int64>.unary(operation)
    case .uint8: Blocks<UInt8>.unary(operation)
    case .uint16: Blocks<UInt16>.unary(operation)
    case .uint32: Blocks<UInt32>.unary(operation)
    case .uint64: Blocks<UInt64>.unary(operation)
    case .bool: BooleanBlocks.unary(operation)
    default: nil
    }
  }

  static func binary(_ operation: BinaryOperation, _ dtype: DType) -> BlockFunction? {
    switch dtype {
    case .float32: Blocks<Float>.binary(operation)
    case .float64: Blocks<Double>.binary(operation)
    case .int8: Blocks<Int8>.binary(operation)
    case .int16: Blocks<Int16>.binary(operation)
    case .int32: Blocks<Int32>.binary(operation)
    case .int64: Blocks<Int64>.binary(operation)
    case .uint8: Blocks<UInt8>.binary(operation)
    case .uint16: Blocks<UInt16>.binary(operation)
    case .uint32: Blocks<UInt32>.binary(operation)
    case .uint64: Blocks<UInt64>.binary(operation)
    case .bool: BooleanBlocks.binary(operation)
    default: nil
    }
  }

  static func comparison(_ operation: ComparisonOperation, _ dtype: DType) -> BlockFunction? {
    switch dtype {
    case .float32: Blocks<Float>.comparison(operation)
    case .float64: Blocks<Double>.comparison(operation)
    case .int8: Blocks<Int8>.comparison(operation)
    case .int16: Blocks<Int16>.comparison(operation)
    case .int32: Blocks<Int32>.comparison(operation)
    case .int64: Blocks<Int64>.comparison(operation)
    case .uint8, .bool: Blocks<UInt8>.comparison(operation)
    case .uint16: Blocks<UInt16>.comparison(operation)
    case .uint32: Blocks<UInt32>.comparison(operation)
    case .uint64: Blocks<UInt64>.comparison(operation)
    default: nil
    }
  }

  static func select(_ dtype: DType) -> BlockFunction? {
    switch dtype.byteCount {
    case 1: { Blocks<UInt8>.select($0, $1, $2, $3, $4, $5) }
    case 2: { Blocks<UInt16>.select($0, $1, $2, $3, $4, $5) }
    case 4: { Blocks<UInt32>.select($0, $1, $2, $3, $4, $5) }
    case 8: { Blocks<UInt64>.select($0, $1, $2, $3, $4, $5) }
    default: nil
    }
  }
}

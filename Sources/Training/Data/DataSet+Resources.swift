import Foundation

extension DataSet {
  /// Where the digits that come with the package are.
  static let packagedDigits: String =
    Bundle.module.resourceURL?.appendingPathComponent("mnist-5k").path ?? "mnist-5k"
}

import StandardOps
import TensorCore
import TensorFlowFormats

/// Images, or other examples, with their labels, some to train on and some to test with.
public struct DataSet: Sendable {
  /// What to train on.
  public let train: Split
  /// What to test with.
  public let test: Split

  /// A set of the two.
  public init(train: Split, test: Split) { (self.train, self.test) = (train, test) }

  /// Some of the images with their labels.
  public struct Split: Sendable {
    /// An example a row: of MNIST `float32`, shape `[count, pixels]`, each pixel from 0 to 1.
    public let images: TensorValue
    /// What is to be learned of each: of MNIST `int64`, shape `[count]`.
    public let labels: TensorValue
    /// The number of images.
    public var count: Int { labels.shape.rank > 0 ? labels.shape[0] : 0 }
  }

  /// MNIST's four files from a directory, or the 5,000 digits that come with the package.
  ///
  /// - Parameter directory: holds `train-images-idx3-ubyte` and its three siblings, plain or with
  ///   `.gz`; Fashion-MNIST has files of the same names.
  /// - Throws: `FileError` naming the file that is missing, damaged or of another size.
  public static func mnist(directory: String? = nil) throws(FileError) -> DataSet {
    let directory = directory ?? packagedDigits
    return DataSet(
      train: try split("train", in: directory), test: try split("t10k", in: directory))
  }

  private static func split(_ name: String, in directory: String) throws(FileError) -> Split {
    let images = try read("\(name)-images-idx3-ubyte", in: directory)
    let labels = try read("\(name)-labels-idx1-ubyte", in: directory)
    guard images.value.shape.rank >= 2, labels.value.shape.rank == 1,
      images.value.shape[0] == labels.value.shape[0]
    else {
      throw FileError(
        labels.path,
        "has labels of shape \(labels.value.shape) for images of shape \(images.value.shape)")
    }
    let count = labels.value.count
    guard count > 0 else { throw FileError(images.path, "holds no images") }
    let pixels = images.value.withUnsafeBytes { bytes in bytes.map { Float($0) / 255 } }
    let classes = labels.value.withUnsafeBytes { bytes in bytes.map { Int64($0) } }
    guard let scaled = try? TensorValue(pixels, shape: [count, pixels.count / count]) else {
      throw FileError(images.path, "holds images of different sizes")
    }
    return Split(images: scaled, labels: TensorValue(classes))
  }

  private static func read(_ name: String, in directory: String) throws(FileError) -> (
    path: String, value: TensorValue
  ) {
    for path in ["\(directory)/\(name)", "\(directory)/\(name).gz"]
    where FileSystem.exists(path) {
      return (path, try IDX.read(path))
    }
    throw FileError("\(directory)/\(name)", "is missing, with and without .gz")
  }
}

import Foundation
import Testing

/// Graphs on which the tool once failed: each gives one clear error, or TensorFlow's values.
@Suite(.serialized) struct FaultTests {
  /// A command on a file of the fixture, with what it prints.
  private struct Fault: CustomTestStringConvertible, Sendable {
    let arguments: [String]
    let output: String
    var isError = true
    var testDescription: String { arguments.joined(separator: " ") }
  }

  private static func run(_ file: String, _ feeds: [String], _ fetches: [String], _ output: String)
    -> Fault
  {
    Fault(
      arguments: ["run", file] + feeds.flatMap { ["--feed", $0] }
        + fetches.flatMap { ["--fetch", $0] },
      output: output)
  }

  /// Sizes, steps and operands that do not fit, and counts beyond all memory.
  private static let mistakes: [Fault] =
    ["a", "b", "c"].map {
      run("mirrorpad_\($0).pb", [], ["out:0"], "paddings must not be negative")
    } + [
      run(
        "filter-gradient-shape.pb",
        ["i0:0=filter-gradient-shape.0.npy", "i2:0=filter-gradient-shape.2.npy"], ["out:0"],
        "out_backprop must have the shape [1, 4, 4, 50]"),
      run(
        "input-gradient-shape.pb",
        ["i1:0=input-gradient-shape.1.npy", "i2:0=input-gradient-shape.2.npy"], ["out:0"],
        "out_backprop must have the shape [1, 40, 40, 4]"),
      run(
        "depthwise-gradient-shape.pb",
        ["i0:0=depthwise-gradient-shape.0.npy", "i2:0=depthwise-gradient-shape.2.npy"], ["out:0"],
        "out_backprop must have the shape [1, 4, 4, 100]"),
      run(
        "pool-gradient-shape.pb", ["i1:0=pool-gradient-shape.1.npy"], ["out:0"],
        "give the shape [1, 20, 20, 3], found [1, 2, 2, 3]"),
      run(
        "gather-batch.pb", ["i0:0=gather-batch.0.npy", "i1:0=gather-batch.1.npy"], ["out:0"],
        "the first 1 sizes must agree"),
      run(
        "space-to-batch.pb", ["i0:0=space-to-batch.0.npy"], ["out:0"], "must not be negative"),
      run("conv-dilation.pb", ["im:0=conv-dilation.npy"], ["out0:0"], "dilations must fit 32 bits"),
      run(
        "pool-negative-stride.pb", ["im:0=pool-negative-stride.npy"], ["out0:0"],
        "strides must be four numbers of at least 1"),
      run(
        "filter-gradient-stride.pb", ["im:0=filter-gradient-stride.npy"], ["out0:0"],
        "strides must fit 32 bits"),
      run(
        "input-gradient-stride.pb", ["im:0=input-gradient-stride.npy"], ["out0:0"],
        "strides must fit 32 bits"),
      run(
        "batch-to-space-negative.pb", ["im:0=batch-to-space-negative.npy"], ["out0:0"],
        "must not be negative"),
      run(
        "space-to-batch-negative.pb", ["x:0=space-to-batch-negative.npy"], ["out0:0"],
        "must not be negative"),
      run("reshape-huge.pb", ["x:0=reshape-huge.npy"], ["out0:0"], "would have the size"),
      run("split-huge.pb", ["x:0=split-huge.npy"], ["out:0"], "do not add up to 3 rows"),
      run(
        "identity-huge-shape.pb", ["x:0=identity-huge-shape.npy"], ["out0:0"],
        "cannot be fed a value of shape [1, 4, 6, 2]"),
      run(
        "pool-huge-window.pb", ["im:0=pool-huge-window.npy"], ["out0:0"], "ksize must fit 32 bits"),
      run("pack-huge.pb", ["im:0=pack-huge.npy"], ["out0:0"], "do not make 16384 groups"),
      run("random-huge.pb", ["n:0=random-huge.npy"], ["out3:0"], "more than the budget"),
      run("linspace.graph", [], ["y:0"], "are too many"),
      run("tile-huge.graph", [], ["y:0"], "too many elements"),
      run("fill-huge.graph", ["v=1"], ["y:0"], "more than the budget"),
      Fault(arguments: ["verify", "fill-huge.graph"], output: "more than the budget"),
      Fault(arguments: ["verify", "placeholder-huge.graph"], output: "more than the budget"),
      Fault(
        arguments: ["verify", "batch-norm-gradient-format.pb"],
        output: "data_format must be NHWC or NCHW"),
    ]

  /// What runs, with TensorFlow's values.
  private static let values: [Fault] = [
    run("merge.pb", ["p:0=true", "x:0=merge.x.npy"], ["y:0"], "[2.0, 4.0, 6.0]")
  ]

  @Test(arguments: ["llvm", "cpu"]) func mistakesAreErrors(_ backend: String) throws {
    try PackedFixture.unpacked("faults") { folder in
      for fault in Self.mistakes {
        let (output, status) = try GraphcProcess.run(
          fault.arguments + ["--backend", backend], in: folder)
        #expect(status == 1 || status == 2, "\(fault.testDescription): \(status) \(output)")
        #expect(output.contains(fault.output), "\(fault.testDescription): \(output)")
      }
    }
  }

  @Test(arguments: ["llvm", "cpu"]) func othersGiveTheirValues(_ backend: String) throws {
    try PackedFixture.unpacked("faults") { folder in
      for fault in Self.values {
        let (output, status) = try GraphcProcess.run(
          fault.arguments + ["--backend", backend], in: folder)
        #expect(status == 0 && output.contains(fault.output), "\(fault.testDescription): \(output)")
      }
    }
  }

  /// What `optimize` writes gives the values of what it read.
  @Test func optimizedGraphsGiveTheSame() throws {
    try PackedFixture.unpacked("faults") { folder in
      func optimized(_ arguments: [String]) throws {
        let (output, status) = try GraphcProcess.run(
          ["optimize"] + arguments + ["-o", "optimized.pb"], in: folder)
        #expect(status == 0, "\(arguments): \(output)")
      }
      try optimized(["offsets.graph", "--fetch", "o:1", "--fetch", "o:2"])
      let found = try GraphcProcess.run(["run", "optimized.pb", "--fetch", "o:1"], in: folder)
      #expect(found.output.contains("[0, 2]"), "\(found.output)")
      try optimized(["slice.pbtxt", "--fetch", "y:0", "--feed", "x:0=3,2"])
      try optimized(["reverse.pb", "--fetch", "y:0"])
      try optimized(["computed.pb", "--fetch", "out:0", "--feed", "x:0=5,7", "--feed", "y:0=5,7"])
    }
  }
}

// swift-tools-version: 6.1
import PackageDescription

/// One module of the library; the list below is in the order of the arrows in README's architecture.
func module(
  _ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil
) -> Target {
  .target(name: name, dependencies: dependencies, resources: resources)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil)
  -> Target
{
  .testTarget(
    name: name + "Tests", dependencies: [.init(stringLiteral: name)] + dependencies,
    resources: resources)
}

let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "Dataflow",
  products: [
    .library(name: "Dataflow", targets: ["Dataflow"]),
    .executable(name: "graphc", targets: ["graphc"]),
    .executable(name: "mnist", targets: ["mnist"]),
    .executable(name: "examples", targets: ["examples"]),
    .executable(name: "bench-mlp", targets: ["bench-mlp"]),
  ],
  traits: [
    .trait(name: "LLVM", description: "Compile kernels to machine code through LLVM's C functions"),
    .default(enabledTraits: ["LLVM"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0", traits: []),
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
  ],
  targets: [
    .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CThreads"),
    .systemLibrary(name: "CLLVM", providers: [.apt(["llvm-dev"])]),

    module("TensorCore"),
    module("GraphCore", ["TensorCore"]),
    module("StandardOps", ["GraphCore", "TensorCore", "CZlib"]),
    module("Autodiff", ["StandardOps", "GraphCore", "TensorCore"]),
    module("GraphCompiler", ["StandardOps", "GraphCore", "TensorCore"]),
    module("CPUBackend", ["GraphCompiler", "StandardOps", "TensorCore", "COpenBLAS"]),
    module(
      "LLVMBackend",
      [
        "GraphCompiler", "StandardOps", "TensorCore",
        .target(name: "CLLVM", condition: .when(traits: ["LLVM"])),
      ]),
    module(
      "GraphRuntime",
      ["GraphCompiler", "CPUBackend", "LLVMBackend", "GraphCore", "TensorCore", "CThreads"]),
    module(
      "GraphTools",
      ["GraphRuntime", "GraphCompiler", "Autodiff", "StandardOps", "GraphCore", "TensorCore"]),
    .target(
      name: "TensorFlowFormats",
      dependencies: ["StandardOps", "GraphCore", "TensorCore", "CZlib", protobuf],
      exclude: ["checkpoint", "event", "full_type", "graph", "meta_graph", "object_graph"].map {
        "Schema/\($0).proto"
      }),
    module(
      "Persistence",
      ["GraphRuntime", "TensorFlowFormats", "StandardOps", "GraphCore", "TensorCore"]),
    module(
      "Training",
      [
        "Autodiff", "Persistence", "GraphTools", "GraphRuntime", "TensorFlowFormats", "StandardOps",
        "GraphCore", "TensorCore",
      ],
      resources: [.copy("mnist-5k")]),
    module(
      "Dataflow",
      [
        "Training", "Persistence", "GraphTools", "GraphRuntime", "Autodiff", "StandardOps",
        "GraphCore", "TensorCore",
      ]),
    .executableTarget(
      name: "graphc", dependencies: ["Dataflow", "GraphTools", "TensorFlowFormats", argumentParser]),
    .executableTarget(name: "mnist", dependencies: ["Dataflow", argumentParser]),
    .executableTarget(name: "examples", dependencies: ["Dataflow", argumentParser]),
    .executableTarget(name: "bench-mlp", dependencies: ["Dataflow", argumentParser]),

    .executableTarget(
      name: "mutants",
      dependencies: ["Dataflow", "GraphTools", "TensorFlowFormats", argumentParser],
      path: "Tests/mutants"),
    tests("StandardOps", ["Dataflow"], resources: [.copy("Fixtures")]),
    .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
    tests("GraphCompiler", ["Dataflow"]),
    tests("GraphRuntime", ["Dataflow", "AllocationCounter", "CThreads"]),
    tests("GraphTools", ["Dataflow"]),
    tests("TensorFlowFormats", ["TensorCore"]),
    tests("Training", ["Dataflow", "TensorFlowFormats"], resources: [.copy("Fixtures")]),
    tests(
      "Persistence", ["Dataflow", "GraphRuntime", "GraphTools", "TensorFlowFormats", "CZlib"],
      resources: [.copy("Fixtures")]),
    tests("LLVMBackend", ["Dataflow", "CPUBackend", "GraphCompiler", "StandardOps", "TensorCore"]),
    tests("graphc", ["Dataflow", "TensorFlowFormats"], resources: [.copy("Fixtures")]),
  ],
  swiftLanguageModes: [.v6]
)

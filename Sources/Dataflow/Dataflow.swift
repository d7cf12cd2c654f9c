// The umbrella that users import.
@_exported import Autodiff
@_exported import GraphCompiler
@_exported import GraphCore
@_exported import GraphRuntime
@_exported import GraphTools
@_exported import StandardOps
@_exported import TensorCore
@_exported import Training
@_exported import Persistence

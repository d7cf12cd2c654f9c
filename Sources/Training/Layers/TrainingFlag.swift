import GraphCore
import StandardOps

/// Whether a layer trains: `true` or `false`, fixed when the graph is built, or a Boolean scalar of
/// the graph, such as a placeholder that is fed at run time.
public protocol TrainingFlag: Sendable {
  /// The flag as one of its three forms.
  var phase: TrainingPhase { get }
}

/// When a layer trains.
public enum TrainingPhase: Sendable {
  /// In every run.
  case always
  /// In none.
  case never
  /// In runs in which a tensor is true.
  case when(Tensor)
}

extension Bool: TrainingFlag {
  /// Always or never.
  public var phase: TrainingPhase { self ? .always : .never }
}

extension Tensor: TrainingFlag {
  /// In runs in which the tensor is true.
  public var phase: TrainingPhase { .when(self) }
}

extension Layers {
  /// What training makes of a layer, or what it gives otherwise; nil trains always.
  static func inTraining(
    _ flag: (any TrainingFlag)?, otherwise: Tensor, _ trained: () -> Tensor
  ) -> Tensor {
    switch flag?.phase ?? .always {
    case .always: trained()
    case .never: identity(otherwise)
    case .when(let condition): select(condition, trained(), otherwise)
    }
  }
}

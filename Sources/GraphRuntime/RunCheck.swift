/// What a run looks for while it computes; such a run is slower than others.
public enum RunCheck: String, Sendable, Hashable, CaseIterable {
  /// Stops at the first op that makes a NaN or an infinity, with a `NonFiniteError`.
  ///
  /// The run has a plan of its own, in which nothing is rewritten and each node is a kernel, so that
  /// one node is to blame; what is not selected afterwards is checked all the same. An op makes a NaN
  /// if none of its inputs holds one, and an infinity if all of its inputs are finite: infinite
  /// constants, feeds and variables are legitimate, such as those that mask a softmax. A feed, constant
  /// or variable that holds a NaN is reported as such.
  ///
  /// Variables that the run had written before keep their new values, as after any run that failed.
  case finite
}

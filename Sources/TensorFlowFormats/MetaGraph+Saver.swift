import GraphCore

extension Graph {
  /// Drops what a file said of the nodes that save and restore, where these are not in the graph.
  package func forgetSaver() {
    var details = TFMetaGraphDef.details(of: self)
    guard details.hasSaverDef else { return }
    details.clearSaverDef()
    let text = details.compactText
    state.withLock { $0.details = text }
  }
}

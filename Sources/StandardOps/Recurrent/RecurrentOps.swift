import GraphCore

extension OpSet {
  static let recurrentOps: [any Op.Type] = [
    Ops.ReverseSequence.self,
    Ops.LSTMBlockCell.self, Ops.LSTMBlockCellGrad.self,
    Ops.BlockLSTM.self, Ops.BlockLSTMV2.self, Ops.BlockLSTMGrad.self, Ops.BlockLSTMGradV2.self,
    Ops.GRUBlockCell.self, Ops.GRUBlockCellGrad.self,
    Ops.CTCLoss.self, Ops.CTCGreedyDecoder.self,
  ]
}

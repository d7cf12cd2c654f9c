import GraphCore

extension OpSet {
  static let controlFlowOps: [any Op.Type] = [
    Ops.Switch.self, Ops.Merge.self, Ops.RefSwitch.self, Ops.RefMerge.self,
    Ops.Enter.self, Ops.RefEnter.self, Ops.Exit.self, Ops.RefExit.self, Ops.NextIteration.self,
    Ops.RefNextIteration.self, Ops.LoopCond.self, Ops.ControlTrigger.self,
    Ops._Arg.self, Ops.PartitionedCall.self, Ops.StatefulPartitionedCall.self,
    Ops.If.self, Ops.StatelessIf.self, Ops.Case.self, Ops.StatelessCase.self,
    Ops.While.self, Ops.StatelessWhile.self,
    Ops.EmptyTensorList.self, Ops.TensorListReserve.self, Ops.TensorListPushBack.self,
    Ops.TensorListPopBack.self, Ops.TensorListGetItem.self, Ops.TensorListSetItem.self,
    Ops.TensorListStack.self, Ops.TensorListFromTensor.self, Ops.TensorListLength.self,
    Ops.Assert.self,
    Ops.OptionalFromValue.self, Ops.OptionalNone.self, Ops.OptionalGetValue.self,
    Ops.OptionalHasValue.self,
    Ops.TensorArrayV3.self, Ops.TensorArrayWriteV3.self, Ops.TensorArrayReadV3.self,
    Ops.TensorArrayGatherV3.self, Ops.TensorArrayScatterV3.self, Ops.TensorArraySizeV3.self,
    Ops.TensorArrayConcatV3.self, Ops.TensorArraySplitV3.self,
    Ops.TensorArrayGradV3.self, Ops.TensorArrayCloseV3.self, Ops.StackV2.self, Ops.StackPushV2.self,
    Ops.StackPopV2.self, Ops.StackCloseV2.self,
    Ops.TensorListElementShape.self,
    Ops.TensorListGather.self, Ops.TensorListResize.self, Ops.TensorListScatter.self,
    Ops.TensorListScatterV2.self, Ops.TensorListScatterIntoExistingList.self,
    Ops.TensorListConcat.self, Ops.TensorListConcatV2.self, Ops.TensorListSplit.self,
    Ops.TensorListConcatLists.self,
  ]
}

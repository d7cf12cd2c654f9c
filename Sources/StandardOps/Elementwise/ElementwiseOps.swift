import GraphCore

extension OpSet {
  static let elementwiseOps: [any Op.Type] = [
    Ops.Neg.self, Ops.Abs.self, Ops.Sign.self, Ops.Exp.self, Ops.Expm1.self, Ops.Log.self,
    Ops.Log1p.self,
    Ops.Square.self, Ops.Sqrt.self, Ops.Rsqrt.self, Ops.Reciprocal.self, Ops.Inv.self,
    Ops.SqrtGrad.self, Ops.RsqrtGrad.self, Ops.ReciprocalGrad.self, Ops.InvGrad.self,
    Ops.Floor.self, Ops.Ceil.self, Ops.Round.self, Ops.Rint.self,
    Ops.Sin.self, Ops.Cos.self, Ops.Tan.self, Ops.Asin.self, Ops.Acos.self, Ops.Atan.self,
    Ops.Atan2.self,
    Ops.Sinh.self, Ops.Cosh.self, Ops.Tanh.self, Ops.TanhGrad.self, Ops.Asinh.self, Ops.Acosh.self,
    Ops.Atanh.self,
    Ops.Sigmoid.self, Ops.SigmoidGrad.self, Ops.Erf.self, Ops.Erfc.self,
    Ops.Relu.self, Ops.ReluGrad.self, Ops.Relu6.self, Ops.Relu6Grad.self, Ops.LeakyRelu.self,
    Ops.LeakyReluGrad.self,
    Ops.Elu.self, Ops.EluGrad.self, Ops.Selu.self, Ops.SeluGrad.self, Ops.Softplus.self,
    Ops.SoftplusGrad.self, Ops.Softsign.self, Ops.SoftsignGrad.self,
    Ops.AddV2.self, Ops.Add.self, Ops.Sub.self, Ops.Mul.self, Ops.RealDiv.self,
    Ops.Div.self, Ops.FloorDiv.self, Ops.TruncateDiv.self, Ops.FloorMod.self, Ops.TruncateMod.self,
    Ops.DivNoNan.self, Ops.MulNoNan.self, Ops.Xdivy.self, Ops.Xlogy.self, Ops.Xlog1py.self,
    Ops.Maximum.self, Ops.Minimum.self, Ops.ClipByValue.self,
    Ops.Pow.self, Ops.SquaredDifference.self,
    Ops.Less.self, Ops.LessEqual.self, Ops.Greater.self, Ops.GreaterEqual.self, Ops.Equal.self,
    Ops.NotEqual.self,
    Ops.LogicalAnd.self, Ops.LogicalOr.self, Ops.LogicalNot.self, Ops.IsNan.self, Ops.IsInf.self,
    Ops.IsFinite.self,
    Ops.SelectV2.self, Ops.Select.self,
    Ops.Cast.self,
    Ops.AddN.self,
    Ops.Identity.self, Ops.Snapshot.self, Ops.StopGradient.self, Ops.PreventGradient.self,
    Ops.ZerosLike.self, Ops.OnesLike.self,
  ]
}

/// Joins the dimensions of loops that go through memory as one would.
package enum CollapseDimensions: KernelPass {
  package static let name = "collapse-dimensions"
  package static let summary = "joins dimensions that go through memory as one"
  package static let isNeeded = true

  package static func run(_ list: inout KernelList) {
    list.kernels = list.kernels.map { $0.collapsed() }
  }
}

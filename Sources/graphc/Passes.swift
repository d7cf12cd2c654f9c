import ArgumentParser
import GraphTools

struct Passes: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists the compiler's passes, its rules with their contracts, and the kernels.")

  func run() throws {
    for line in PassListing.lines() { print(line) }
  }
}

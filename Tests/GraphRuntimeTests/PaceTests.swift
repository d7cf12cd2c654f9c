import GraphRuntime
import Testing

/// Which way runs go, on times that the tests make up.
@Suite struct PaceTests {
  /// How many of the next runs share, if they take these times.
  private func shares(_ pace: RunPace, _ runs: Int, shared: Int, alone: Int) -> Int {
    (0..<runs).count { _ in
      let shares = pace.nextShares()
      pace.enter(shares ? shared : alone, shares: shares)
      return shares
    }
  }

  @Test func bothWaysAreTriedAndTheFasterGoesOn() {
    let pace = RunPace()
    #expect(shares(pace, 5, shared: 60_000, alone: 100_000) == 5)
    #expect(shares(pace, 5, shared: 60_000, alone: 100_000) == 0)
    let most = shares(pace, 10_000, shared: 60_000, alone: 100_000)
    #expect((9_500..<10_000).contains(most), "\(most)")
    let slow = RunPace()
    let few = shares(slow, 10_000, shared: 100_000, alone: 55_000)
    #expect((10..<500).contains(few), "\(few)")
  }

  @Test func theMoreATrialCostsTheRarerItIs() {
    let pace = RunPace()
    #expect(shares(pace, 10_000, shared: 10_000_000, alone: 100_000) <= 10)
  }

  @Test func aChangeIsFollowed() {
    let pace = RunPace()
    #expect(shares(pace, 1_000, shared: 60_000, alone: 100_000) > 900)
    // Now the other processors are busy.
    #expect(shares(pace, 1_000, shared: 500_000, alone: 100_000) < 30)
    #expect(shares(pace, 20_000, shared: 60_000, alone: 100_000) > 15_000)
  }

  @Test func oneLostTimeSliceChangesNothing() {
    let pace = RunPace()
    #expect(shares(pace, 100, shared: 60_000, alone: 100_000) > 80)
    for _ in 0..<2 where pace.nextShares() { pace.enter(12_000_000, shares: true) }
    #expect(shares(pace, 20, shared: 60_000, alone: 100_000) >= 15)
  }

  @Test func noGainLeavesTheOtherProcessorsAlone() {
    let pace = RunPace()
    #expect(shares(pace, 1_000, shared: 99_000, alone: 100_000) < 300)
  }

  @Test func longRunsAreNotTried() {
    let pace = RunPace()
    #expect(shares(pace, 100, shared: 400_000_000, alone: 1) == 100)
  }

  @Test func aLossIsPaidForWithTimeAlone() {
    let account = ParallelAccount()
    #expect(account.allowsSharing(at: 0))
    // Gains excuse some of what comes.
    account.enter(300_000, at: 1_000_000)
    account.enter(-200_000, at: 1_500_000)
    #expect(account.allowsSharing(at: 1_500_000))
    account.enter(-1_000_000, at: 2_000_000)
    #expect(!account.allowsSharing(at: 2_000_000))
    #expect(!account.allowsSharing(at: 2_000_000 + 17_000_000))
    #expect(account.allowsSharing(at: 2_000_000 + 18_000_000))
    // Nothing is owed any more.
    #expect(account.allowsSharing(at: 2_000_001))
    account.enter(-40_000, at: 30_000_000)
    #expect(account.allowsSharing(at: 30_000_000))
  }
}

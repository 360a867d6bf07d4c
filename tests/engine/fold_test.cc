// Reports of two ends that were never there, folded: every figure by arithmetic in the test.
#include "engine/fold.h"

#include <gtest/gtest.h>

#include "engine/growth.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

// Counters that did not move.
PortGrowth counted() {
  return {.tx_dropped = 0, .rx_ring_dropped = 0, .rx_nic_dropped = 0};
}

// A hundred frames in two spaces, of which all came.
class FoldTest : public ::testing::Test {
 protected:
  FoldTest() {
    sent_ = {.from = "a",
             .intended = 100,
             .offered = 100,
             .flows_sent = 2,
             .sequence_scope = "flow",
             .sent_per_space = {60, 40},
             .tx_end = 9'000,
             .tx_stamp = "burst",
             .tx_span_max = 700,
             .port = counted()};
    received_ = ReceivedReport{.to = "b",
                               .counts = {.unique = 100},
                               .spaces = {{.reached = 60}, {.reached = 40}},
                               .window = 128,
                               .port = counted()};
  }

  // `lost` numbers of the first space, one gap.
  void lose(std::uint64_t lost) {
    received_->counts.unique -= lost;
    received_->spaces[0].gaps += lost;
    received_->gaps.lengths.merge({.steps = {{static_cast<std::uint32_t>(lost), 1}}});
    received_->gaps.longest = std::max(received_->gaps.longest, lost);
    received_->last_gap_sent_before = 4'000;
  }

  Folded fold_now() {
    Folded found = fold(sent_, received_, context_);
    EXPECT_EQ(check_identities(found.result), "");
    return found;
  }

  SentReport sent_;
  std::optional<ReceivedReport> received_;
  FoldContext context_;
};

TEST_F(FoldTest, NothingIsLost) {
  const Folded found = fold_now();
  EXPECT_EQ(found.spoiled, "");
  EXPECT_EQ(found.result.from, "a");
  EXPECT_EQ(found.result.to, "b");
  EXPECT_EQ(found.result.sequence_spaces, 2u);
  EXPECT_EQ(found.result.window, 128u);
  EXPECT_EQ(found.result.counts.received, 100u);
  EXPECT_EQ(found.result.counts.lost, 0u);
  ASSERT_TRUE(found.result.loss_bursts);
  EXPECT_EQ(found.result.loss_bursts->bursts, 0u);
}

TEST_F(FoldTest, EveryCountOfTheReceiverIsItsOwn) {
  received_->counts = {.unique = 100,
                       .duplicate = 1,
                       .reordered = 2,
                       .late = 3,
                       .stale = 5,
                       .corrupt = 6,
                       .foreign = 7,
                       .misdirected = 8,
                       .readdressed = 9,
                       .unclassified = 10};
  received_->port.rx_ring_dropped = 11;
  received_->readdressed_to = "198.18.0.77:9";
  const Folded found = fold_now();
  const Counts& counts = found.result.counts;
  EXPECT_EQ(counts.received, 101u);
  EXPECT_EQ(counts.duplicate, 1u);
  EXPECT_EQ(counts.reordered, 2u);
  EXPECT_EQ(counts.late, 3u);
  EXPECT_EQ(counts.stale, 5u);
  EXPECT_EQ(counts.corrupt, 6u);
  EXPECT_EQ(counts.foreign, 7u);
  EXPECT_EQ(counts.misdirected, 8u);
  EXPECT_EQ(counts.readdressed, 9u);
  EXPECT_EQ(counts.unclassified, 10u);
  EXPECT_EQ(counts.rx_dropped, 11u);
  EXPECT_EQ(found.result.readdressed_to, "198.18.0.77:9");
}

// The end of the first space, and all of the second, is what the receiver cannot know of.
TEST_F(FoldTest, WhatNeverReachedTheReceiverIsABurstOfEachSpace) {
  lose(3);
  received_->counts.unique -= 15 + 40;
  received_->spaces[0].reached = 45;
  received_->spaces[1].reached = 0;
  const Folded found = fold_now();
  EXPECT_EQ(found.spoiled, "");
  EXPECT_EQ(found.result.counts.lost, 3u + 15 + 40);
  EXPECT_EQ(found.result.attribution.dut, 3u + 15 + 40);
  ASSERT_TRUE(found.result.loss_bursts);
  EXPECT_EQ(found.result.loss_bursts->bursts, 3u);
  EXPECT_EQ(found.result.loss_bursts->longest, 40u);
  EXPECT_EQ(found.result.loss_bursts->last_sent_before, 9'000);
}

TEST_F(FoldTest, TheLastLossIsBeforeWhatCameBehindIt) {
  EXPECT_FALSE(fold_now().result.loss_bursts->last_sent_before);
  lose(3);
  EXPECT_EQ(fold_now().result.loss_bursts->last_sent_before, 4'000);
  received_->arrivals = {.first = 20, .last = 9'500};
  EXPECT_EQ(fold_now().result.arrivals, (ArrivalSpan{.first = 20, .last = 9'500}));
}

TEST_F(FoldTest, TheLongestBurstMayLieBetweenThoseThatCame) {
  lose(50);
  received_->counts.unique -= 1;
  received_->spaces[1].reached = 39;
  EXPECT_EQ(fold_now().result.loss_bursts->longest, 50u);
}

TEST_F(FoldTest, ShortAndLongBurstsAreToldByTheirShare) {
  sent_.sent_per_space = {1000, 1000};
  sent_.offered = sent_.intended = 2000;
  received_->counts.unique = 2000 - 30 - 11 * 20;
  received_->spaces = {{1000, 30}, {1000, 11 * 20}};
  received_->gaps = {.lengths = {.steps = {{1, 30}, {20, 11}}}, .longest = 20};
  const Folded found = fold_now();
  EXPECT_EQ(found.result.loss_bursts->bursts, 41u);
  EXPECT_EQ(found.result.loss_bursts->p50, 1u);
  EXPECT_FALSE(found.result.loss_bursts->p99) << "fewer than ten lie beyond it";
}

// From 2,048 on a step of the histogram holds several lengths: 3,000 and 3,001 share one.
TEST_F(FoldTest, NoPercentileIsBeyondTheLongestBurst) {
  sent_.sent_per_space = {100'000, 40};
  sent_.offered = sent_.intended = 100'040;
  received_->counts.unique = 40'040;
  received_->spaces = {{.reached = 100'000, .gaps = 60'000}, {.reached = 40}};
  received_->gaps.lengths.merge(
      {.steps = {{static_cast<std::uint32_t>(Histogram::index(3'000)), 20}}});
  received_->gaps.longest = 3'000;
  const Folded found = fold_now();
  EXPECT_EQ(found.spoiled, "");
  EXPECT_EQ(found.result.loss_bursts->p50, 3'000u);
}

TEST_F(FoldTest, TwoCountsThatDisagreeAreNeverPassedOver) {
  received_->spaces[1].gaps = 1;
  EXPECT_EQ(fold_now().spoiled, "accounting: 1 lost by numbers, 0 by difference");
  received_->spaces[1] = {.reached = 41};
  EXPECT_EQ(fold_now().spoiled, "accounting: a number arrived that was never sent");
  received_->spaces.pop_back();
  const Folded found = fold_now();
  EXPECT_EQ(found.spoiled, "accounting: 2 sequence spaces were sent, and 1 received");
  EXPECT_FALSE(found.result.loss_bursts);
  EXPECT_FALSE(found.result.reordering);
}

// A space beside the one that is compared cannot make up for it.
TEST_F(FoldTest, NumbersBeyondOneSpaceAreNoGapsOfAnother) {
  received_->spaces = {{.reached = 61}, {.reached = 39}};
  EXPECT_NE(fold_now().spoiled, "");
}

TEST_F(FoldTest, OfTornSpacesOnlyTheCountsAreTold) {
  received_->torn = true;
  received_->delay = DelaySummary{};
  received_->jitter = JitterSummary{};
  received_->steps = {{.end = 10, .received = 100, .lost = 4}};
  const Folded found = fold_now();
  EXPECT_NE(found.spoiled.find("several receive queues of b"), std::string::npos) << found.spoiled;
  EXPECT_TRUE(found.result.delay);
  EXPECT_FALSE(found.result.jitter);
  EXPECT_FALSE(found.result.reordering);
  EXPECT_FALSE(found.result.loss_bursts);
  EXPECT_EQ(found.result.intervals.at(0).lost, 0u);
}

TEST_F(FoldTest, TheDelayIsOfBothEnds) {
  received_->delay = DelaySummary{.rx_stamp = "kernel"};
  context_.one_port = true;
  DelaySummary delay = *fold_now().result.delay;
  EXPECT_EQ(delay.metric, "round_trip");
  EXPECT_EQ(delay.tx_stamp, "burst");
  EXPECT_EQ(delay.tx_span_max, 700);
  EXPECT_EQ(delay.rx_stamp, "kernel");
  context_.one_port = false;
  EXPECT_EQ(fold_now().result.delay->metric, "one_way");
}

TEST_F(FoldTest, StepsOfTheSameTimeBelongTogether) {
  sent_.steps = {{0, 10, 60}, {10, 20, 40}};
  received_->steps = {{0, 11, 55, 1}, {11, 20, 30, 2}, {20, 90, 15, 3}};
  const std::vector<Interval> series = fold_now().result.intervals;
  ASSERT_EQ(series.size(), 3u);
  EXPECT_EQ(series[0].offered, 60u);
  EXPECT_EQ(series[0].received, 55u);
  EXPECT_EQ(series[0].end, 11) << "by the receiver's clock where there is one";
  EXPECT_EQ(series[1].offered, 40u);
  EXPECT_EQ(series[1].lost, 2u);
  EXPECT_EQ(series[2].offered, 0u);
  EXPECT_EQ(series[2].received, 15u);
  EXPECT_EQ(series[2].end, 90);
  received_.reset();
  sent_.offered = 100;
  const std::vector<Interval> alone = fold_now().result.intervals;
  ASSERT_EQ(alone.size(), 2u);
  EXPECT_EQ(alone[1].end, 20);
}

// Whose edges are not the same, since each end has a clock and a host of its own.
TEST_F(FoldTest, NothingThatWasSentIsMissingInTheSeries) {
  sent_.steps = {{0, 9, 60}, {9, 31, 40}, {31, 41, 20}, {41, 52, 8}};
  received_->steps = {{0, 11, 55}, {11, 19, 30}, {19, 40, 15}, {40, 42, 9}};
  const std::vector<Interval> series = fold_now().result.intervals;
  ASSERT_EQ(series.size(), 5u);
  EXPECT_EQ(series[0].offered, 60u);
  EXPECT_EQ(series[1].offered, 0u) << "the sender was not there at 19";
  EXPECT_EQ(series[2].offered, 60u);
  EXPECT_EQ(series[3].offered, 0u);
  EXPECT_EQ(series[4].offered, 8u) << "after the receiver had gone";
  EXPECT_EQ(series[4].start, 41);
  EXPECT_EQ(series[4].end, 52);
  EXPECT_EQ(series[4].received, 0u);
}

// Frames that a burst of ours moved explain no more than were sent in bursts and did not come back.
TEST_F(FoldTest, LossesBehindBurstsAreNobodys) {
  lose(20);
  sent_.pacing.caught_up = 30;
  sent_.displaced = 12;
  received_->counts.unique_catch_up = 25;
  Folded found = fold_now();
  EXPECT_EQ(found.result.pacing.lost_behind, 5u);
  EXPECT_EQ(found.result.attribution.not_attributable, 5u);
  EXPECT_EQ(found.result.attribution.dut, 15u);
  received_->counts.unique_catch_up = 12;
  found = fold_now();
  EXPECT_EQ(found.result.pacing.lost_behind, 12u);
  EXPECT_EQ(found.result.attribution.dut, 8u);
  received_->port.set_back = true;
  EXPECT_EQ(
      fold_now().spoiled,
      "not attributable: 8 frames were lost, and the counters of b were reset during the trial")
      << "the bursts explain the others";
  received_->counts.unique_catch_up = 31;
  EXPECT_NE(fold_now().spoiled.find("accounting: more frames came back"), std::string::npos);
}

// Which frames of a burst a device drops is its own business.
TEST_F(FoldTest, OneLossBesideElevenBehindBurstsTellsNothingOfTheDevice) {
  lose(12);
  sent_.pacing.caught_up = 30;
  sent_.displaced = 12;
  received_->counts.unique_catch_up = 19;
  EXPECT_EQ(fold_now().result.pacing.lost_behind, 12u);
  EXPECT_EQ(fold_now().result.attribution.dut, 0u);
  lose(1);
  EXPECT_EQ(fold_now().result.pacing.lost_behind, 11u);
  EXPECT_EQ(fold_now().result.attribution.dut, 2u);
  // Nor do more than three, beside however many.
  lose(31);
  sent_.displaced = 40;
  sent_.pacing.caught_up = 59;
  EXPECT_EQ(fold_now().result.pacing.lost_behind, 40u);
  EXPECT_EQ(fold_now().result.attribution.dut, 4u);
}

TEST_F(FoldTest, OfTheLateThoseNobodyLookedForAreNotLaidToTheDevice) {
  lose(6);
  received_->counts.late = received_->counts.late_lost = 4;
  EXPECT_EQ(fold_now().result.attribution.late, 4u);
  EXPECT_EQ(fold_now().result.attribution.dut, 2u);
  received_->late_unseen = 1;
  const Folded found = fold_now();
  EXPECT_EQ(found.result.attribution.late, 3u);
  EXPECT_EQ(found.result.attribution.not_attributable, 3u);
  EXPECT_NE(found.spoiled.find("pre-empted"), std::string::npos) << found.spoiled;
}

TEST_F(FoldTest, AReceiverThatDidNotHearTheEndOrWasFullBlamesNobody) {
  lose(6);
  received_->heard_out = false;
  EXPECT_EQ(fold_now().result.attribution.not_attributable, 6u);
  received_->heard_out = true;
  received_->port.ring_filled = true;
  EXPECT_EQ(fold_now().result.attribution.not_attributable, 6u);
  received_->port.ring_filled = false;
  context_.link_went = true;
  EXPECT_EQ(fold_now().result.attribution.not_attributable, 6u);
  EXPECT_EQ(fold_now().spoiled, "") << "the caller has said so";
  context_.link_went = false;
  EXPECT_EQ(fold_now().result.attribution.dut, 6u);
}

TEST_F(FoldTest, NobodyReceives) {
  received_.reset();
  sent_.offered = 90;
  sent_.port.tx_dropped = 4;
  const Folded found = fold(sent_, received_, context_);
  EXPECT_FALSE(found.result.to);
  EXPECT_EQ(found.result.counts.unsent, 10u);
  EXPECT_EQ(found.result.attribution.tx_shortfall, 10u);
  EXPECT_EQ(found.result.attribution.tx_ring, 4u);
  EXPECT_EQ(found.result.counts.lost, 0u);
  EXPECT_EQ(found.spoiled, "");
  sent_.port.tx_dropped = 500;  // of others as well
  EXPECT_EQ(fold(sent_, received_, context_).result.attribution.tx_ring, 90u);
}

TEST_F(FoldTest, WhatTheReceiverSaysOfItsOrderIsNoted) {
  received_->order_note = "an upper bound";
  received_->preemptions.count = 2;
  const Folded found = fold_now();
  EXPECT_EQ(found.note, "an upper bound");
  EXPECT_EQ(found.result.receive_preemptions.count, 2u);
}

// Ten of the hundred are lost: who is blamed, by the counters of the two ports.
class BlameTest : public FoldTest {
 protected:
  // What they say; nothing that could hide a loss.
  static DeviceCounters readings() {
    return {.tx_dropped = 0, .rx_ring_dropped = 0, .rx_nic_dropped = 0};
  }

  Attribution blame() {
    sent_.port = growth_of(tx_before_, tx_after_);
    received_->port = growth_of(rx_before_, rx_after_);
    const Folded found = fold_now();
    EXPECT_EQ(found.result.counts.lost, 10u);
    EXPECT_EQ(found.spoiled, expected_spoiled_);
    return found.result.attribution;
  }

  BlameTest() { lose(10); }

  DeviceCounters tx_before_ = readings(), tx_after_ = readings();
  DeviceCounters rx_before_ = readings(), rx_after_ = readings();
  std::string expected_spoiled_;
};

TEST_F(BlameTest, WhatNothingOfOursExplainsIsTheDevices) {
  EXPECT_EQ(blame().dut, 10u);
}

TEST_F(BlameTest, WhatWasDroppedBeforeTheTrialExplainsNothing) {
  tx_before_.tx_dropped = tx_after_.tx_dropped = 5;
  rx_before_.rx_ring_dropped = rx_after_.rx_ring_dropped = 50;
  rx_before_.rx_nic_dropped = rx_after_.rx_nic_dropped = 500;
  EXPECT_EQ(blame().dut, 10u);
}

// Each port counts for both directions: a sender's receive drops are the other direction's.
TEST_F(BlameTest, WhatTheOtherDirectionLostExplainsNothing) {
  tx_after_.rx_ring_dropped = 4;
  tx_after_.rx_nic_dropped = 4;
  rx_after_.tx_dropped = 4;
  EXPECT_EQ(blame().dut, 10u);
}

TEST_F(BlameTest, OursIsTakenFirst) {
  tx_after_.tx_dropped = 2;
  rx_after_.rx_ring_dropped = 3;
  rx_after_.rx_nic_dropped = 4;
  const Attribution where = blame();
  EXPECT_EQ(where.tx_ring, 2u);
  EXPECT_EQ(where.rx_ring, 3u);
  EXPECT_EQ(where.rx_nic, 4u);
  EXPECT_EQ(where.dut, 1u);
}

// The kernel's counters may count frames of others as well.
TEST_F(BlameTest, NoCounterExplainsMoreThanWasLost) {
  tx_after_.tx_dropped = 4;
  rx_after_.rx_ring_dropped = 100;
  rx_after_.rx_nic_dropped = 100;
  const Attribution where = blame();
  EXPECT_EQ(where.tx_ring, 4u);
  EXPECT_EQ(where.rx_ring, 6u);
  EXPECT_EQ(where.rx_nic, 0u);
  EXPECT_EQ(where.dut, 0u);
}

TEST_F(BlameTest, NobodyIsBlamedWhenTheLinkWent) {
  context_.link_went = true;
  rx_after_.rx_ring_dropped = 3;
  const Attribution where = blame();
  EXPECT_EQ(where.dut, 0u);
  EXPECT_EQ(where.rx_ring, 3u);
  EXPECT_EQ(where.not_attributable, 7u);
}

TEST_F(BlameTest, CountersThatWereSetBackTellLessThanThereWas) {
  rx_before_.rx_nic_dropped = 100;  // and 2 since it was set back
  rx_after_ = readings();
  rx_after_.rx_nic_dropped = 102;
  rx_after_.times_back = 1;
  expected_spoiled_ =
      "not attributable: 8 frames were lost, and the counters of b were reset during the trial";
  Attribution where = blame();
  EXPECT_EQ(where.rx_nic, 2u);
  EXPECT_EQ(where.dut, 0u);
  EXPECT_EQ(where.not_attributable, 8u);
  rx_after_ = rx_before_ = readings();
  tx_after_.times_back = 1;
  expected_spoiled_ =
      "not attributable: 10 frames were lost, and the counters of a were reset during the trial";
  EXPECT_EQ(blame().not_attributable, 10u);
  tx_before_.times_back = 1;  // before the trial
  expected_spoiled_.clear();
  EXPECT_EQ(blame().dut, 10u);
}

TEST_F(BlameTest, ACounterThatIsMissingOrWentBackIsNotZero) {
  rx_before_.rx_ring_dropped = 7;
  rx_after_.rx_ring_dropped = 3;
  EXPECT_EQ(blame().not_attributable, 10u);
  rx_before_.rx_ring_dropped.reset();
  EXPECT_EQ(blame().not_attributable, 10u);
  rx_before_ = readings();
  rx_after_.rx_ring_dropped.reset();
  EXPECT_EQ(blame().not_attributable, 10u);
  rx_after_ = readings();
  tx_after_.tx_dropped.reset();
  EXPECT_EQ(blame().not_attributable, 10u);
}

TEST_F(BlameTest, SomethingThatMayTakeFramesBeforeUsIsNamed) {
  rx_before_.rx_blind = "XDP program 12 runs on t1 before af_packet and may take frames";
  expected_spoiled_ = "not attributable: 10 frames were lost, and " + rx_before_.rx_blind;
  EXPECT_EQ(blame().not_attributable, 10u);
}

// What the ports dropped is of this stream as far as the others have not lost as much.
TEST_F(FoldTest, WhatThePortsDroppedMayBeAnotherStreams) {
  lose(10);
  received_->port.rx_ring_dropped = 12;
  context_.lost_beside = 4;
  Folded found = fold_now();
  EXPECT_EQ(found.result.attribution.rx_ring, 8u);
  EXPECT_EQ(found.result.attribution.not_attributable, 2u);
  EXPECT_EQ(found.result.attribution.dut, 0u);
  EXPECT_EQ(
      found.spoiled,
      "not attributable: 2 frames were lost, and the ports dropped frames of several streams");
  context_.lost_beside = 2;  // and no more: 12 in all
  found = fold_now();
  EXPECT_EQ(found.result.attribution.rx_ring, 10u);
  EXPECT_EQ(found.result.attribution.not_attributable, 0u);
  EXPECT_EQ(found.spoiled, "");
  received_->port.rx_ring_dropped = 3;
  context_.lost_beside = 50;
  found = fold_now();
  EXPECT_EQ(found.result.attribution.rx_ring, 0u);
  EXPECT_EQ(found.result.attribution.not_attributable, 3u);
  EXPECT_EQ(found.result.attribution.dut, 7u);
}

TEST_F(FoldTest, WhatIsSentAloneMayShareItsDropsToo) {
  received_.reset();
  sent_.port.tx_dropped = 9;
  context_.lost_beside = 5;
  EXPECT_EQ(fold_now().result.attribution.tx_ring, 4u);
}

TEST_F(FoldTest, ReportsOfTwoStreamsDoNotFold) {
  received_->stream = 1;
  EXPECT_EQ(fold_now().spoiled, "accounting: stream 0 was sent, and 1 received");
}

}  // namespace
}  // namespace wireproof

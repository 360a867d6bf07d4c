// What happens when the receiver does not keep up: nothing is lost without being counted.
#include <algorithm>
#include <array>

#include "conformance/conformance.h"

namespace wireproof {
namespace {

TEST_P(Conformance, StarvedReceiverIsExplainedByItsCounters) {
  open();
  const std::uint64_t sent =
      send(a_->tx_queue(0), *frames_, 0, rig_->starving_frames, frames_->least_length());
  ASSERT_GE(sent, rig_->starving_frames / 2);
  const auto got = receive(b_->rx_queue(0), sent);
  EXPECT_TRUE(std::is_sorted(got.begin(), got.end()));
  ASSERT_LT(got.size(), sent) << "the receiver has more room than the test assumes";
  const DeviceCounters receiver = settled(*b_);
  if (rig_->drops_told) {
    EXPECT_GT(receiver.rx_ring_dropped.value_or(0), 0u);
  }
  expect_explained(sent - got.size(), receiver);
  // And it is not held against the frames that come later.
  const auto after = exchange(1'000'000, 100, 100);
  EXPECT_EQ(after.size(), 100u);
  EXPECT_EQ(reap_all(a_->tx_queue(0)), 0u);
}

TEST_P(Conformance, KeptFramesShrinkTheRingAndStayWhole) {
  open();
  RxQueue& rx = b_->rx_queue(0);
  std::vector<Frame*> kept;
  for (std::uint64_t number = 0; kept.size() < 200; ++number) {
    ASSERT_EQ(send(a_->tx_queue(0), *frames_, number, 1, 100), 1u);
    Frame* frame = nullptr;
    const Nanoseconds deadline = clock_.now() + kSecond;
    while (rx.poll({&frame, 1}) == 0) ASSERT_LT(clock_.now(), deadline);
    kept.push_back(frame);
  }
  const auto later = exchange(1000, 5000, 100);
  EXPECT_EQ(later.size(), 5000u);
  std::string why;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    ASSERT_EQ(frames_->read(*kept[i], why), i) << why;
  }
  std::reverse(kept.begin(), kept.end());
  rx.release(std::span<Frame* const>(kept).first(77));
  rx.release(std::span<Frame* const>(kept).subspan(77));
  EXPECT_EQ(exchange(9000, 5000, 100).size(), 5000u);
  EXPECT_EQ(drops(settled(*a_), settled(*b_)), 0u);
}

// Keeps everything until nothing more comes: the rest is dropped and counted, and the ring works
// again once the frames are back.
TEST_P(Conformance, ReceiverThatKeepsEverythingRecovers) {
  open();
  RxQueue& rx = b_->rx_queue(0);
  std::vector<Frame*> kept;
  std::uint64_t sent = 0;
  std::array<Frame*, 64> some;
  for (int round = 0; round < 400; ++round) {
    sent += send(a_->tx_queue(0), *frames_, sent, 50, 100);
    for (int i = 0; i < 4; ++i) {
      const std::size_t got = rx.poll(some);
      kept.insert(kept.end(), some.begin(), some.begin() + static_cast<long>(got));
    }
  }
  ASSERT_LT(kept.size(), sent);
  std::string why;
  std::uint64_t before = 0;
  for (const Frame* frame : kept) {
    const auto number = frames_->read(*frame, why);
    ASSERT_TRUE(number.has_value()) << why;
    ASSERT_TRUE(frame == kept.front() || *number > before);
    before = *number;
  }
  rx.release(kept);
  const std::uint64_t got = kept.size() + receive(rx, sent).size();
  expect_explained(sent - got, settled(*b_));
  EXPECT_EQ(exchange(1'000'000, 1000, 100).size(), 1000u);
}

TEST_P(Conformance, CountersNeverGoBack) {
  open();
  std::uint64_t before = 0;
  for (int round = 0; round < 20; ++round) {
    send(a_->tx_queue(0), *frames_, 0, 2000, 100);
    if (round % 2 == 0) receive(b_->rx_queue(0), 2000, kMillisecond);
    const std::uint64_t now = drops(settled(*a_), settled(*b_));
    ASSERT_GE(now, before);
    before = now;
  }
}

}  // namespace
}  // namespace wireproof

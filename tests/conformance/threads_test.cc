// Several workers at once, one a queue and direction, as the engine has them. Clean under TSan.
#include <array>
#include <atomic>
#include <map>
#include <thread>

#include "conformance/conformance.h"

namespace wireproof {
namespace {

constexpr std::uint64_t kUnderWayOfThreads = 256;
constexpr Nanoseconds kPatience = 20 * kSecond;

// One direction over one or more queues: senders and receivers that report to each other, so that
// no more than a ring is under way and every loss is the device's fault.
struct Direction {
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> received{0};
  std::atomic<std::uint64_t> damaged{0};
  std::atomic<std::uint64_t> out_of_order{0};
  std::atomic<std::uint64_t> flows_on_two_queues{0};
  std::array<std::atomic<int>, 256> queue_of_flow;
  std::uint64_t expected = 0;
  Nanoseconds deadline = 0;

  [[nodiscard]] bool over(const Clock& clock) const {
    return received.load() >= expected || clock.now() > deadline;
  }
};

void run_sender(TxQueue& tx, const TestFrames& frames, std::uint64_t count, const Clock& clock,
                Direction& direction) {
  std::array<Frame*, 16> burst;
  std::uint64_t next = 0;
  while (next < count && !direction.over(clock)) {
    tx.reap();
    if (direction.sent.load() - direction.received.load() > kUnderWayOfThreads) {
      std::this_thread::yield();
      continue;
    }
    const std::size_t wanted = std::min<std::uint64_t>(burst.size(), count - next);
    const std::size_t lent = tx.borrow(std::span(burst).first(wanted));
    for (std::size_t i = 0; i < lent; ++i) frames.write(*burst[i], next + i, 100);
    const std::size_t taken = tx.submit(std::span<Frame* const>(burst).first(lent));
    tx.give_back(std::span<Frame* const>(burst).subspan(taken, lent - taken));
    next += taken;
    direction.sent += taken;
  }
  while (tx.reap() > 0 && clock.now() < direction.deadline) std::this_thread::yield();
}

void run_receiver(RxQueue& rx, int queue, const TestFrames& frames, const Clock& clock,
                  Direction& direction) {
  std::array<Frame*, 16> burst;
  std::map<std::uint8_t, std::uint64_t> next;  // by flow
  std::string why;
  while (!direction.over(clock)) {
    const std::size_t got = rx.poll(burst);
    for (const Frame* frame : std::span(burst).first(got)) {
      const auto number = frames.read(*frame, why);
      if (!number) ++direction.damaged;
      if (!number) continue;
      const std::uint8_t flow = frames.headers() == 0 ? 0 : TestFrames::flow_of(*frame);
      if (*number < next[flow]) ++direction.out_of_order;
      next[flow] = *number + 1;
      int nobody = -1;
      if (!direction.queue_of_flow[flow].compare_exchange_strong(nobody, queue) &&
          nobody != queue) {
        ++direction.flows_on_two_queues;
      }
    }
    rx.release(std::span<Frame* const>(burst).first(got));
    direction.received += got;
    if (got == 0) std::this_thread::yield();
  }
}

void prepare(Direction& direction, std::uint64_t expected, const Clock& clock) {
  for (auto& queue : direction.queue_of_flow) queue = -1;
  direction.expected = expected;
  direction.deadline = clock.now() + kPatience;
}

void expect_whole(const Direction& direction) {
  EXPECT_EQ(direction.received.load(), direction.expected);
  EXPECT_EQ(direction.damaged.load(), 0u);
  EXPECT_EQ(direction.out_of_order.load(), 0u);
  EXPECT_EQ(direction.flows_on_two_queues.load(), 0u);
}

TEST_P(Conformance, BothDirectionsAtOnceOneThreadAQueue) {
  open();
  constexpr std::uint64_t kFrames = 20'000;
  Direction there, back;
  prepare(there, kFrames, clock_);
  prepare(back, kFrames, clock_);
  const TestFrames home(b_->facts(), a_->facts());
  {
    std::jthread one([&] { run_sender(a_->tx_queue(0), *frames_, kFrames, clock_, there); });
    std::jthread two([&] { run_receiver(b_->rx_queue(0), 0, *frames_, clock_, there); });
    std::jthread three([&] { run_sender(b_->tx_queue(0), home, kFrames, clock_, back); });
    std::jthread four([&] { run_receiver(a_->rx_queue(0), 0, home, clock_, back); });
    for (int i = 0; i < 50; ++i) {  // the control thread reads counters meanwhile
      ASSERT_TRUE(a_->counters().has_value());
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  expect_whole(there);
  expect_whole(back);
}

// What each queue sends arrives once, on whichever queue, a flow always on the same.
TEST_P(Conformance, TwoQueues) {
  if (rig_->queues_most < 2) GTEST_SKIP() << "this backend has one queue here";
  open(spec(2));
  constexpr std::uint64_t kFrames = 10'000;
  Direction direction;
  prepare(direction, 2 * kFrames, clock_);
  const TestFrames other(a_->facts(), b_->facts(), 2);
  {
    std::jthread one([&] { run_sender(a_->tx_queue(0), *frames_, kFrames, clock_, direction); });
    std::jthread two([&] { run_sender(a_->tx_queue(1), other, kFrames, clock_, direction); });
    std::jthread three([&] { run_receiver(b_->rx_queue(0), 0, other, clock_, direction); });
    std::jthread four([&] { run_receiver(b_->rx_queue(1), 1, other, clock_, direction); });
  }
  EXPECT_EQ(direction.received.load(), direction.expected);
  EXPECT_EQ(direction.damaged.load(), 0u);
  if (a_->facts().layer == Layer::kL2) expect_whole(direction);
}

}  // namespace
}  // namespace wireproof

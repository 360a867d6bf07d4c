// The straight road: the sending and the receiving loop allocate nothing and lock nothing while
// they run, over every backend that can be opened here; and the counters can count.
#include <gtest/gtest.h>

#include <mutex>
#include <new>

#include "engine/direction.h"
#include "engine/forwarder.h"
#include "engine/header_choice.h"
#include "io/backend_set.h"
#include "support/allocation_count.h"
#include "support/lock_count.h"
#include "support/netns.h"
#include "tools/backends.h"

namespace wireproof {
namespace {

constexpr std::uint64_t kFramesMin = 1000;  // of 40,000

struct Counted {
  std::uint64_t frames = 0;
  std::uint64_t allocations = 0;
  std::uint64_t locks = 0;
};

constexpr Nanoseconds kTurn = 50 * kMicrosecond;  // of the false clock: ten frames at 200 kpps

// Sends and receives in turn on this thread, through everything a frame passes, and counts. The
// clock moves by turns: whatever else the core does meanwhile, all frames are sent.
Counted run_loops(const std::string& tx_port, const std::string& rx_port,
                  const TrafficProfile& profile) {
  FakeClock clock(kSecond);
  const MonotonicClock patience;
  const BackendSet backends = enabled_backends();
  const OpenSpec open{.steering = *steering_for(profile), .clock = &clock};
  const auto a = open_port(backends, *parse_port_spec(backends, tx_port), open);
  const auto b = open_port(backends, *parse_port_spec(backends, rx_port), open);
  if (!a || !b) {
    ADD_FAILURE() << (a ? b.error().message : a.error().message);
    return {};
  }
  EXPECT_TRUE((*a)->connect((*b)->facts()).has_value());
  const auto direction = Direction::make(
      {.sender = {.port = a->get()}, .receiver = {.port = b->get()}}, profile, clock);
  EXPECT_TRUE(direction.has_value());
  const Nanoseconds epoch = clock.now();
  (*direction)->start({200'000, 200 * kMillisecond, 32, 7, epoch});
  TxLoop& tx = *(*direction)->tx_loops().front();
  RxLoop& rx = *(*direction)->rx_loops().front();
  const std::uint64_t allocations = allocations_of_this_thread();
  const std::uint64_t locks = locks_of_this_thread();
  while (!(*direction)->all_sent()) {
    tx.run();
    rx.run();
    clock.advance(kTurn);
  }
  // The kernel may hand over the last ones from a thread of its own.
  const Nanoseconds until = patience.now() + 5 * kSecond;
  while (rx.lane().analyzer().counts().unique < kFramesMin && patience.now() < until) rx.run();
  const Counted counted{.frames = rx.lane().analyzer().counts().unique,
                        .allocations = allocations_of_this_thread() - allocations,
                        .locks = locks_of_this_thread() - locks};
  (*direction)->stop(clock.now());
  return counted;
}

void expect_straight(const Counted& counted) {
  EXPECT_GE(counted.frames, kFramesMin);
  EXPECT_EQ(counted.allocations, 0u);
  EXPECT_EQ(counted.locks, 0u);
}

// A device with a log between two wires, doing every kind of harm.
Counted run_forwarder() {
  FakeClock clock(kSecond);
  const BackendSet backends = enabled_backends();
  OpenSpec open{.clock = &clock};
  open.steering.everything = true;
  const auto port = [&](const char* name) {
    return std::move(*open_port(backends, *parse_port_spec(backends, name), open));
  };
  const auto near = port("loopback:a1");
  const auto a = port("loopback:b1");
  const auto b = port("loopback:a2");
  ForwarderSpec spec;
  spec.a_to_b.wire = {.loss = 0.01,
                      .duplicate = 0.01,
                      .corrupt = 0.01,
                      .reorder = 0.01,
                      .delay = 100 * kMicrosecond,
                      .rate_fps = 400'000};
  spec.b_to_a.b_to_a = true;
  ForwardLog log(1'000'000);
  Forwarder forwarder(*a, *b, spec, clock, &log);
  const std::uint64_t allocations = allocations_of_this_thread();
  const std::uint64_t locks = locks_of_this_thread();
  for (const Nanoseconds end = clock.now() + 200 * kMillisecond; clock.now() < end;) {
    std::array<Frame*, 16> frames;
    const std::size_t count = near->tx_queue(0).borrow(frames);
    for (std::size_t i = 0; i < count; ++i) frames[i]->length = 60;
    near->tx_queue(0).submit(std::span(frames).first(count));
    forwarder.step();
    near->tx_queue(0).reap();
    clock.advance(kTurn);
  }
  return {.frames = forwarder.a_to_b().forwarded,
          .allocations = allocations_of_this_thread() - allocations,
          .locks = locks_of_this_thread() - locks};
}

TEST(HotLoop, TheCountersCount) {
  const std::uint64_t allocations = allocations_of_this_thread();
  const std::uint64_t locks = locks_of_this_thread();
  ::operator delete(::operator new(3));  // a call, not an expression: it cannot be optimised away
  std::mutex mutex;
  const std::lock_guard guard(mutex);
  EXPECT_EQ(allocations_of_this_thread() - allocations, 1u);
  EXPECT_EQ(locks_of_this_thread() - locks, 1u);
}

TEST(HotLoop, Loopback) {
  expect_straight(run_loops("loopback:a", "loopback:b", {.flows = 4096}));
}

TEST(HotLoop, LoopbackMixOfSizesOverIpv6) {
  expect_straight(run_loops("loopback:a", "loopback:b",
                            {.sizes = {84, 1518, 512}, .flows = 10'000, .ipv6 = true}));
}

TEST(HotLoop, AfPacket) {
  if (const std::string why = no_namespaces(); !why.empty()) GTEST_SKIP() << why;
  const VethPair veth;
  expect_straight(run_loops("af_packet:" + veth.near(), "af_packet:" + veth.far(), {.flows = 64}));
}

TEST(HotLoop, AfXdp) {
  if (const std::string why = no_namespaces(); !why.empty()) GTEST_SKIP() << why;
  const VethPair veth;
  expect_straight(run_loops("af_xdp:" + veth.near(), "af_xdp:" + veth.far(), {.flows = 64}));
}

TEST(HotLoop, Forwarder) {
  expect_straight(run_forwarder());
}

TEST(HotLoop, Sockets) {
  if (enabled_backends().find("io_uring") == nullptr) GTEST_SKIP() << "io_uring is not built";
  expect_straight(run_loops("io_uring:127.0.0.1:0", "io_uring:127.0.0.1:0", {}));
}

}  // namespace
}  // namespace wireproof

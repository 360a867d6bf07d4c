#include "loopback/loopback.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <set>

namespace wireproof {
namespace {

using Options = std::map<std::string, std::string>;

// Two ends on a false clock, one thread.
struct Ends {
  explicit Ends(Options options, unsigned queues = 1, std::uint32_t ring_frames = 256) {
    spec.steering.everything = true;
    spec.clock = &clock;
    spec.queues = queues;
    spec.ring_frames = ring_frames;
    b = open("b", {});
    a = open("a", std::move(options));
  }
  std::unique_ptr<Device> open(const std::string& device, Options options) {
    auto opened = backend->open({"loopback", device, std::move(options)}, spec);
    EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message);
    return opened ? std::move(*opened) : nullptr;
  }
  FakeClock clock{kSecond};
  OpenSpec spec;
  std::unique_ptr<Backend> backend = make_loopback_backend();
  std::unique_ptr<Device> a, b;
};

struct Received {
  std::uint64_t number;
  Nanoseconds stamp;
  std::uint32_t template_id;
  std::vector<std::uint8_t> bytes;
};

// An Ethernet/IPv4/UDP frame of 60 bytes whose payload begins with `number`.
void write_frame(Frame& frame, std::uint64_t number) {
  frame.length = 60;
  std::memset(frame.data, 0, 60);
  const std::array<std::uint8_t, 28> head{0x08, 0x00, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0};
  std::memcpy(frame.data + 12, head.data(), head.size());
  frame.data[39] = 26;  // UDP length: 18 bytes of payload
  std::memcpy(frame.data + 42, &number, sizeof(number));
  frame.template_id = 7;
}

bool send_one(Device& device, std::uint64_t number, unsigned queue = 0) {
  TxQueue& tx = device.tx_queue(queue);
  Frame* frame = nullptr;
  tx.reap();
  if (tx.borrow({&frame, 1}) == 0) return false;
  write_frame(*frame, number);
  return tx.submit({&frame, 1}) == 1;
}

void receive(Device& device, std::vector<Received>& all, unsigned queue = 0) {
  std::array<Frame*, 32> frames;
  while (const std::size_t count = device.rx_queue(queue).poll(frames)) {
    for (Frame* frame : std::span(frames).first(count)) {
      std::uint64_t number = 0;
      std::memcpy(&number, frame->data + 42, sizeof(number));
      all.push_back(
          {number, frame->stamp, frame->template_id, {frame->data, frame->data + frame->length}});
    }
    device.rx_queue(queue).release(std::span(frames).first(count));
  }
}

// Sends `count` frames `gap` apart and receives all of them.
std::vector<Received> exchange(Ends& ends, std::uint64_t count, Nanoseconds gap) {
  std::vector<Received> all;
  for (std::uint64_t i = 0; i < count; ++i) {
    EXPECT_TRUE(send_one(*ends.a, i)) << i;
    if (i % 16 == 15) receive(*ends.b, all);
    ends.clock.advance(gap);
  }
  for (int i = 0; i < 3; ++i) {
    receive(*ends.b, all);
    ends.clock.advance(kSecond);
  }
  receive(*ends.b, all);
  EXPECT_EQ(ends.a->tx_queue(0).reap(), 0u) << "every buffer has come home";
  return all;
}

std::uint64_t detail(Device& device, const std::string& name) {
  const auto counters = device.counters();
  for (const auto& [key, value] : counters->detail) {
    if (key == name) return value;
  }
  ADD_FAILURE() << "no counter " << name;
  return 0;
}

TEST(Loopback, EndsAndOptionsAreRefusedWithACure) {
  FakeClock clock;
  const auto backend = make_loopback_backend();
  const OpenSpec spec{.clock = &clock};
  const auto refused = [&](const std::string& device,
                           const std::map<std::string, std::string>& options) {
    auto opened = backend->open({"loopback", device, options}, spec);
    EXPECT_FALSE(opened.has_value()) << device;
    if (opened) return;
    EXPECT_EQ(opened.error().kind, ErrorKind::kUsage) << device;
    EXPECT_FALSE(opened.error().hint.empty() && opened.error().message.empty()) << device;
  };
  for (const char* device : {"", "c", "ab", "a01", "a100", "eth0", "a-1"}) refused(device, {});
  refused("a", {{"los", "0.1"}});
  refused("a", {{"loss", "2"}});
  refused("a", {{"loss", "-0.1"}});
  refused("a", {{"rate", "10Gbps"}});
  refused("a", {{"rate", "max"}});
  refused("a", {{"queue", "10"}});
  refused("a", {{"reorder-by", "10"}});
  refused("a", {{"jitter", "11s"}});
  refused("a", {{"reorder", "0.1"}, {"reorder-by", "0"}});
  EXPECT_EQ(backend->open({"loopback", "a", {{"los", "0.1"}}}, spec).error().hint,
            "did you mean 'loss'?");
}

TEST(Loopback, OneEndIsOpenOnce) {
  Ends ends({});
  const auto again = ends.backend->open({"loopback", "a", {}}, ends.spec);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().kind, ErrorKind::kPrecondition);
  EXPECT_NE(ends.open("a1", {}), nullptr);
}

TEST(Loopback, WiresAreSeparate) {
  Ends ends({});
  const auto other = ends.open("b1", {});
  ASSERT_TRUE(send_one(*ends.a, 1));
  std::vector<Received> all;
  receive(*other, all);
  EXPECT_TRUE(all.empty());
  receive(*ends.b, all);
  EXPECT_EQ(all.size(), 1u);
}

TEST(Loopback, NobodyAtTheOtherEndIsCounted) {
  Ends ends({});
  ends.b.reset();
  for (std::uint64_t i = 0; i < 5000; ++i) ASSERT_TRUE(send_one(*ends.a, i));
  EXPECT_EQ(detail(*ends.a, "no_receiver"), 5000u);
  EXPECT_EQ(ends.a->tx_queue(0).reap(), 0u);
}

TEST(Loopback, LossIsExactAndCounted) {
  Ends ends(Options{{"loss", "10%"}, {"seed", "3"}});
  const auto got = exchange(ends, 20'000, kMicrosecond);
  EXPECT_EQ(got.size() + detail(*ends.a, "wire_lost"), 20'000u);
  EXPECT_NEAR(static_cast<double>(got.size()), 18'000, 5 * std::sqrt(1800.0));
  EXPECT_EQ(ends.b->counters()->rx_ring_dropped, 0u);
}

TEST(Loopback, CopiesAreWholeAndAdjacent) {
  Ends ends(Options{{"duplicate", "0.2"}});
  const auto got = exchange(ends, 5000, kMicrosecond);
  EXPECT_EQ(got.size(), 5000 + detail(*ends.a, "wire_duplicated"));
  EXPECT_GT(got.size(), 5500u);
  for (std::size_t i = 1; i < got.size(); ++i) {
    if (got[i].number == got[i - 1].number) {
      EXPECT_EQ(got[i].bytes, got[i - 1].bytes);
    } else {
      EXPECT_EQ(got[i].number, got[i - 1].number + 1);
    }
  }
}

TEST(Loopback, DamageIsOneBitOfThePayloadAndForgetsTheTemplate) {
  Ends ends(Options{{"corrupt", "1"}});
  for (const Received& frame : exchange(ends, 2000, kMicrosecond)) {
    std::vector<std::uint8_t> sent(60);
    Frame original{.data = sent.data(), .capacity = 60};
    write_frame(original, 0);
    // The number may be hit itself; everything before the payload and the padding must be whole.
    EXPECT_TRUE(std::equal(sent.begin(), sent.begin() + 42, frame.bytes.begin()));
    EXPECT_EQ(frame.template_id, 0u);
  }
  EXPECT_EQ(detail(*ends.a, "wire_corrupted"), 2000u);
}

TEST(Loopback, DelayIsInTheStampHoweverLateThePoll) {
  Ends ends(Options{{"delay", "250us"}});
  const Nanoseconds start = ends.clock.now();
  const auto got = exchange(ends, 500, 10 * kMicrosecond);
  ASSERT_EQ(got.size(), 500u);
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i].stamp, start + static_cast<Nanoseconds>(i) * 10'000 + 250'000);
  }
}

TEST(Loopback, JitterIsInTheStampsAndKeepsTheOrder) {
  Ends ends(Options{{"jitter", "1ms"}, {"seed", "4"}});
  const Nanoseconds start = ends.clock.now();
  const auto got = exchange(ends, 400, kMillisecond);  // as far apart as the jitter is wide
  ASSERT_EQ(got.size(), 400u);
  double sum = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i].number, i);
    const Nanoseconds extra = got[i].stamp - start - static_cast<Nanoseconds>(i) * kMillisecond;
    ASSERT_TRUE(extra >= 0 && extra < kMillisecond) << extra;
    sum += static_cast<double>(extra);
  }
  EXPECT_NEAR(sum / 400, 500'000, 5 * 289'000 / 20.0);  // five standard errors
}

TEST(Loopback, ReorderedFramesAllArriveAlsoTheLast) {
  Ends ends(Options{{"reorder", "0.3"}, {"reorder-by", "5"}});
  const auto got = exchange(ends, 3000, kMicrosecond);
  std::set<std::uint64_t> numbers;
  for (const Received& frame : got) numbers.insert(frame.number);
  EXPECT_EQ(got.size(), 3000u);
  EXPECT_EQ(numbers.size(), 3000u);
  EXPECT_GT(detail(*ends.a, "wire_held"), 800u);
}

TEST(Loopback, CapAndQueueOnAFalseClock) {
  Ends ends(Options{{"rate", "100kpps"}, {"queue", "10"}});
  // 200 kpps into 100 kpps for 1,000 frames: every other one, and the queue.
  const auto got = exchange(ends, 1000, 5 * kMicrosecond);
  EXPECT_EQ(got.size(), 500u + 10u);
  EXPECT_EQ(detail(*ends.a, "wire_queue_full"), 490u);
}

TEST(Loopback, QueuesShareTheRate) {
  Ends ends(Options{{"rate", "100kpps"}, {"queue", "10"}}, 2);
  std::vector<Received> all;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    ASSERT_TRUE(send_one(*ends.a, i, i % 2));
    ends.clock.advance(5 * kMicrosecond);
    receive(*ends.b, all, 0);
    receive(*ends.b, all, 1);
  }
  ends.clock.advance(kSecond);
  receive(*ends.b, all, 0);
  receive(*ends.b, all, 1);
  EXPECT_EQ(all.size(), 510u);
}

TEST(Loopback, ReopenedSenderDoesNotSeeItsOldFramesAgain) {
  Ends ends(Options{{"duplicate", "1"}});
  std::array<Frame*, 4> kept;
  ASSERT_TRUE(send_one(*ends.a, 1));
  ASSERT_EQ(ends.b->rx_queue(0).poll(kept), 2u);
  ends.a.reset();
  ends.a = ends.open("a", {});
  ASSERT_TRUE(send_one(*ends.a, 2));
  std::vector<Received> all;
  receive(*ends.b, all);
  ends.b->rx_queue(0).release(std::span(kept).first(2));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].number, 2u);
  EXPECT_EQ(ends.a->tx_queue(0).reap(), 0u);
}

}  // namespace
}  // namespace wireproof

#include "conformance/conformance.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "support/allocation_count.h"

namespace wireproof {
namespace {

std::vector<std::uint64_t> run_of(std::uint64_t first, std::uint64_t count) {
  std::vector<std::uint64_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

// Every frame the device lends, up to a bound no device reaches.
std::vector<Frame*> borrow_all(TxQueue& tx) {
  std::vector<Frame*> all;
  std::array<Frame*, 48> some;
  while (const std::size_t count = tx.borrow(some)) {
    all.insert(all.end(), some.begin(), some.begin() + static_cast<long>(count));
    if (all.size() > 1'000'000) break;
  }
  return all;
}

TEST_P(Conformance, FactsAreComplete) {
  open();
  for (const Device* device : {a_.get(), b_.get()}) {
    const DeviceFacts& facts = device->facts();
    EXPECT_FALSE(facts.device.empty());
    EXPECT_FALSE(facts.rx_stamp.empty());
    EXPECT_TRUE(facts.link_up);
    if (facts.layer == Layer::kL2) {
      EXPECT_FALSE(facts.mac.is_zero());
      EXPECT_FALSE(facts.mac.is_multicast());
    } else {
      EXPECT_NE(facts.endpoint.l4_port, 0);
      EXPECT_EQ(a_->resolve(facts.endpoint.ip).error().kind, ErrorKind::kUsage);
    }
  }
}

TEST_P(Conformance, BytesAndOrder) {
  open();
  EXPECT_EQ(exchange(0, 20'000, frames_->least_length()), run_of(0, 20'000));
  EXPECT_EQ(drops(settled(*a_), settled(*b_)), 0u);
  EXPECT_EQ(reap_all(a_->tx_queue(0)), 0u);
}

TEST_P(Conformance, EverySize) {
  open();
  for (std::uint16_t length = frames_->least_length(); length <= frames_->largest_length();
       ++length) {
    ASSERT_EQ(exchange(length, 2, length), run_of(length, 2)) << length << " bytes";
  }
}

TEST_P(Conformance, IdleQueuesSayNothing) {
  open();
  std::array<Frame*, 8> frames;
  EXPECT_EQ(b_->rx_queue(0).poll(frames), 0u);
  EXPECT_EQ(b_->rx_queue(0).poll({}), 0u);
  EXPECT_EQ(a_->tx_queue(0).reap(), 0u);
  EXPECT_EQ(a_->tx_queue(0).borrow({}), 0u);
  EXPECT_EQ(a_->tx_queue(0).submit({}), 0u);
  a_->tx_queue(0).give_back({});
  b_->rx_queue(0).release({});
}

TEST_P(Conformance, BorrowedFramesAreDistinctAndLargeEnough) {
  open();
  std::vector<Frame*> all = borrow_all(a_->tx_queue(0));
  ASSERT_GE(all.size(), 256u);
  std::set<const std::uint8_t*> buffers;
  for (const Frame* frame : all) {
    buffers.insert(frame->data);
    ASSERT_GE(frame->capacity, frames_->largest_length());
  }
  EXPECT_EQ(buffers.size(), all.size());
  // Not only the pointers are distinct: no buffer reaches into the next.
  const std::uint8_t* before = nullptr;
  for (const std::uint8_t* buffer : buffers) {
    if (before != nullptr) {
      ASSERT_GE(buffer - before, frames_->largest_length());
    }
    before = buffer;
  }
  a_->tx_queue(0).give_back(all);
}

TEST_P(Conformance, GivenBackFramesAreLentAgainAndNeverSent) {
  open();
  TxQueue& tx = a_->tx_queue(0);
  const std::size_t total = [&] {
    const auto all = borrow_all(tx);
    tx.give_back(all);
    return all.size();
  }();
  for (int round = 0; round < 10; ++round) {
    auto all = borrow_all(tx);
    ASSERT_EQ(all.size(), total);
    for (Frame* frame : all) frames_->write(*frame, 1, 100);
    // In pieces and backwards: the grouping is the caller's.
    std::reverse(all.begin(), all.end());
    const std::span<Frame* const> frames(all);
    tx.give_back(frames.subspan(total / 3));
    tx.give_back(frames.first(total / 3));
  }
  EXPECT_TRUE(receive(b_->rx_queue(0), 1, 20 * kMillisecond).empty());
  EXPECT_EQ(exchange(5, 10, 100), run_of(5, 10));
}

TEST_P(Conformance, BorrowRunsDryAndRecoversThroughReap) {
  open();
  TxQueue& tx = a_->tx_queue(0);
  std::vector<std::uint64_t> got;
  std::size_t total = 0;
  for (int round = 0; round < 3; ++round) {
    auto all = borrow_all(tx);
    if (round == 0) total = all.size();
    ASSERT_EQ(all.size(), total) << "round " << round;
    Frame* none = nullptr;
    ASSERT_EQ(tx.borrow({&none, 1}), 0u);
    for (std::size_t i = 0; i < all.size(); ++i) frames_->write(*all[i], i, 100);
    std::size_t taken = 0;
    const Nanoseconds deadline = clock_.now() + 5 * kSecond;
    while (taken < all.size() && clock_.now() < deadline) {
      taken += tx.submit(std::span<Frame* const>(all).subspan(taken));
      tx.reap();
      receive(b_->rx_queue(0), 64, 10 * kMicrosecond);
    }
    ASSERT_EQ(taken, all.size());
    receive(b_->rx_queue(0), total, 50 * kMillisecond);
    ASSERT_EQ(reap_all(tx), 0u);
  }
}

// Submit without ever reaping until it takes no more; what it did not take is still ours, whole.
TEST_P(Conformance, SubmitTakesAPrefixAndLosesNothing) {
  open();
  TxQueue& tx = a_->tx_queue(0);
  std::vector<Frame*> all = borrow_all(tx);
  for (std::size_t i = 0; i < all.size(); ++i) frames_->write(*all[i], i, 100);
  std::size_t taken = 0;
  for (;;) {
    const std::size_t some = tx.submit(std::span<Frame* const>(all).subspan(taken));
    taken += some;
    if (some == 0 || taken == all.size()) break;
  }
  ASSERT_GT(taken, 0u);
  std::string why;
  for (std::size_t i = taken; i < all.size(); ++i) {
    ASSERT_EQ(frames_->read(*all[i], why), i) << why;
  }
  auto got = receive(b_->rx_queue(0), all.size());
  const Nanoseconds deadline = clock_.now() + 5 * kSecond;
  std::size_t sent = taken;
  while (sent < all.size() && clock_.now() < deadline) {
    sent += tx.submit(std::span<Frame* const>(all).subspan(sent));
    tx.reap();
    const auto more = receive(b_->rx_queue(0), 64, kMillisecond);
    got.insert(got.end(), more.begin(), more.end());
  }
  ASSERT_EQ(sent, all.size());
  const auto rest = receive(b_->rx_queue(0), all.size());
  got.insert(got.end(), rest.begin(), rest.end());
  EXPECT_TRUE(std::is_sorted(got.begin(), got.end()));
  EXPECT_TRUE(std::adjacent_find(got.begin(), got.end()) == got.end()) << "a frame came twice";
  expect_explained(sent - got.size(), settled(*b_));
}

// A frame comes back with the bytes of the template it names, or names none.
TEST_P(Conformance, RecycledFramesKeepBytesAndTemplate) {
  open();
  TxQueue& tx = a_->tx_queue(0);
  struct Written {
    std::uint32_t template_id;
    std::uint64_t number;
    std::uint16_t length;
  };
  std::map<const std::uint8_t*, Written> written;
  std::uint64_t recycled = 0;
  std::uint64_t kept = 0;
  std::string why;
  for (std::uint64_t number = 1; number <= 6000; ++number) {
    Frame* frame = nullptr;
    ASSERT_EQ(tx.borrow({&frame, 1}), 1u);
    const auto before = written.find(frame->data);
    if (before != written.end()) {
      ++recycled;
      if (frame->template_id != 0) {
        ++kept;
        ASSERT_EQ(frame->template_id, before->second.template_id);
        frame->length = before->second.length;
        ASSERT_EQ(frames_->read(*frame, why), before->second.number) << why;
      }
    } else {
      ASSERT_EQ(frame->template_id, 0u) << "never written, yet it names a template";
    }
    const auto length = static_cast<std::uint16_t>(100 + number % 50);
    frames_->write(*frame, number, length);
    frame->template_id = static_cast<std::uint32_t>(1 + number % 7);
    written[frame->data] = {frame->template_id, number, length};
    ASSERT_EQ(tx.submit({&frame, 1}), 1u);
    ASSERT_EQ(receive(b_->rx_queue(0), 1).size(), 1u);
    reap_all(tx);
  }
  EXPECT_GT(recycled, 0u);
  EXPECT_GT(kept, 0u) << "patching is worth most of the speed";
}

TEST_P(Conformance, StampsLieBetweenTheReadingsAndNeverGoBack) {
  open();
  Nanoseconds latest = 0;
  std::array<Frame*, 8> frames;
  for (std::uint64_t number = 0; number < 500; ++number) {
    const Nanoseconds before = clock_.now();
    ASSERT_EQ(send(a_->tx_queue(0), *frames_, number, 4, 100), 4u);
    std::size_t got = 0;
    while (got < 4 && clock_.now() - before < kSecond) {
      const std::size_t some = b_->rx_queue(0).poll(frames);
      const Nanoseconds after = clock_.now();
      for (const Frame* frame : std::span(frames).first(some)) {
        if (b_->facts().rx_stamp == "poll") {
          ASSERT_EQ(frame->stamp, 0);
          continue;
        }
        // The kernel begins a moment after it is asked (net_enable_timestamp: a work item).
        const bool not_yet = b_->facts().rx_stamp == "kernel" && latest == 0;
        if (frame->stamp == 0 && not_yet) continue;
        ASSERT_NE(frame->stamp, 0);
        ASSERT_GE(frame->stamp, before - rig_->stamp_slack);
        ASSERT_LE(frame->stamp, after + rig_->stamp_slack);
        ASSERT_GE(frame->stamp, latest - rig_->stamp_slack);
        latest = std::max(latest, frame->stamp);
      }
      b_->rx_queue(0).release(std::span<Frame* const>(frames).first(some));
      got += some;
    }
    ASSERT_EQ(got, 4u);
  }
  EXPECT_EQ(latest != 0, b_->facts().rx_stamp != "poll");
}

TEST_P(Conformance, ReopensTwentyTimes) {
  for (int round = 0; round < 20; ++round) {
    open();
    ASSERT_EQ(exchange(7, 10, 100), run_of(7, 10)) << "round " << round;
    ASSERT_EQ(drops(settled(*a_), settled(*b_)), 0u) << "counters begin at open";
    close();
  }
}

TEST_P(Conformance, RefusesUnknownOptionsAndDevices) {
  PortSpec port = rig_->port(0);
  port.options["no-such-option"] = "1";
  const auto option = rig_->backend().open(port, spec());
  ASSERT_FALSE(option.has_value());
  EXPECT_EQ(option.error().kind, ErrorKind::kUsage);
  EXPECT_NE(option.error().message.find("no-such-option"), std::string::npos);
  EXPECT_FALSE(option.error().hint.empty());

  PortSpec elsewhere = rig_->port(0);
  elsewhere.device = "nosuchdev";
  const auto device = rig_->backend().open(elsewhere, spec());
  ASSERT_FALSE(device.has_value());
  // An interface that is not there is the host's lack; a name that can be no device is the user's.
  EXPECT_TRUE(device.error().kind == ErrorKind::kUsage ||
              device.error().kind == ErrorKind::kPrecondition);
  EXPECT_NE(device.error().message.find("nosuchdev"), std::string::npos);
  EXPECT_FALSE(device.error().hint.empty());

  open();  // nothing was left behind
  EXPECT_EQ(exchange(0, 10, 100), run_of(0, 10));
}

TEST_P(Conformance, OnlySteeredFramesArrive) {
  OpenSpec steered = spec();
  open(steered);
  if (a_->facts().layer != Layer::kL2) GTEST_SKIP() << "a socket is its own steering";
  const auto frame = [&](const char* to, std::uint16_t l4_port, std::uint8_t protocol = 17,
                         bool vlan = false) {
    return build_udp_frame({.from = a_->facts().mac,
                            .to = b_->facts().mac,
                            .destination = *parse_ip(to),
                            .l4_port = l4_port,
                            .protocol = protocol,
                            .vlan = vlan});
  };
  std::vector<std::uint8_t> arp(60);
  std::copy(b_->facts().mac.bytes.begin(), b_->facts().mac.bytes.end(), arp.begin());
  std::copy(a_->facts().mac.bytes.begin(), a_->facts().mac.bytes.end(), arp.begin() + 6);
  arp[12] = 0x08;
  arp[13] = 0x06;
  const std::vector<std::vector<std::uint8_t>> ours{
      frame("198.18.0.0", 7017), frame("198.18.255.255", 7017), frame("2001:db8:5::9", 7017),
      frame("198.18.1.1", 7017, 17, true), frame("2001:db8:5:1::", 7017, 17, true)};
  const std::vector<std::vector<std::uint8_t>> others{frame("198.18.0.1", 7016),
                                                      frame("198.17.0.1", 7017),
                                                      frame("198.19.0.1", 7017),
                                                      frame("198.18.0.1", 7017, 6),
                                                      frame("2001:db8:6::9", 7017),
                                                      frame("2001:db8:5::9", 7018),
                                                      arp};
  for (const bool everything : {false, true}) {
    close();
    steered.steering.everything = everything;
    open(steered);
    std::vector<std::vector<std::uint8_t>> expected = ours;
    if (everything) expected.insert(expected.end(), others.begin(), others.end());
    std::vector<std::vector<std::uint8_t>> all = ours;
    all.insert(all.end(), others.begin(), others.end());
    const auto got = deliver(all);
    ASSERT_EQ(got.size(), expected.size()) << (everything ? "everything" : "steered");
    EXPECT_EQ(got, expected);
  }
}

TEST_P(Conformance, FramesOfTheMarkArriveWhereverTheyAreAddressed) {
  open();
  if (a_->facts().layer != Layer::kL2) GTEST_SKIP() << "a socket gets what the kernel gives it";
  constexpr PayloadMark kMark{0x57, 0x50, 0x12, 0x34};
  constexpr PayloadMark kNext{0x57, 0x50, 0x12, 0x35};
  const auto frame = [&](const char* to, std::uint16_t l4_port, const PayloadMark& mark,
                         std::uint8_t protocol = 17, bool vlan = false) {
    const IpAddress destination = *parse_ip(to);
    auto bytes = build_udp_frame({.from = a_->facts().mac,
                                  .to = b_->facts().mac,
                                  .destination = destination,
                                  .l4_port = l4_port,
                                  .protocol = protocol,
                                  .vlan = vlan});
    const long payload = 14 + (vlan ? 4 : 0) + (destination.v6 ? 40 : 20) + 8;
    std::copy(mark.begin(), mark.end(), bytes.begin() + payload);
    return bytes;
  };
  const auto marked = [&](const PayloadMark& mark) {
    return std::vector<std::vector<std::uint8_t>>{
        frame("198.18.0.1", 7016, mark), frame("10.0.0.1", 7017, mark),
        frame("10.0.0.1", 1, mark, 17, true), frame("2001:db8:6::9", 7017, mark),
        frame("2001:db8:5::9", 7018, mark, 17, true)};
  };
  const auto ours = frame("198.18.0.1", 7017, kNext);
  std::vector<std::vector<std::uint8_t>> all = marked(kMark);
  for (auto& bytes : marked(kNext)) all.push_back(bytes);
  all.push_back(frame("10.0.0.1", 7017, kMark, 6));  // not UDP
  all.push_back(ours);
  EXPECT_EQ(deliver(all), (std::vector<std::vector<std::uint8_t>>{ours})) << "nothing was said";
  for (const PayloadMark& mark : {kMark, kNext}) {
    b_->also_take(mark);
    auto expected = marked(mark);
    expected.push_back(ours);
    EXPECT_EQ(deliver(all), expected);
  }
}

TEST_P(Conformance, SteadyStateDoesNotAllocate) {
  open();
  exchange(0, 5000, 100);
  std::array<Frame*, 16> out, in;
  TxQueue& tx = a_->tx_queue(0);
  RxQueue& rx = b_->rx_queue(0);
  const std::uint64_t before = allocations_of_this_thread();
  std::uint64_t received = 0;
  for (int round = 0; round < 2000; ++round) {
    const std::size_t lent = tx.borrow(out);
    for (Frame* frame : std::span(out).first(lent)) frame->length = 100;
    const std::size_t taken = tx.submit(std::span<Frame* const>(out).first(lent));
    tx.give_back(std::span<Frame* const>(out).subspan(taken, lent - taken));
    tx.reap();
    const std::size_t got = rx.poll(in);
    rx.release(std::span<Frame* const>(in).first(got));
    received += got;
  }
  EXPECT_EQ(allocations_of_this_thread() - before, 0u);
  EXPECT_GT(received, 1000u);
}

}  // namespace
}  // namespace wireproof

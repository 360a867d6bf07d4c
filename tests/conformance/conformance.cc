#include "conformance/conformance.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <thread>

namespace wireproof {
namespace {

constexpr std::size_t kBurst = 32;
constexpr std::uint64_t kUnderWayMost = 128;  // frames between send and receive in exchange()

// The test's own threads share the CPU with the kernel's: let them run.
void pause() {
  std::this_thread::sleep_for(std::chrono::microseconds(20));
}

}  // namespace

std::string rig_name(const testing::TestParamInfo<MakeRig>& info) {
  return info.param()->name();
}

void Conformance::SetUp() {
  rig_ = GetParam()();
  if (const std::string why = rig_->cannot(); !why.empty()) GTEST_SKIP() << why;
}

OpenSpec Conformance::spec(unsigned queues, std::uint32_t ring_frames) const {
  OpenSpec spec;
  spec.queues = queues;
  spec.ring_frames = ring_frames;
  spec.steering = TestFrames::steering();
  spec.clock = &clock_;
  return spec;
}

namespace {

// A port that does not open ends the test: there is nothing to go on with.
std::unique_ptr<Device> open_one(Rig& rig, unsigned side, const OpenSpec& spec) {
  auto opened = rig.backend().open(rig.port(side), spec);
  if (!opened) throw std::runtime_error(opened.error().message + " " + opened.error().hint);
  return std::move(*opened);
}

}  // namespace

void Conformance::open(const OpenSpec& spec) {
  a_ = open_one(*rig_, 0, spec);
  b_ = open_one(*rig_, 1, spec);
  EXPECT_TRUE(a_->connect(b_->facts()).has_value());
  EXPECT_TRUE(b_->connect(a_->facts()).has_value());
  frames_ = std::make_unique<TestFrames>(a_->facts(), b_->facts());
  for (const Device* device : {a_.get(), b_.get()}) {
    EXPECT_EQ(device->facts().backend, rig_->backend().name());
    EXPECT_TRUE(device->facts().mode.starts_with(rig_->mode())) << device->facts().mode;
    EXPECT_EQ(device->facts().queues, spec.queues);
  }
}

void Conformance::close() {
  a_.reset();
  b_.reset();
}

std::uint64_t Conformance::send(TxQueue& tx, const TestFrames& frames, std::uint64_t number,
                                std::uint64_t count, std::uint16_t length) {
  std::array<Frame*, kBurst> burst;
  Nanoseconds deadline = clock_.now() + kSecond;
  std::uint64_t accepted = 0;
  while (accepted < count && clock_.now() < deadline) {
    const std::size_t wanted = std::min<std::uint64_t>(kBurst, count - accepted);
    const std::size_t lent = tx.borrow(std::span(burst).first(wanted));
    for (std::size_t i = 0; i < lent; ++i) frames.write(*burst[i], number + accepted + i, length);
    std::size_t taken = 0;
    while (taken < lent && clock_.now() < deadline) {
      taken += tx.submit(std::span<Frame* const>(burst).subspan(taken, lent - taken));
      tx.reap();
    }
    tx.give_back(std::span<Frame* const>(burst).subspan(taken, lent - taken));
    accepted += taken;
    if (taken > 0) deadline = clock_.now() + kSecond;
    if (lent == 0) {
      tx.reap();
      pause();
    }
  }
  return accepted;
}

std::vector<std::uint64_t> Conformance::receive(RxQueue& rx, std::uint64_t count,
                                                Nanoseconds patience) {
  std::array<Frame*, kBurst> burst;
  std::vector<std::uint64_t> numbers;
  Nanoseconds latest = clock_.now();
  while (numbers.size() < count && clock_.now() - latest < patience) {
    const std::size_t got = rx.poll(burst);
    for (std::size_t i = 0; i < got; ++i) {
      std::string why;
      const auto number = frames_->read(*burst[i], why);
      EXPECT_TRUE(number.has_value()) << why;
      if (number) numbers.push_back(*number);
    }
    rx.release(std::span<Frame* const>(burst).first(got));
    if (got > 0) latest = clock_.now();
    if (got == 0) pause();
  }
  return numbers;
}

std::vector<std::uint64_t> Conformance::exchange(std::uint64_t number, std::uint64_t count,
                                                 std::uint16_t length) {
  std::vector<std::uint64_t> all;
  for (std::uint64_t done = 0; done < count; done += kUnderWayMost) {
    const std::uint64_t some = std::min(kUnderWayMost, count - done);
    const std::uint64_t sent = send(a_->tx_queue(0), *frames_, number + done, some, length);
    EXPECT_EQ(sent, some);
    const auto got = receive(b_->rx_queue(0), sent);
    all.insert(all.end(), got.begin(), got.end());
    if (got.size() < sent) break;
  }
  return all;
}

std::vector<std::vector<std::uint8_t>> Conformance::deliver(
    const std::vector<std::vector<std::uint8_t>>& frames) {
  TxQueue& tx = a_->tx_queue(0);
  for (const auto& bytes : frames) {
    Frame* out = nullptr;
    EXPECT_EQ(tx.borrow({&out, 1}), 1u);
    if (out == nullptr) return {};
    std::copy(bytes.begin(), bytes.end(), out->data);
    out->length = static_cast<std::uint16_t>(bytes.size());
    EXPECT_EQ(tx.submit({&out, 1}), 1u);
    tx.reap();
  }
  std::vector<std::vector<std::uint8_t>> got;
  std::array<Frame*, 8> in;
  const Nanoseconds deadline = clock_.now() + 100 * kMillisecond;
  while (clock_.now() < deadline) {
    const std::size_t count = b_->rx_queue(0).poll(in);
    for (const Frame* f : std::span(in).first(count)) {
      got.emplace_back(f->data, f->data + f->length);
    }
    b_->rx_queue(0).release(std::span<Frame* const>(in).first(count));
  }
  return got;
}

DeviceCounters Conformance::settled(Device& device) {
  DeviceCounters counters;
  for (int i = 0; i < 20; ++i) {
    const auto now = device.counters();
    EXPECT_TRUE(now.has_value()) << (now ? "" : now.error().message);
    if (!now) return counters;
    const bool still = i > 2 && drops(counters, counters) == drops(*now, *now);
    counters = *now;
    if (still) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return counters;
}

void Conformance::expect_explained(std::uint64_t missing, const DeviceCounters& receiver) {
  if (!rig_->drops_told) {
    EXPECT_FALSE(receiver.rx_ring_dropped.has_value());
    return;
  }
  const std::uint64_t explained = drops(settled(*a_), receiver);
  EXPECT_LE(missing, explained);
  if (rig_->drops_exact) {
    EXPECT_EQ(missing, explained);
  }
}

std::size_t Conformance::reap_all(TxQueue& tx) {
  const Nanoseconds deadline = clock_.now() + kSecond;
  std::size_t in_flight = tx.reap();
  while (in_flight > 0 && clock_.now() < deadline) {
    pause();
    in_flight = tx.reap();
  }
  return in_flight;
}

std::uint64_t drops(const DeviceCounters& sender, const DeviceCounters& receiver) {
  return sender.tx_dropped.value_or(0) + receiver.rx_ring_dropped.value_or(0) +
         receiver.rx_nic_dropped.value_or(0);
}

}  // namespace wireproof

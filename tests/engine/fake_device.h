// A device made of two vectors: what a test puts in `incoming` is received, what is sent ends in
// `sent`. It can be made to refuse.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "io/backend.h"

namespace wireproof::fakes {

struct FakeFrame {
  std::vector<std::uint8_t> bytes;
  Nanoseconds stamp = 0;
};

class FakeDevice final : public Device, public TxQueue, public RxQueue {
 public:
  static constexpr std::size_t kCapacity = 2048;

  explicit FakeDevice(std::size_t tx_frames = 256, std::size_t rx_frames = 256)
      : memory_((tx_frames + rx_frames) * kCapacity), frames_(tx_frames + rx_frames) {
    for (std::size_t i = 0; i < frames_.size(); ++i) {
      frames_[i].data = memory_.data() + i * kCapacity;
      frames_[i].capacity = kCapacity;
      (i < tx_frames ? tx_free_ : rx_free_).push_back(&frames_[i]);
    }
    facts_.backend = "fake";
    facts_.mac = MacAddress{{0x02, 0, 0, 0, 0, 0x0a}};
  }

  std::deque<FakeFrame> incoming;
  std::vector<std::vector<std::uint8_t>> sent;
  std::size_t accept_max = SIZE_MAX;              // frames a submit takes
  std::size_t accept_total = SIZE_MAX;            // frames that all submits take
  std::size_t lend_max = SIZE_MAX;                // frames a borrow lends
  std::size_t borrowed = 0;                       // lent and neither submitted nor given back
  std::size_t polled = 0;                         // handed out and not released
  std::atomic<bool> link_up{true};                // what counters() says
  std::atomic<std::uint64_t> link_downs{0};       // that are over
  std::atomic<bool> gone{false};                  // counters() fails
  std::atomic<bool> has_sent{false};              // a frame was taken
  std::function<void(DeviceCounters&)> counting;  // what else counters() says
  std::map<std::string, MacAddress> answers;      // of neighbours, by address
  std::vector<std::size_t> polls;                 // frames that each poll with a frame returned

  [[nodiscard]] const DeviceFacts& facts() const override { return facts_; }
  [[nodiscard]] DeviceFacts& facts_to_set() { return facts_; }
  [[nodiscard]] Result<DeviceCounters> counters() override {
    if (gone.load()) return fail(ErrorKind::kPrecondition, "the interface is gone");
    DeviceCounters now{.link_up = link_up.load(), .link_downs = link_downs + (link_up ? 0 : 1)};
    if (counting) counting(now);
    return now;
  }
  [[nodiscard]] Status connect(const DeviceFacts&) override { return {}; }
  [[nodiscard]] Result<MacAddress> resolve(const IpAddress& neighbour) override {
    return answers[format_ip(neighbour)];
  }
  void set_mac(const MacAddress& mac) { facts_.mac = mac; }
  [[nodiscard]] TxQueue& tx_queue(unsigned) override { return *this; }
  [[nodiscard]] RxQueue& rx_queue(unsigned) override { return *this; }

  std::size_t borrow(std::span<Frame*> out) override {
    const std::size_t count = std::min({out.size(), tx_free_.size(), lend_max});
    for (std::size_t i = 0; i < count; ++i) {
      out[i] = tx_free_.back();
      tx_free_.pop_back();
    }
    borrowed += count;
    return count;
  }
  std::size_t submit(std::span<Frame* const> burst) override {
    const std::size_t taken = std::min({burst.size(), accept_max, accept_total - sent.size()});
    for (Frame* frame : burst.first(taken)) {
      sent.emplace_back(frame->data, frame->data + frame->length);
      flying_.push_back(frame);
    }
    borrowed -= taken;
    if (taken > 0) has_sent = true;
    return taken;
  }
  std::size_t reap() override {
    tx_free_.insert(tx_free_.end(), flying_.begin(), flying_.end());
    flying_.clear();
    return 0;
  }
  void give_back(std::span<Frame* const> frames) override {
    tx_free_.insert(tx_free_.end(), frames.begin(), frames.end());
    borrowed -= frames.size();
  }

  std::size_t poll(std::span<Frame*> out) override {
    const std::size_t count = std::min({out.size(), incoming.size(), rx_free_.size()});
    for (std::size_t i = 0; i < count; ++i) {
      Frame* frame = rx_free_.back();
      rx_free_.pop_back();
      std::copy(incoming.front().bytes.begin(), incoming.front().bytes.end(), frame->data);
      frame->length = static_cast<std::uint16_t>(incoming.front().bytes.size());
      frame->stamp = incoming.front().stamp;
      incoming.pop_front();
      out[i] = frame;
    }
    if (count > 0) polls.push_back(count);
    polled += count;
    return count;
  }
  void release(std::span<Frame* const> frames) override {
    for (Frame* frame : frames) {
      std::memset(frame->data, 0xdd, kCapacity);  // who still reads it sees it
      rx_free_.push_back(frame);
    }
    polled -= frames.size();
  }

 private:
  DeviceFacts facts_;
  std::vector<std::uint8_t> memory_;
  std::vector<Frame> frames_;
  std::vector<Frame*> tx_free_, rx_free_, flying_;
};

}  // namespace wireproof::fakes

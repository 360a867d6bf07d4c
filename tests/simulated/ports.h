// The four ports of a simulated trial, as loopback wires alone would not have them: a tester whose
// port takes what it likes, and a device whose ports are one queue to the device's forwarder,
// however many queues the tester has.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/random.h"
#include "support/relayed_device.h"

namespace wireproof {

using Bytes = std::vector<std::uint8_t>;

// Takes a random number of the first frames of a burst; without a seed, all.
class PickyQueue final : public TxQueue {
 public:
  // `latest` gets the first frame of each burst.
  PickyQueue(TxQueue& inner, std::optional<std::uint64_t> seed, Bytes& latest)
      : inner_(inner), latest_(latest) {
    if (seed) random_.emplace(*seed);
  }
  std::size_t borrow(std::span<Frame*> out) override { return inner_.borrow(out); }
  std::size_t submit(std::span<Frame* const> burst) override;
  std::size_t reap() override { return inner_.reap(); }
  void give_back(std::span<Frame* const> frames) override { inner_.give_back(frames); }

 private:
  TxQueue& inner_;
  std::optional<Random> random_;
  Bytes& latest_;
};

// Its receive queues get frames by flow, as a NIC's do.
class TesterPort final : public RelayedDevice {
 public:
  TesterPort(Device& inner, std::optional<std::uint64_t> picky_seed);

  [[nodiscard]] const DeviceFacts& facts() const override { return facts_; }
  // Its wire ends at the device and not at the other port of the trial.
  [[nodiscard]] Status connect(const DeviceFacts&) override { return {}; }
  [[nodiscard]] TxQueue& tx_queue(unsigned index) override { return *queues_.at(index); }
  // Whole as it was sent; empty before the first.
  [[nodiscard]] const Bytes& latest_sent() const { return latest_; }

 private:
  DeviceFacts facts_;
  Bytes latest_;
  std::vector<std::unique_ptr<PickyQueue>> queues_;
};

// Takes from all queues of the wire in turn, and chooses the queue of what it sends by its flow.
class DevicePort final : public RelayedDevice, public TxQueue, public RxQueue {
 public:
  explicit DevicePort(Device& inner);

  // From now on a stranger follows each kStrangerEvery-th frame: foreign, stale and misdirected in
  // turn, made of what the tester sent. nullptr: from now on none.
  void let_in_strangers(const TesterPort* model) { model_ = model; }
  static constexpr std::uint64_t kStrangerEvery = 10;

  [[nodiscard]] TxQueue& tx_queue(unsigned) override { return *this; }
  [[nodiscard]] RxQueue& rx_queue(unsigned) override { return *this; }

  std::size_t borrow(std::span<Frame*> out) override;
  std::size_t submit(std::span<Frame* const> burst) override;
  std::size_t reap() override;
  void give_back(std::span<Frame* const> frames) override;
  std::size_t poll(std::span<Frame*> out) override;
  // All that the last poll handed out.
  void release(std::span<Frame* const> frames) override;

 private:
  static constexpr std::size_t kFrames = 256;
  static constexpr std::size_t kCapacity = 2048;

  bool send(std::span<const std::uint8_t> bytes);
  void send_stranger();

  std::vector<std::uint8_t> memory_;
  std::array<Frame, kFrames> frames_{};
  std::vector<Frame*> free_;
  unsigned polled_ = 0;  // the queue whose frames are out
  const TesterPort* model_ = nullptr;
  std::uint64_t sent_ = 0;
  std::uint64_t strangers_ = 0;
};

}  // namespace wireproof

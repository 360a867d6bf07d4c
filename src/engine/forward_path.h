// One direction of a known device: frames of one port's receive queue leave by the other port's
// transmit queue, after a WireModel has decided what becomes of them.
//
// The fate of a frame depends on the seed and on the stamps that the kernel gave the frames, never
// on when this code ran: a forwarder that was descheduled for milliseconds passes its arrivals to
// the model late and gets the same answers.
//
// A frame that leaves in the round in which it arrived is copied once, from the receive buffer to
// the transmit buffer. Only what stays longer (delayed, held, queued, or blocked by the other port)
// moves into a pool of our own, so that the receive ring is empty again after every round.
//
// One thread; nothing is allocated after construction but what WireModel says.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "engine/forward_log.h"
#include "io/backend.h"
#include "io/wire_model.h"
#include "trial/dut.h"

namespace wireproof {

struct ForwardPathSpec {
  WireSpec wire;
  Layer layer = Layer::kL2;  // of both ports
  // Longer arrivals are dropped as oversize: what an MTU of 1500 carries, with its VLAN tag;
  // without one, four bytes less.
  std::uint16_t buffer_len_max = 1518;
  std::uint32_t pool_frames = 4096;  // frames inside at once
  bool b_to_a = false;               // for the log
};

// Buffers for everything that can be inside at once under this spec: what the delay, the queue and
// the hold-back keep, for a port of `arrivals_fps`, and room for bursts.
[[nodiscard]] std::uint64_t pool_frames_needed(const WireSpec& wire, double arrivals_fps);

class ForwardPath {
 public:
  static constexpr std::size_t kBurst = 64;

  // `from`, `to` and `log` (nullptr: none) outlive the path.
  ForwardPath(RxQueue& from, TxQueue& to, const ForwardPathSpec& spec, ForwardLog* log);
  ~ForwardPath();
  ForwardPath(const ForwardPath&) = delete;
  ForwardPath& operator=(const ForwardPath&) = delete;

  // Takes one burst of arrivals, if there are any, and sends what is due. Returns how many frames
  // came or went.
  std::size_t round(const Clock& clock);
  // The same without arrivals: what is inside at the first call is held back no longer.
  std::size_t drain(const Clock& clock);
  // Whatever is still inside will never leave: it is counted as unsent.
  void abandon();

  [[nodiscard]] bool empty() const { return model_.inside() == 0 && due_left() + filled_ == 0; }
  // The far future when nothing inside waits for a time.
  [[nodiscard]] Nanoseconds next_departure() const;
  [[nodiscard]] const DutCounts& counts() const { return counts_; }

 private:
  // A frame inside: `bytes` is in the receive buffer until the end of its round, then in the pool.
  struct Inside {
    std::uint8_t* bytes = nullptr;
    std::uint16_t length = 0;
    std::uint32_t record = ForwardLog::kNone;
    std::uint32_t copy_record = ForwardLog::kNone;
  };

  void arrive(Frame& frame, Nanoseconds at);
  void log_arrival(Inside& inside, const Arrival& arrival, ForwardRecord record);
  std::size_t send_due(const Clock& clock, Nanoseconds now);
  bool fill(Nanoseconds now);
  std::size_t submit_filled(const Clock& clock);
  void keep_the_rest();
  [[nodiscard]] std::size_t due_left() const { return due_count_ - due_next_; }
  [[nodiscard]] std::uint8_t* pool_bytes(std::uint32_t handle);

  RxQueue& from_;
  TxQueue& to_;
  ForwardPathSpec spec_;
  ForwardLog* log_;
  WireModel model_;
  DutCounts counts_;
  Nanoseconds arrived_at_ = 0;  // of the latest arrival: the model's time never goes back
  bool stopped_ = false;

  std::vector<std::uint8_t> pool_;
  std::vector<Inside> inside_;       // by handle
  std::vector<std::uint32_t> free_;  // handles, a stack: the ones used last are in the cache

  std::array<Frame*, kBurst> arrivals_{};
  std::array<std::uint32_t, kBurst> fresh_{};  // handles whose bytes are in the receive buffers
  std::size_t fresh_count_ = 0;
  std::array<Departure, kBurst> due_{};  // departed from the model, not yet copied
  std::size_t due_next_ = 0;
  std::size_t due_count_ = 0;
  std::array<Frame*, kBurst> out_{};             // copied, not yet accepted
  std::array<std::uint32_t, kBurst> records_{};  // of out_
  std::size_t filled_ = 0;
  std::size_t in_flight_ = 0;
};

}  // namespace wireproof

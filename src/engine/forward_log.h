// What a forwarder did to each frame: one fixed-size record per copy, in memory that is reserved
// before the first frame, written as CSV after the last. The format is docs/dut-log.md.
//
// One thread.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace wireproof {

enum class LogFate : std::uint8_t { kForwarded, kDropped, kQueueFull, kPoolFull, kOversize };

struct ForwardRecord {
  static constexpr std::size_t kPayloadBytes = 18;    // the room for a signature in a 64-byte frame
  Nanoseconds arrived_at = 0;                         // the stamp that the model was given
  Nanoseconds departed_at = 0;                        // when it was handed to the other port
  std::uint32_t arrival = 0;                          // 1, 2, 3 ... per direction
  std::uint32_t departure = 0;                        // the same for what left; 0: it did not
  std::array<std::uint8_t, kPayloadBytes> payload{};  // as it arrived
  std::uint8_t payload_length = 0;                    // 0: not a UDP datagram
  LogFate fate : 4 = LogFate::kForwarded;
  bool b_to_a : 1 = false;
  bool damaged : 1 = false;
  bool copy : 1 = false;
  bool held : 1 = false;
};
static_assert(sizeof(ForwardRecord) == 48);

class ForwardLog {
 public:
  static constexpr std::uint32_t kNone = 0;  // the number of no record

  // Room for `records` records; every page is touched here.
  explicit ForwardLog(std::uint32_t records) : records_(records) {}

  // Keeps a record and returns its number, or counts it as overflow and returns kNone.
  std::uint32_t add(const ForwardRecord& record) {
    if (used_ == records_.size()) {
      ++overflow_;
      return kNone;
    }
    records_[used_] = record;
    return ++used_;
  }
  // The record has left as the departure-th frame of its direction, at `at` by the clock of the
  // arrivals. Ignores kNone.
  void departed(std::uint32_t number, std::uint64_t departure, Nanoseconds at) {
    if (number == kNone) return;
    records_[number - 1].departure = static_cast<std::uint32_t>(departure);
    records_[number - 1].departed_at = at;
  }

  // Departures of this direction after the departed_before-th are those of a device that was told
  // to stop.
  void stopped(bool b_to_a, std::uint64_t departed_before) {
    stopped_after_[b_to_a ? 1 : 0] = departed_before;
  }

  [[nodiscard]] std::span<const ForwardRecord> records() const {
    return std::span(records_).first(used_);
  }
  [[nodiscard]] std::uint64_t overflow() const { return overflow_; }

  // The whole log, head line first. Fails with kOutput.
  [[nodiscard]] Status write_csv(std::FILE* file, const std::string& name) const;

 private:
  std::vector<ForwardRecord> records_;
  std::uint32_t used_ = 0;
  std::uint64_t overflow_ = 0;
  std::array<std::uint64_t, 2> stopped_after_{UINT64_MAX, UINT64_MAX};  // by direction
};

}  // namespace wireproof

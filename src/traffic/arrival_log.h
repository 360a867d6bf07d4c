// Every frame of ours that arrived, one record a frame, in memory that is reserved before the
// first, written as CSV after the last. The format is docs/frame-log.md. One writer.
#pragma once

#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "stats/sequence_tracker.h"

namespace wireproof {

struct ArrivalRecord {
  // From the start of the counted traffic, on the clock of the trial.
  Nanoseconds arrived = 0;
  Nanoseconds sent = 0;
  Nanoseconds scheduled = 0;
  std::uint64_t sequence : 40 = 0;
  std::uint64_t space : 16 = 0;
  std::uint64_t found : 8 = 0;  // Arrived
};
static_assert(sizeof(ArrivalRecord) == 32);

class ArrivalLog {
 public:
  // Every page is touched here. 0: keeps nothing, and counts nothing.
  explicit ArrivalLog(std::size_t records = 0) : records_(records) {}

  [[nodiscard]] bool wanted() const { return !records_.empty(); }
  void clear() { used_ = overflow_ = 0; }
  void add(const ArrivalRecord& record) {
    if (used_ == records_.size()) {
      ++overflow_;
      return;
    }
    records_[used_++] = record;
  }
  // In the order in which one receive queue gave them.
  [[nodiscard]] std::span<const ArrivalRecord> records() const {
    return std::span(records_).first(used_);
  }
  [[nodiscard]] std::uint64_t overflow() const { return overflow_; }  // found no room

 private:
  std::vector<ArrivalRecord> records_;
  std::size_t used_ = 0;
  std::uint64_t overflow_ = 0;
};

[[nodiscard]] Status write_arrivals_head(std::FILE* file, const std::string& name);
// Rows of one receive queue of one direction. Fails with kOutput.
[[nodiscard]] Status write_arrivals(const ArrivalLog& log, std::uint64_t trial, bool reverse,
                                    unsigned queue, std::FILE* file, const std::string& name);

}  // namespace wireproof

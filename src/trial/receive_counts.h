// What a receiver counts of the frames that reach it, before it is known how many were sent.
#pragma once

#include <cstdint>

namespace wireproof {

// Of one trial, over all that arrived while its receivers ran. See Counts for those of the same
// name.
struct ReceiveCounts {
  std::uint64_t unique = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t reordered = 0;
  std::uint64_t late = 0;
  std::uint64_t late_lost = 0;  // of the late: first copies of numbers of which none came in time
  std::uint64_t stale = 0;
  std::uint64_t corrupt = 0;
  std::uint64_t foreign = 0;
  std::uint64_t misdirected = 0;
  std::uint64_t readdressed = 0;
  std::uint64_t unclassified = 0;
  std::uint64_t unique_catch_up = 0;  // of the unique, those that bear kCatchUpBit
  std::uint64_t unstamped = 0;        // of this trial, copies too: the time of the poll served

  void merge(const ReceiveCounts& other) {
    unique += other.unique;
    duplicate += other.duplicate;
    reordered += other.reordered;
    late += other.late;
    late_lost += other.late_lost;
    stale += other.stale;
    corrupt += other.corrupt;
    foreign += other.foreign;
    misdirected += other.misdirected;
    readdressed += other.readdressed;
    unclassified += other.unclassified;
    unique_catch_up += other.unique_catch_up;
    unstamped += other.unstamped;
  }
  friend bool operator==(const ReceiveCounts&, const ReceiveCounts&) = default;
};

}  // namespace wireproof

// Sequence numbers as they are on the wire, 40 bits wide (docs/signature.md): after 2^40 numbers in
// one space they begin again at 0, two hours into a test at 148.8 Mpps in a single space. A trial
// goes on over that: here a number is taken for the one nearest to what is expected that has those
// 40 bits, so nothing is mistaken that is less than 2^39 numbers out of place.
#pragma once

#include <cstdint>

namespace wireproof {

inline constexpr unsigned kSequenceBits = 40;

// How far `sequence`, of which only the low 40 bits count, is from `next`, the whole number that is
// expected: 0 when it is that one, negative when it is an earlier one. -2^39 to 2^39 - 1.
[[nodiscard]] inline std::int64_t sequence_distance(std::uint64_t sequence, std::uint64_t next) {
  return static_cast<std::int64_t>((sequence - next) << (64 - kSequenceBits)) >>
         (64 - kSequenceBits);
}

}  // namespace wireproof

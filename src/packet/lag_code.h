// How late a frame left, in the twelve bits that its signature has for it: log-linear, 128 steps to
// each power of two. Up to 255 ns exactly, beyond that within 0.4 %; more than 2^38 - 1 ns (274 s)
// is told as that.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "base/clock.h"

namespace wireproof {

inline constexpr unsigned kLagBits = 12;
inline constexpr unsigned kLagStepBits = 7;
inline constexpr Nanoseconds kLagMax = (Nanoseconds{1} << 38) - 1;

// lag >= 0.
[[nodiscard]] inline std::uint16_t encode_lag(Nanoseconds lag) {
  const auto value = static_cast<std::uint64_t>(std::min(lag, kLagMax));
  const auto width = static_cast<unsigned>(std::bit_width(value | 1u << kLagStepBits));
  const unsigned shift = width - 1 - kLagStepBits;
  return static_cast<std::uint16_t>((shift << kLagStepBits) + (value >> shift));
}

// The middle of the step.
[[nodiscard]] inline Nanoseconds decode_lag(std::uint16_t code) {
  constexpr unsigned kSteps = 1u << kLagStepBits;
  const unsigned octave = code >> kLagStepBits;
  const unsigned shift = std::max(octave, 1u) - 1;
  const std::uint64_t low = code - std::uint64_t{shift} * kSteps;  // the step's, before the shift
  return static_cast<Nanoseconds>((low << shift) + (std::uint64_t{1} << shift) / 2);
}

}  // namespace wireproof

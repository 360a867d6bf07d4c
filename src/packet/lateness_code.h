// How late a frame left, in the twelve bits that its signature has for it: log-linear, 128 steps to
// each power of two. Up to 255 ns exactly, beyond that within 0.4 %; more than 2^38 - 1 ns (274 s)
// is told as that.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "base/clock.h"

namespace wireproof {

inline constexpr unsigned kLatenessBits = 12;
inline constexpr unsigned kLatenessStepBits = 7;
inline constexpr Nanoseconds kLatenessMax = (Nanoseconds{1} << 38) - 1;

// lateness >= 0.
[[nodiscard]] inline std::uint16_t encode_lateness(Nanoseconds lateness) {
  const auto value = static_cast<std::uint64_t>(std::min(lateness, kLatenessMax));
  const auto width = static_cast<unsigned>(std::bit_width(value | 1u << kLatenessStepBits));
  const unsigned shift = width - 1 - kLatenessStepBits;
  return static_cast<std::uint16_t>((shift << kLatenessStepBits) + (value >> shift));
}

// The middle of the step.
[[nodiscard]] inline Nanoseconds decode_lateness(std::uint16_t code) {
  constexpr unsigned kSteps = 1u << kLatenessStepBits;
  const unsigned octave = code >> kLatenessStepBits;
  const unsigned shift = std::max(octave, 1u) - 1;
  const std::uint64_t low = code - std::uint64_t{shift} * kSteps;  // the step's, before the shift
  return static_cast<Nanoseconds>((low << shift) + (std::uint64_t{1} << shift) / 2);
}

}  // namespace wireproof

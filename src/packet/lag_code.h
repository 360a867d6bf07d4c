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
  constexpr std::uint64_t kSteps = 1u << kLagStepBits;
  // Below 128 a step is a value: as if the width were 8, less the first 128.
  const auto width = static_cast<unsigned>(std::bit_width(value | kSteps));
  const unsigned shift = width - 1 - kLagStepBits;
  const std::uint64_t octave = value < kSteps ? 0 : shift + 1;
  return static_cast<std::uint16_t>((octave << kLagStepBits) + (value >> shift) -
                                    (value < kSteps ? 0 : kSteps));
}

// The middle of the step.
[[nodiscard]] inline Nanoseconds decode_lag(std::uint16_t code) {
  constexpr unsigned kSteps = 1u << kLagStepBits;
  const unsigned octave = code >> kLagStepBits;
  if (octave <= 1) return code;
  const unsigned shift = octave - 1;
  const std::uint64_t low = std::uint64_t{(code & (kSteps - 1)) + kSteps} << shift;
  return static_cast<Nanoseconds>(low + (std::uint64_t{1} << shift) / 2);
}

}  // namespace wireproof

// RFC 1071, section 4.1, word by word; a last odd byte counts as the upper half of a word.
#pragma once

#include <cstdint>
#include <vector>

namespace wireproof {

inline std::uint16_t slow_sum(const std::vector<std::uint8_t>& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += i % 2 == 0 ? std::uint32_t{bytes[i]} << 8 : bytes[i];
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(sum);
}

}  // namespace wireproof

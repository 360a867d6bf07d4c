// The Internet checksum (RFC 1071) in the form the packet path needs: 64-bit one's-complement
// accumulators. Because 2^16 = 1 (mod 65535), adding eight bytes at once adds their four words.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"

namespace wireproof {

// A one's-complement sum of words in network order; any order, any width up to 64 bits, as long as
// every addend begins at an even offset of the covered bytes.
class ChecksumSum {
 public:
  ChecksumSum& add(std::uint64_t words) {
    sum_ += words;
    sum_ += sum_ < words ? 1 : 0;  // end-around carry
    return *this;
  }
  // Folded to 16 bits; 0 only when nothing but zeros was added.
  [[nodiscard]] std::uint16_t folded() const {
    std::uint64_t sum = (sum_ >> 32) + (sum_ & 0xffffffff);
    sum = (sum >> 32) + (sum & 0xffffffff);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    return static_cast<std::uint16_t>(sum);
  }

 private:
  std::uint64_t sum_ = 0;
};

// Adds `length` bytes beginning at an even offset of the covered bytes; an odd tail is padded with
// a zero byte, so it must be the last thing added (RFC 1071, section 4.1).
inline void add_bytes(ChecksumSum& sum, const std::uint8_t* bytes, std::size_t length) {
  for (; length >= 8; length -= 8, bytes += 8) sum.add(load_be64(bytes));
  if (length >= 4) {
    sum.add(load_be32(bytes));
    length -= 4, bytes += 4;
  }
  if (length >= 2) {
    sum.add(load_be16(bytes));
    length -= 2, bytes += 2;
  }
  if (length == 1) sum.add(std::uint64_t{*bytes} << 8);
}

// The same sum over words as they lie in memory. Its value is byte-swapped, but all ones are all
// ones in either order (RFC 1071, section 2, B), which is all that a receiver asks; so nothing is
// swapped, and carries are counted apart until the end.
class MemorySum {
 public:
  void add(std::uint64_t words) {
    carries_ += static_cast<std::uint64_t>(__builtin_add_overflow(sum_, words, &sum_));
  }
  // At least 8 bytes, at an even offset of the covered bytes. An odd tail must be the last thing
  // added.
  void add_bytes(const std::uint8_t* bytes, std::size_t length) {
    if (length >= kTwoChains) {
      // Each addition waits for the one before it: two sums at a time are done sooner.
      MemorySum other;
      for (; length >= 32; length -= 32, bytes += 32) {
        add(load(bytes));
        other.add(load(bytes + 8));
        add(load(bytes + 16));
        other.add(load(bytes + 24));
      }
      add(other.sum_);
      carries_ += other.carries_;
    }
    for (; length >= 32; length -= 32, bytes += 32) {
      add(load(bytes));
      add(load(bytes + 8));
      add(load(bytes + 16));
      add(load(bytes + 24));
    }
    for (; length >= 8; length -= 8, bytes += 8) add(load(bytes));
    if (length != 0) add(load(bytes + length - 8) >> (64 - 8 * length));
  }
  [[nodiscard]] bool all_ones() const {
    std::uint64_t sum = sum_ + carries_;
    sum += sum < carries_ ? 1 : 0;
    // Added to itself with its halves exchanged, a sum has in its upper half what folding gives:
    // the lower half's carry is the end-around one.
    const auto half = static_cast<std::uint32_t>((sum + std::rotl(sum, 32)) >> 32);
    return (half + std::rotl(half, 16)) >> 16 == 0xffff;
  }

 private:
  static constexpr std::size_t kTwoChains = 256;

  static std::uint64_t load(const std::uint8_t* at) {
    std::uint64_t words;
    std::memcpy(&words, at, sizeof words);
    return words;
  }

  std::uint64_t sum_ = 0;
  std::uint64_t carries_ = 0;
};

}  // namespace wireproof

// What makes a frame ours: 18 bytes at the head of the UDP payload, which is all that a 64-byte
// Ethernet/IPv4/UDP frame has room for. Big-endian; docs/signature.md draws it byte by byte.
//
//   0-1   magic, 0x5750 ("WP")
//   2-3   trial id: warm-up and earlier trials tell themselves apart
//   4-6   sequence space: bit 23 direction, bit 22 catch-up (no part of the space: sent in, or
//   right
//         behind, a burst beyond the schedule), bits 21-16 stream, bits 15-0 flow group
//   7-11  sequence number, from 0 in each space (40 bits: 2 h at 148.8 Mpps in one space)
//   12-17 transmit time, ns from the trial's start modulo 2^36 (68.7 s: a frame is late long before
//         that), and in the last 12 bits how long after its scheduled time that was
//         (lateness_code.h)
//
// Its check is the UDP checksum over the whole datagram, which is always present.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "packet/checksum.h"
#include "packet/lateness_code.h"

namespace wireproof {

inline constexpr std::uint16_t kSignatureMagic = 0x5750;
inline constexpr std::size_t kSignatureLength = 18;
inline constexpr std::uint32_t kDirectionBit = 1u << 23;
inline constexpr std::uint32_t kCatchUpBit = 1u << 22;
inline constexpr unsigned kStreamShift = 16;
inline constexpr std::uint32_t kStreamsMax = 64;
inline constexpr std::uint32_t kFlowGroupMask = 0xffff;
inline constexpr std::uint64_t kSequenceMax = (std::uint64_t{1} << 40) - 1;
inline constexpr unsigned kTransmitTimeBits = 36;
inline constexpr std::uint64_t kTransmitTimeMax = (std::uint64_t{1} << kTransmitTimeBits) - 1;
static_assert(kTransmitTimeBits + kLatenessBits == 48);

struct Signature {
  std::uint16_t trial_id = 0;
  std::uint32_t space = 0;          // 24 bits, kCatchUpBit among them
  std::uint64_t sequence = 0;       // <= kSequenceMax
  std::uint64_t transmit_time = 0;  // <= kTransmitTimeMax
  std::uint16_t lateness = 0;       // as encode_lateness tells it
};

// Which stream of its direction a frame is of.
[[nodiscard]] inline std::uint32_t stream_of(const Signature& signature) {
  return signature.space >> kStreamShift & (kStreamsMax - 1);
}
// What the spaces of a stream have in common.
[[nodiscard]] inline std::uint32_t space_bits(bool reverse, std::uint32_t stream) {
  return (reverse ? kDirectionBit : 0) | stream << kStreamShift;
}

// The longest waiting time with which a delay can be told from one that is 2^36 ns shorter; the
// rest of the circle is for stamps that went backwards.
inline constexpr Nanoseconds kDelayMax = 60 * kSecond;

// From the arrival's time since the trial's start and the transmit time of the signature.
[[nodiscard]] inline Nanoseconds delay_between(std::uint64_t transmit_time, Nanoseconds arrived) {
  const auto around = static_cast<Nanoseconds>(
      (static_cast<std::uint64_t>(arrived) - transmit_time) & kTransmitTimeMax);
  constexpr Nanoseconds kCircle = Nanoseconds{1} << kTransmitTimeBits;
  constexpr Nanoseconds kBackwards = (kCircle - kDelayMax) / 2;
  return around >= kCircle - kBackwards ? around - kCircle : around;
}

// The three big-endian words that a signature is written in and summed by.
struct SignatureWords {
  std::uint64_t head;  // magic, trial id, space, top byte of the sequence number
  std::uint64_t body;  // rest of the sequence number, top of the time
  std::uint16_t tail;  // rest of the time
};

inline SignatureWords pack(const Signature& signature) {
  return {
      .head = std::uint64_t{kSignatureMagic} << 48 | std::uint64_t{signature.trial_id} << 32 |
              std::uint64_t{signature.space} << 8 | signature.sequence >> 32,
      .body = signature.sequence << 32 | signature.transmit_time >> (16 - kLatenessBits),
      .tail =
          static_cast<std::uint16_t>(signature.transmit_time << kLatenessBits | signature.lateness),
  };
}

inline void store_signature(std::uint8_t* at, const SignatureWords& words) {
  store_be64(at, words.head);
  store_be64(at + 8, words.body);
  store_be16(at + 16, words.tail);
}

inline bool has_magic(const std::uint8_t* at) {
  return load_be16(at) == kSignatureMagic;
}

inline Signature load_signature(const std::uint8_t* at) {
  const std::uint64_t head = load_be64(at);
  const std::uint64_t body = load_be64(at + 8);
  const std::uint16_t tail = load_be16(at + 16);
  return {
      .trial_id = static_cast<std::uint16_t>(head >> 32),
      .space = static_cast<std::uint32_t>(head >> 8) & 0xffffff,
      .sequence = (head & 0xff) << 32 | body >> 32,
      .transmit_time = (body & 0xffffffff) << (16 - kLatenessBits) | tail >> kLatenessBits,
      .lateness = static_cast<std::uint16_t>(tail & ((1u << kLatenessBits) - 1)),
  };
}

}  // namespace wireproof

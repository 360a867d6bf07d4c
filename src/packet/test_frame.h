// Reading a received frame back: is it ours by address, is it intact, what does it say?
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/address.h"
#include "packet/headers.h"
#include "packet/signature.h"

namespace wireproof {

enum class FrameClass : std::uint8_t {
  kOthers,   // not our address and port: in no counter at all
  kCorrupt,  // ours by address and port; length or checksum wrong
  kForeign,  // intact, but without our magic
  kOurs,
};

// What the destination of a frame must be for it to be ours by address: UDP to this port, and to an
// address that equals one of the two (one a direction) under its mask. Of frames that a reflector
// sends back, that is what their source must be.
struct AddressMatch {
  struct Destination {
    std::array<std::uint64_t, 2> address{};  // as load_be64 reads it; IPv4 in the low half of [1]
    std::array<std::uint64_t, 2> mask{};
  };
  bool payload_only = false;  // sockets: the kernel matched already and checked the checksum
  bool reflected = false;     // such frames come back from a reflector
  bool ipv6 = false;
  std::uint16_t l4_port = 0;
  std::array<Destination, 2> destinations{};
};

[[nodiscard]] AddressMatch::Destination match_prefix(const IpAddress& address, unsigned length);

// Classifies up to the magic; `signature` is set only for kOurs. Reads at most `length` bytes.
[[nodiscard]] FrameClass read_test_frame(const AddressMatch& match, const std::uint8_t* bytes,
                                         std::size_t length, Signature& signature);

// Turns a frame that is ours by address round: MAC addresses, IP addresses and UDP ports exchanged,
// all else as it is, so that every checksum stays as right or as wrong as it was. False: it is
// another's, and stays as it is.
[[nodiscard]] bool turn_round(const AddressMatch& match, std::uint8_t* bytes, std::size_t length);

// An intact test frame, to whomever it is addressed: UDP over either family, one VLAN tag looked
// through. nullopt for all else.
struct AddressedFrame {
  Signature signature;
  IpAddress ip;  // where it goes
  std::uint16_t l4_port = 0;
};
[[nodiscard]] std::optional<AddressedFrame> read_any_test_frame(const std::uint8_t* bytes,
                                                                std::size_t length);

// The same for frame after frame: what nearly all of them are, an intact one of ours over IPv4
// without tag or options, is told with a handful of comparisons and one pass over the datagram;
// whatever is not that in every respect is looked at again by read_test_frame.
class FrameReader {
 public:
  explicit FrameReader(const AddressMatch& match);

  // True: kOurs, and its signature is plain_signature's.
  [[nodiscard]] bool is_plain(const std::uint8_t* bytes, std::size_t length) const;
  [[nodiscard]] static Signature plain_signature(const std::uint8_t* bytes) {
    return load_signature(bytes + kSignatureAt);
  }
  // Any frame.
  [[nodiscard]] FrameClass read(const std::uint8_t* bytes, std::size_t length,
                                Signature& signature) const {
    return read_test_frame(match_, bytes, length, signature);
  }

 private:
  static constexpr std::size_t kIpAt = kEthernetLength;
  static constexpr std::size_t kUdpAt = kIpAt + kIpv4Length;
  static constexpr std::size_t kSignatureAt = kUdpAt + kUdpLength;

  // Fields as they lie in memory; `at` is where they begin in the frame.
  template <typename T>
  static T raw(const std::uint8_t* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }

  static constexpr std::uint64_t kProtocolAsStored = std::uint64_t{kProtocolUdp} << 8;

  std::uint32_t type_mask_;  // EtherType, version and header length; 0: no frame is plain
  std::uint32_t type_;
  std::uint16_t fragment_mask_;
  std::uint16_t l4_port_;
  std::array<std::uint32_t, 2> masks_;
  std::array<std::uint32_t, 2> destinations_;
  AddressMatch match_;
};

inline bool FrameReader::is_plain(const std::uint8_t* bytes, std::size_t length) const {
  if (length < kSignatureAt + kSignatureLength) return false;
  const std::size_t udp_length = load_be16(bytes + kUdpAt + 4);
  const auto destination = raw<std::uint32_t>(bytes + kIpAt + 16);
  const bool shaped =
      (raw<std::uint32_t>(bytes + 12) & type_mask_) == type_ && bytes[kIpAt + 9] == kProtocolUdp &&
      (raw<std::uint16_t>(bytes + kIpAt + 6) & fragment_mask_) == 0 &&
      raw<std::uint16_t>(bytes + kUdpAt + 2) == l4_port_ &&
      ((destination & masks_[0]) == destinations_[0] ||
       (destination & masks_[1]) == destinations_[1]) &&
      load_be16(bytes + kIpAt + 2) == kIpv4Length + udp_length && kUdpAt + udp_length <= length &&
      udp_length >= kUdpLength + kSignatureLength && raw<std::uint16_t>(bytes + kUdpAt + 6) != 0;
  if (!shaped || !has_magic(bytes + kSignatureAt)) return false;
  // The addresses of the pseudo-header lie in front of the datagram.
  MemorySum sum;
  sum.add(std::uint64_t{raw<std::uint16_t>(bytes + kUdpAt + 4)} + kProtocolAsStored);
  sum.add_bytes(bytes + kIpAt + 12, 8 + udp_length);
  return sum.all_ones();
}

}  // namespace wireproof

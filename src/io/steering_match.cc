#include "io/steering_match.h"

#include <bit>
#include <cassert>
#include <optional>

#include "io/udp_location.h"

namespace wireproof {
namespace {

// The value whose bytes in memory are the given ones.
template <typename T>
T in_memory(std::array<std::uint8_t, sizeof(T)> bytes) {
  return std::bit_cast<T>(bytes);
}

bool in_prefix(const std::uint8_t* address, const IpPrefix& prefix) {
  const std::size_t whole = prefix.length / 8;
  if (std::memcmp(address, prefix.address.bytes.data(), whole) != 0) return false;
  const unsigned rest = prefix.length % 8;
  if (rest == 0) return true;
  return (address[whole] ^ prefix.address.bytes[whole]) >> (8 - rest) == 0;
}

}  // namespace

SteeringMatch::SteeringMatch(const Steering& steering)
    : everything_(steering.everything),
      l4_port_(steering.l4_port),
      destinations_(steering.destinations) {
  assert(steering.destinations.size() <= Steering::kMaxDestinations);
  if (destinations_.empty() || destinations_.front().address.v6) return;
  const IpPrefix& prefix = destinations_.front();
  if (prefix.length == 0) return;
  const std::uint32_t mask = ~std::uint32_t{0} << (32 - prefix.length);
  const auto byte = [](std::uint32_t value, int index) {
    return static_cast<std::uint8_t>(value >> (24 - 8 * index));
  };
  const auto& address = prefix.address.bytes;
  first_ = {
      .type_mask = in_memory<std::uint32_t>({0xff, 0xff, 0xff, 0}),
      .type_and_version = in_memory<std::uint32_t>({0x08, 0x00, 0x45, 0}),
      .mask =
          in_memory<std::uint32_t>({byte(mask, 0), byte(mask, 1), byte(mask, 2), byte(mask, 3)}),
      .destination = in_memory<std::uint32_t>({address[0], address[1], address[2], address[3]}),
      .fragment_mask = in_memory<std::uint16_t>({0x1f, 0xff}),
      .l4_port = in_memory<std::uint16_t>(
          {static_cast<std::uint8_t>(l4_port_ >> 8), static_cast<std::uint8_t>(l4_port_ & 0xff)}),
      .length = prefix.length};
  first_.destination &= first_.mask;
}

bool SteeringMatch::parsed_matches(std::span<const std::uint8_t> frame) const {
  const std::optional<UdpLocation> udp = find_udp(frame);
  if (!udp) return false;
  if (mark_ && udp->payload_length >= mark_->size() &&
      std::memcmp(frame.data() + udp->payload, mark_->data(), mark_->size()) == 0) {
    return true;
  }
  const auto l4_port = static_cast<std::uint16_t>(frame[udp->udp + 2] << 8 | frame[udp->udp + 3]);
  if (l4_port != l4_port_) return false;
  const std::uint8_t* destination = frame.data() + udp->ip + (udp->v6 ? 24 : 16);
  for (const IpPrefix& prefix : destinations_) {
    if (prefix.address.v6 == udp->v6 && in_prefix(destination, prefix)) return true;
  }
  return false;
}

}  // namespace wireproof

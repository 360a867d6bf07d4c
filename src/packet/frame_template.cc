#include "packet/frame_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

namespace wireproof {
namespace {

void put_mac(std::uint8_t* at, const MacAddress& mac) {
  std::copy(mac.bytes.begin(), mac.bytes.end(), at);
}

// Returns the offset behind the header.
std::size_t put_ethernet(std::uint8_t* bytes, const HeaderSpec& headers) {
  put_mac(bytes, headers.dst_mac);
  put_mac(bytes + 6, headers.src_mac);
  std::size_t type_at = 12;
  if (headers.vlan) {
    store_be16(bytes + type_at, kEtherTypeVlan);
    store_be16(bytes + type_at + 2, *headers.vlan);
    type_at += kVlanLength;
  }
  store_be16(bytes + type_at, headers.dst_ip.v6 ? kEtherTypeIpv6 : kEtherTypeIpv4);
  return type_at + 2;
}

void put_ipv4(std::uint8_t* ip, const HeaderSpec& headers, std::size_t udp_length) {
  ip[0] = 0x45;  // version 4, five words
  ip[1] = static_cast<std::uint8_t>(headers.dscp << 2);
  store_be16(ip + 2, static_cast<std::uint16_t>(kIpv4Length + udp_length));
  store_be16(ip + 6, 0x4000);  // don't fragment: a fragment would be counted as loss
  ip[8] = headers.ttl;
  ip[9] = kProtocolUdp;
  std::copy_n(headers.src_ip.bytes.begin(), 4, ip + 12);
  std::copy_n(headers.dst_ip.bytes.begin(), 4, ip + 16);
}

void put_ipv6(std::uint8_t* ip, const HeaderSpec& headers, std::size_t udp_length) {
  store_be32(ip, 6u << 28 | std::uint32_t{headers.dscp} << 22);
  store_be16(ip + 4, static_cast<std::uint16_t>(udp_length));
  ip[6] = kProtocolUdp;
  ip[7] = headers.ttl;
  std::copy(headers.src_ip.bytes.begin(), headers.src_ip.bytes.end(), ip + 8);
  std::copy(headers.dst_ip.bytes.begin(), headers.dst_ip.bytes.end(), ip + 24);
}

std::uint32_t next_template_id() {
  static std::atomic<std::uint32_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

Result<FrameTemplate> FrameTemplate::make(const HeaderSpec& headers, std::uint32_t frame_size,
                                          bool payload_only) {
  const bool ipv6 = headers.dst_ip.v6;
  const std::uint32_t least = frame_size_min(ipv6, headers.vlan.has_value());
  if (frame_size < least) {
    return fail(
        ErrorKind::kUsage,
        fmt::format("a {}-byte frame has no room for the 18-byte signature behind {}{}", frame_size,
                    ipv6 ? "IPv6/UDP" : "IPv4/UDP", headers.vlan ? " and a VLAN tag" : ""),
        fmt::format("the smallest --size that works here is {}", least));
  }
  FrameTemplate made;
  made.patch_.id_ = next_template_id();
  made.patch_.payload_only_ = payload_only;
  made.bytes_.resize(frame_size - kFcsLength);
  const std::size_t head = headers_length(ipv6, headers.vlan.has_value());
  // A pattern that a stuck or swapped byte lane would break.
  for (std::size_t i = head + kSignatureLength; i < made.bytes_.size(); ++i) {
    made.bytes_[i] = static_cast<std::uint8_t>(i);
  }
  if (payload_only) {
    made.bytes_.erase(made.bytes_.begin(), made.bytes_.begin() + static_cast<std::ptrdiff_t>(head));
    return made;
  }
  made.patch_.signature_at_ = static_cast<std::uint16_t>(head);
  made.build_headers(headers);
  made.sum_constant_parts();
  return made;
}

void FrameTemplate::build_headers(const HeaderSpec& headers) {
  const bool ipv6 = headers.dst_ip.v6;
  const std::size_t ip_at = put_ethernet(bytes_.data(), headers);
  const std::size_t udp_at = ip_at + ip_length(ipv6);
  const std::size_t udp_length = bytes_.size() - udp_at;
  if (ipv6) {
    put_ipv6(bytes_.data() + ip_at, headers, udp_length);
  } else {
    put_ipv4(bytes_.data() + ip_at, headers, udp_length);
  }
  store_be16(bytes_.data() + udp_at + 2, headers.dst_l4_port);
  store_be16(bytes_.data() + udp_at + 4, static_cast<std::uint16_t>(udp_length));
  patch_.udp_at_ = static_cast<std::uint16_t>(udp_at);
  patch_.ipv4_ = !ipv6;
  patch_.src_port_first_ = headers.src_l4_port;
  patch_.dst_low_first_ = load_be32(bytes_.data() + udp_at - 4);
  patch_.network_mask_ = headers.networks - 1;
}

// Sums over the template with the patched fields (source port, low destination, signature and both
// checksums) as zeros.
void FrameTemplate::sum_constant_parts() {
  std::vector<std::uint8_t> fixed = bytes_;
  const std::size_t udp_at = patch_.udp_at_;
  store_be32(fixed.data() + udp_at - 4, 0);
  const bool ipv6 = !patch_.ipv4_;
  const std::uint8_t* ip = fixed.data() + udp_at - ip_length(ipv6);
  const std::size_t udp_length = fixed.size() - udp_at;
  ChecksumSum ip_sum;
  ChecksumSum udp_sum;
  if (!ipv6) add_bytes(ip_sum, ip, kIpv4Length);
  const std::size_t addresses_at = ipv6 ? 8 : 12;  // RFC 768 and RFC 8200 section 8.1
  add_bytes(udp_sum, ip + addresses_at, ip_length(ipv6) - addresses_at);
  udp_sum.add(kProtocolUdp + udp_length);
  add_bytes(udp_sum, fixed.data() + udp_at, udp_length);
  patch_.ip_sum_ = ip_sum.folded();
  patch_.udp_sum_ = udp_sum.folded();
}

}  // namespace wireproof

// The bytes of a stream's frames, made once; each frame is then patched in place. What varies from
// frame to frame (source port, destination address, signature) is summed apart from what does not,
// so that a patch never reads the frame and its checksums cost a handful of additions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "packet/headers.h"
#include "packet/signature.h"

namespace wireproof {

// Flow f of a stream: source port + f % 16384, destination address + f / 16384.
inline constexpr unsigned kPortsPerAddressBits = 14;
inline constexpr std::uint32_t kPortsPerAddress = 1u << kPortsPerAddressBits;

struct HeaderSpec {
  MacAddress src_mac;
  MacAddress dst_mac;
  IpAddress src_ip;                   // both of one family
  IpAddress dst_ip;                   // the first flow's; the last 32 bits count up
  std::uint16_t src_l4_port = 49152;  // the first flow's
  std::uint16_t dst_l4_port = 9;      // discard
  std::optional<std::uint16_t> vlan;  // id, 1..4094
  std::uint8_t dscp = 0;              // 0..63
  std::uint8_t ttl = 64;
};

class FrameTemplate {
 public:
  // `frame_size` with FCS. `payload_only`: the kernel owns the headers (udp_payload devices); the
  // buffer is then what such a frame has behind its headers. Fails with kUsage when the frame is
  // too small for the signature, naming the least size that works.
  [[nodiscard]] static Result<FrameTemplate> make(const HeaderSpec& headers,
                                                  std::uint32_t frame_size, bool payload_only);

  // Never 0, and never that of another template of this process: buffers outlive templates.
  [[nodiscard]] std::uint32_t id() const { return id_; }
  [[nodiscard]] std::uint16_t buffer_len() const {
    return static_cast<std::uint16_t>(bytes_.size());
  }

  // Writes the whole template into `buffer` (room for buffer_len()); patch() must follow.
  void write(std::uint8_t* buffer) const { std::memcpy(buffer, bytes_.data(), bytes_.size()); }

  // Makes a buffer that holds this template, whatever was patched before, into the frame of this
  // flow and signature, checksums included.
  void patch(std::uint8_t* buffer, std::uint32_t flow, const Signature& signature) const {
    const SignatureWords words = pack(signature);
    store_signature(buffer + signature_at_, words);
    if (payload_only_) return;
    const auto src_port =
        static_cast<std::uint16_t>(src_port_first_ + (flow & (kPortsPerAddress - 1)));
    const std::uint32_t dst_low = dst_low_first_ + (flow >> kPortsPerAddressBits);
    store_be16(buffer + udp_at_, src_port);
    store_be32(buffer + dst_low_at_, dst_low);
    if (ipv4_checksum_at_ != 0) {
      ChecksumSum ip = ip_sum_;
      const std::uint16_t folded = ip.add(dst_low).folded();
      store_be16(buffer + ipv4_checksum_at_, static_cast<std::uint16_t>(~folded));
    }
    ChecksumSum udp = udp_sum_;
    udp.add(words.head).add(words.body).add(std::uint64_t{words.tail} + src_port + dst_low);
    const auto checksum = static_cast<std::uint16_t>(~udp.folded());
    // RFC 768: a sum of zero is sent as all ones, for zero means "no checksum".
    store_be16(buffer + udp_at_ + 6, checksum == 0 ? std::uint16_t{0xffff} : checksum);
  }

 private:
  FrameTemplate() = default;
  void build_headers(const HeaderSpec& headers);
  void sum_constant_parts();

  std::uint32_t id_ = 0;
  bool payload_only_ = false;
  std::uint16_t signature_at_ = 0;
  std::uint16_t udp_at_ = 0;
  std::uint16_t dst_low_at_ = 0;        // the last 32 bits of the destination address
  std::uint16_t ipv4_checksum_at_ = 0;  // 0: IPv6 has none
  std::uint16_t src_port_first_ = 0;
  std::uint32_t dst_low_first_ = 0;
  ChecksumSum ip_sum_;   // of the IPv4 header without what patch() adds
  ChecksumSum udp_sum_;  // of pseudo-header and datagram without what patch() adds
  std::vector<std::uint8_t> bytes_;
};

}  // namespace wireproof

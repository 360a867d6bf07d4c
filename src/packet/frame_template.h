// The bytes of a stream's frames, made once; each frame is then patched in place. What varies from
// frame to frame (source port, destination address, signature) is summed apart from what does not,
// so that a patch never reads the frame and its checksums cost a handful of additions. All sums are
// one's complement (RFC 1071): folded to 16 bits, a few of them add up in 32.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "packet/headers.h"
#include "packet/signature.h"

namespace wireproof {

// Flow f of a stream: source port + f % 16384, destination address + f / 16384; with n networks, in
// the one that lies f % n of them further on.
inline constexpr unsigned kPortsPerAddressBits = 14;
inline constexpr std::uint32_t kPortsPerAddress = 1u << kPortsPerAddressBits;
// Of 256 addresses each: an IPv4 /24, an IPv6 /120. RFC 2544 section 12.
inline constexpr unsigned kNetworkBits = 8;
inline constexpr std::uint32_t kNetworksMax = 256;

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
  std::uint32_t networks = 1;  // of destinations; a power of two, at most kNetworksMax
};

// What the frames of one burst have in common, in the form that patching takes.
struct SharedFields {
  SharedFields(std::uint16_t trial_id, std::uint64_t sequence, std::uint64_t transmit_time) {
    const SignatureWords words = pack({.trial_id = trial_id,
                                       .sequence = sequence & kSequenceMax,
                                       .transmit_time = transmit_time & kTransmitTimeMax});
    head = words.head;
    body_as_stored = __builtin_bswap64(words.body);
    tail = words.tail;
    ChecksumSum all;
    all.add(words.head).add(words.body).add(words.tail);
    sum = all.folded();
  }

  // Without the sequence space and the lateness, which vary from frame to frame.
  std::uint64_t head;
  std::uint64_t body_as_stored;
  std::uint16_t tail;
  std::uint32_t sum;  // one's complement, of head, body and tail
};

// The offsets and sums that turn a buffer holding a template into one of its frames: a value, so
// that a loop over frames keeps it in registers whatever the frames' bytes may alias.
class FramePatch {
 public:
  // Never 0, and never that of another template of this process: buffers outlive templates.
  [[nodiscard]] std::uint32_t id() const { return id_; }

  // Makes a buffer that holds this template, whatever was patched before, into the frame of this
  // flow, sequence space and lateness code, checksums included. Nothing is read from the buffer.
  void apply(std::uint8_t* buffer, const SharedFields& shared, std::uint32_t flow,
             std::uint32_t space, std::uint16_t lateness = 0) const {
    std::uint8_t* signature = buffer + signature_at_;
    store_be64(signature, shared.head | std::uint64_t{space} << 8);
    std::memcpy(signature + 8, &shared.body_as_stored, 8);
    store_be16(signature + 16, static_cast<std::uint16_t>(shared.tail | lateness));
    if (payload_only_) return;
    const auto src_port =
        static_cast<std::uint16_t>(src_port_first_ + (flow & (kPortsPerAddress - 1)));
    const std::uint32_t dst_low =
        dst_low_first_ + ((flow & network_mask_) << kNetworkBits) + (flow >> kPortsPerAddressBits);
    std::uint8_t* udp = buffer + udp_at_;
    store_be32(udp - 4, dst_low);  // the last field of either IP header
    store_be16(udp, src_port);
    const std::uint32_t dst_sum = (dst_low >> 16) + (dst_low & 0xffff);
    if (ipv4_) store_be16(udp - 10, static_cast<std::uint16_t>(~fold(ip_sum_ + dst_sum)));
    // The space's 24 bits lie across two words of the head: all of one, the upper byte of the next.
    const std::uint32_t space_sum = (space >> 8) + ((space & 0xff) << 8);
    const auto checksum = static_cast<std::uint16_t>(
        ~fold(udp_sum_ + shared.sum + src_port + dst_sum + space_sum + lateness));
    // RFC 768: a sum of zero is sent as all ones, for zero means "no checksum".
    store_be16(udp + 6, checksum == 0 ? std::uint16_t{0xffff} : checksum);
  }

 private:
  friend class FrameTemplate;

  // Of a sum of a few words; 0 only when it is 0.
  static std::uint32_t fold(std::uint32_t sum) {
    sum = (sum & 0xffff) + (sum >> 16);
    return sum + (sum >> 16);  // the upper half is not looked at
  }

  std::uint32_t id_ = 0;
  bool payload_only_ = false;
  bool ipv4_ = false;
  std::uint16_t signature_at_ = 0;
  std::uint16_t udp_at_ = 0;
  std::uint16_t src_port_first_ = 0;
  std::uint32_t dst_low_first_ = 0;
  std::uint32_t network_mask_ = 0;
  std::uint32_t ip_sum_ = 0;   // folded, of the IPv4 header without what apply() adds
  std::uint32_t udp_sum_ = 0;  // folded, of pseudo-header and datagram without what apply() adds
};

class FrameTemplate {
 public:
  // `frame_size` with FCS. `payload_only`: the kernel owns the headers (udp_payload devices); the
  // buffer is then what such a frame has behind its headers. Fails with kUsage when the frame is
  // too small for the signature, naming the least size that works.
  [[nodiscard]] static Result<FrameTemplate> make(const HeaderSpec& headers,
                                                  std::uint32_t frame_size, bool payload_only);

  [[nodiscard]] std::uint32_t id() const { return patch_.id(); }
  [[nodiscard]] std::uint16_t buffer_len() const {
    return static_cast<std::uint16_t>(bytes_.size());
  }
  [[nodiscard]] const FramePatch& patch() const { return patch_; }

  // Writes the whole template into `buffer` (room for buffer_len()); patch().apply() must follow.
  void write(std::uint8_t* buffer) const { std::memcpy(buffer, bytes_.data(), bytes_.size()); }
  // Its headers alone: enough where the buffer holds a template of the same headers that is as long
  // or longer, for what follows the signature depends on the place alone.
  void write_headers(std::uint8_t* buffer) const {
    std::memcpy(buffer, bytes_.data(), patch_.signature_at_);
  }

 private:
  FrameTemplate() = default;
  void build_headers(const HeaderSpec& headers);
  void sum_constant_parts();

  FramePatch patch_;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace wireproof

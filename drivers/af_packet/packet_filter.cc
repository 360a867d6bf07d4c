#include "packet_filter.h"

#include <algorithm>
#include <cassert>
#include <cstdint>

#include "base/headers.h"

namespace wireproof::af_packet {
namespace {

// Offsets in an Ethernet frame without a tag.
constexpr std::uint32_t kEtherType = 12, kIpv4 = kEthernetLength, kIpv6 = kEthernetLength;
constexpr std::uint32_t kIpv4Fragment = kIpv4 + 6, kIpv4Protocol = kIpv4 + 9, kIpv4To = kIpv4 + 16;
constexpr std::uint32_t kIpv6Next = kIpv6 + 6, kIpv6To = kIpv6 + 24, kIpv6Udp = kIpv6 + kIpv6Length;
constexpr std::uint32_t kUdp = kProtocolUdp, kFragmentOffsetBits = 0x1fff;
constexpr std::uint32_t kWholeFrame = 0x40000;

constexpr std::uint16_t kLoadByte = BPF_LD | BPF_B | BPF_ABS, kLoadHalf = BPF_LD | BPF_H | BPF_ABS;
constexpr std::uint16_t kLoadWord = BPF_LD | BPF_W | BPF_ABS, kMask = BPF_ALU | BPF_AND | BPF_K;
constexpr std::uint16_t kEqual = BPF_JMP | BPF_JEQ | BPF_K, kAnyBit = BPF_JMP | BPF_JSET | BPF_K;

// A program under construction: jumps whose target is not known yet are patched at here().
class Assembler {
 public:
  using Jump = std::pair<std::size_t, bool>;  // instruction, taken when true

  void add(std::uint16_t code, std::uint32_t k) { code_.push_back({code, 0, 0, k}); }
  // Falls through when the condition holds; the returned jump is taken when it does not.
  [[nodiscard]] Jump unless(std::uint16_t condition, std::uint32_t k) {
    code_.push_back({condition, 0, 0, k});
    return {code_.size() - 1, false};
  }
  // Falls through when the condition does not hold; the returned jump is taken when it does.
  [[nodiscard]] Jump when(std::uint16_t condition, std::uint32_t k) {
    code_.push_back({condition, 0, 0, k});
    return {code_.size() - 1, true};
  }
  void here(const std::vector<Jump>& jumps) {
    for (const auto& [at, taken] : jumps) {
      const std::size_t distance = code_.size() - at - 1;
      assert(distance <= 255);
      (taken ? code_[at].jt : code_[at].jf) = static_cast<std::uint8_t>(distance);
    }
  }
  [[nodiscard]] std::vector<sock_filter> take() { return std::move(code_); }

 private:
  std::vector<sock_filter> code_;
};

std::uint32_t word(const IpAddress& ip, std::size_t index) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | ip.bytes[4 * index + i];
  return value;
}

void reject(Assembler& program) {
  program.add(BPF_RET | BPF_K, 0);
}

Assembler::Jump always(Assembler& program) {
  program.add(BPF_LD | BPF_IMM, 0);
  return program.when(kEqual, 0);
}

// Goes on behind itself when the destination is in no prefix of the family.
std::vector<Assembler::Jump> match_destinations(Assembler& program, const Steering& steering,
                                                bool v6) {
  std::vector<Assembler::Jump> matched;
  for (const IpPrefix& prefix : steering.destinations) {
    if (prefix.address.v6 != v6) continue;
    std::vector<Assembler::Jump> differs;
    for (unsigned bits = 0; bits < prefix.length; bits += 32) {
      const unsigned of_word = std::min(32u, prefix.length - bits);
      const std::uint32_t mask = ~std::uint32_t{0} << (32 - of_word);
      program.add(kLoadWord, (v6 ? kIpv6To : kIpv4To) + bits / 8);
      program.add(kMask, mask);
      differs.push_back(program.unless(kEqual, word(prefix.address, bits / 32) & mask));
    }
    matched.push_back(always(program));
    program.here(differs);
  }
  return matched;
}

// `load` reads the head of the UDP payload at `payload`, the way the family does.
void match_mark(Assembler& program, const std::optional<PayloadMark>& mark, std::uint16_t load,
                std::uint32_t payload) {
  if (mark) {
    std::uint32_t value = 0;
    for (const std::uint8_t byte : *mark) value = value << 8 | byte;
    program.add(load, payload);
    const auto differs = program.unless(kEqual, value);
    program.add(BPF_RET | BPF_K, kWholeFrame);
    program.here({differs});
  }
  reject(program);
}

void match_ipv4(Assembler& program, const Steering& steering,
                const std::optional<PayloadMark>& mark) {
  program.add(kLoadByte, kIpv4Protocol);
  const auto not_udp = program.unless(kEqual, kUdp);
  program.add(kLoadHalf, kIpv4Fragment);
  const auto later_fragment = program.when(kAnyBit, kFragmentOffsetBits);
  program.add(BPF_LDX | BPF_B | BPF_MSH, kIpv4);
  const auto matched = match_destinations(program, steering, false);
  const auto elsewhere = always(program);
  program.here({not_udp, later_fragment});
  reject(program);
  program.here(matched);
  program.add(BPF_LD | BPF_H | BPF_IND, kIpv4 + 2);
  const auto other_port = program.unless(kEqual, steering.l4_port);
  program.add(BPF_RET | BPF_K, kWholeFrame);
  program.here({elsewhere, other_port});
  match_mark(program, mark, BPF_LD | BPF_W | BPF_IND, kIpv4 + kUdpLength);
}

void match_ipv6(Assembler& program, const Steering& steering,
                const std::optional<PayloadMark>& mark) {
  program.add(kLoadByte, kIpv6Next);
  const auto not_udp = program.unless(kEqual, kUdp);
  const auto matched = match_destinations(program, steering, true);
  const auto elsewhere = always(program);
  program.here({not_udp});
  reject(program);
  program.here(matched);
  program.add(kLoadHalf, kIpv6Udp + 2);
  const auto other_port = program.unless(kEqual, steering.l4_port);
  program.add(BPF_RET | BPF_K, kWholeFrame);
  program.here({elsewhere, other_port});
  match_mark(program, mark, kLoadWord, kIpv6Udp + kUdpLength);
}

}  // namespace

std::vector<sock_filter> steering_filter(const Steering& steering,
                                         const std::optional<PayloadMark>& mark) {
  Assembler program;
  if (steering.everything) {
    program.add(BPF_RET | BPF_K, kWholeFrame);
    return program.take();
  }
  assert(steering.destinations.size() <= Steering::kMaxDestinations);
  const auto ancillary = [](int field) { return static_cast<std::uint32_t>(SKF_AD_OFF + field); };
  program.add(kLoadWord, ancillary(SKF_AD_VLAN_TAG_PRESENT));
  const auto untagged = program.when(kEqual, 0);
  program.add(kLoadWord, ancillary(SKF_AD_VLAN_TPID));
  const auto q_tag = program.when(kEqual, 0x8100);
  reject(program);
  program.here({untagged, q_tag});
  program.add(kLoadHalf, kEtherType);
  const auto not_ipv4 = program.unless(kEqual, 0x0800);
  match_ipv4(program, steering, mark);
  program.here({not_ipv4});
  const auto not_ipv6 = program.unless(kEqual, 0x86dd);
  match_ipv6(program, steering, mark);
  program.here({not_ipv6});
  reject(program);
  return program.take();
}

}  // namespace wireproof::af_packet

#include "traffic/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>

#include "base/units.h"
#include "packet/checksum.h"

namespace wireproof {
namespace {

struct GenomeLetter {
  char letter;
  std::uint32_t size;
};
// RFC 6985 section 4; sizes above 1518 need a larger MTU than Ethernet's and are given by number.
constexpr GenomeLetter kGenome[] = {{'a', 64},   {'b', 128},  {'c', 256}, {'d', 512},
                                    {'e', 1024}, {'f', 1280}, {'g', 1518}};
constexpr std::size_t kGenomeLengthMax = 256;

IpAddress default_ip(bool ipv6, bool second) {
  if (ipv6) return *parse_ip(second ? "2001:2:0:2::1" : "2001:2:0:1::1");
  return *parse_ip(second ? "198.19.0.1" : "198.18.0.1");
}

Status check_address(const IpAddress& ip, bool ipv6, std::string_view flag) {
  if (ip.v6 != ipv6) {
    return fail(
        ErrorKind::kUsage,
        fmt::format("{} {}: not an {} address", flag, format_ip(ip), ipv6 ? "IPv6" : "IPv4"),
        "give both addresses of one family, and --ipv6 for IPv6");
  }
  const bool broadcast = !ip.v6 && load_be32(ip.bytes.data()) == UINT32_MAX;
  if (ip.is_zero() || ip.is_multicast() || broadcast) {
    return fail(ErrorKind::kUsage,
                fmt::format("{} {}: a test frame needs a unicast address", flag, format_ip(ip)),
                "the range for tests is 198.18.0.0/15, or 2001:2::/48 (RFC 2544, RFC 5180)");
  }
  return {};
}

}  // namespace

Result<std::vector<std::uint32_t>> parse_size_mix(std::string_view text) {
  if (text == "imix")
    return std::vector<std::uint32_t>{64, 570, 64, 64, 570, 64, 64, 570, 64, 64, 570, 1518};
  std::vector<std::uint32_t> sizes;
  for (const char c : text) {
    const auto* letter = std::find_if(std::begin(kGenome), std::end(kGenome),
                                      [c](const GenomeLetter& known) { return known.letter == c; });
    if (letter == std::end(kGenome) || sizes.size() == kGenomeLengthMax) {
      return fail(ErrorKind::kUsage,
                  fmt::format("--size: {} is not a mix of frame sizes", quote(text)),
                  "write imix, or up to 256 RFC 6985 letters: a 64, b 128, c 256, d 512, e 1024, "
                  "f 1280, g 1518");
    }
    sizes.push_back(letter->size);
  }
  if (sizes.empty()) return fail(ErrorKind::kUsage, "--size: empty");
  return sizes;
}

double mean_frame_size(const TrafficProfile& profile) {
  const double sum = std::accumulate(profile.sizes.begin(), profile.sizes.end(), 0.0);
  return sum / static_cast<double>(profile.sizes.size());
}

std::uint32_t largest_frame_size(const TrafficProfile& profile) {
  return *std::max_element(profile.sizes.begin(), profile.sizes.end());
}

Result<HeaderSpec> header_spec(const TrafficProfile& profile, bool reverse) {
  HeaderSpec headers;
  headers.src_ip = profile.src_ip.value_or(default_ip(profile.ipv6, false));
  headers.dst_ip = profile.dst_ip.value_or(default_ip(profile.ipv6, true));
  if (const Status ok = check_address(headers.src_ip, profile.ipv6, "--src-ip"); !ok) {
    return tl::unexpected(ok.error());
  }
  if (const Status ok = check_address(headers.dst_ip, profile.ipv6, "--dst-ip"); !ok) {
    return tl::unexpected(ok.error());
  }
  if (profile.flows == 0 || profile.flows > kFlowsMax) {
    return fail(ErrorKind::kUsage,
                fmt::format("--flows {}: must be 1 to {}", profile.flows, kFlowsMax));
  }
  const std::uint32_t ports = std::min(profile.flows, kPortsPerAddress);
  if (profile.src_l4_port + ports > 65'536) {
    return fail(ErrorKind::kUsage,
                fmt::format("--src-port {}: {} flows count up beyond port 65535",
                            profile.src_l4_port, profile.flows),
                fmt::format("the highest --src-port for that many is {}", 65'536 - ports));
  }
  headers.src_l4_port = profile.src_l4_port;
  headers.dst_l4_port = profile.dst_l4_port;
  headers.vlan = profile.vlan;
  headers.dscp = profile.dscp;
  headers.ttl = profile.ttl;
  if (reverse) std::swap(headers.src_ip, headers.dst_ip);
  return headers;
}

unsigned destination_prefix_length(const TrafficProfile& profile, const IpAddress& first) {
  const std::size_t low_at = first.v6 ? 12 : 0;
  const std::uint32_t low = load_be32(first.bytes.data() + low_at);
  const std::uint32_t last = low + ((profile.flows - 1) >> kPortsPerAddressBits);
  return (first.v6 ? 96u : 0u) + static_cast<unsigned>(std::countl_zero(low ^ last));
}

}  // namespace wireproof

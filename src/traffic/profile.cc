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

// IPv4 addresses that no router forwards to, and no host has (RFC 1122 section 3.2.1.3).
struct UnusableRange {
  std::uint32_t first, last;
  const char* what;
};
constexpr UnusableRange kUnusableIpv4[] = {{0x00000000, 0x00ffffff, "no host's (0.0.0.0/8)"},
                                           {0x7f000000, 0x7fffffff, "a loopback (127.0.0.0/8)"},
                                           {0xe0000000, 0xefffffff, "multicast (224.0.0.0/4)"},
                                           {0xffffffff, 0xffffffff, "broadcast"}};

std::uint32_t low_word(const IpAddress& ip) {
  return load_be32(ip.bytes.data() + (ip.v6 ? 12 : 0));
}

// The first such range that the addresses from `ip` to `more` behind it meet; they do not wrap.
// IPv6 addresses count up in their last 32 bits, so only the first can be one of those.
std::optional<UnusableRange> unusable_from(const IpAddress& ip, std::uint32_t more) {
  if (ip.v6) {
    IpAddress loopback{.v6 = true};
    loopback.bytes[15] = 1;
    if (ip.is_multicast()) return UnusableRange{0, 0, "multicast (ff00::/8)"};
    if (ip.is_zero()) return UnusableRange{0, 0, "no host's (::)"};
    if (ip == loopback) return UnusableRange{0, 0, "a loopback (::1)"};
    return std::nullopt;
  }
  const std::uint32_t first = low_word(ip);
  const std::uint32_t last = first + more;
  for (const UnusableRange& range : kUnusableIpv4) {
    if (first <= range.last && last >= range.first) return range;
  }
  return std::nullopt;
}

Status check_address(const IpAddress& ip, bool ipv6, std::string_view flag) {
  if (ip.v6 != ipv6) {
    return fail(
        ErrorKind::kUsage,
        fmt::format("{} {}: not an {} address", flag, format_ip(ip), ipv6 ? "IPv6" : "IPv4"),
        "give both addresses of one family, and --ipv6 for IPv6");
  }
  if (const auto range = unusable_from(ip, 0)) {
    return fail(ErrorKind::kUsage,
                fmt::format("{} {}: a test frame needs a unicast address, this is {}", flag,
                            format_ip(ip), range->what),
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

std::uint32_t nominal_frame_size(const TrafficProfile& profile) {
  return static_cast<std::uint32_t>(mean_frame_size(profile) + 0.5);
}

double mean_of_mix(const TrafficProfile& profile) {
  return profile.sizes.size() > 1 ? mean_frame_size(profile) : 0;
}

std::uint32_t largest_frame_size(const TrafficProfile& profile) {
  return *std::max_element(profile.sizes.begin(), profile.sizes.end());
}

Result<HeaderSpec> header_spec(const TrafficProfile& profile, bool reverse) {
  HeaderSpec headers;
  headers.src_ip = profile.src_ip.value_or(default_ip(profile.ipv6, false));
  headers.dst_ip = profile.dst_ip.value_or(default_ip(profile.ipv6, true));
  if (reverse) {
    std::swap(headers.src_ip, headers.dst_ip);
    headers.src_ip = profile.reverse.src_ip.value_or(headers.src_ip);
    headers.dst_ip = profile.reverse.dst_ip.value_or(headers.dst_ip);
  }
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
  headers.networks = profile.networks;
  return headers;
}

namespace {

// Addresses behind the first one.
std::uint32_t further_destinations(const TrafficProfile& profile) {
  return ((profile.networks - 1) << kNetworkBits) + ((profile.flows - 1) >> kPortsPerAddressBits);
}

}  // namespace

Result<IpAddress> last_destination(const TrafficProfile& profile, bool reverse) {
  const Result<HeaderSpec> headers = header_spec(profile, reverse);
  if (!headers) return tl::unexpected(headers.error());
  IpAddress last = headers->dst_ip;
  const std::uint32_t first = low_word(last);
  const std::uint32_t more = further_destinations(profile);
  const bool exchanged = reverse && !profile.reverse.dst_ip;
  const std::string begin = fmt::format(
      "{} {}: {} flows, {} count up", exchanged ? "--src-ip" : "--dst-ip", format_ip(last),
      profile.flows,
      profile.networks > 1
          ? fmt::format("in {} networks of {} addresses,", profile.networks, 1u << kNetworkBits)
          : fmt::format("{} to an address,", kPortsPerAddress));
  constexpr const char* kCure = "begin at a lower address, or use fewer flows";
  if (more > UINT32_MAX - first) {
    return fail(ErrorKind::kUsage, begin + " beyond the last address", kCure);
  }
  if (const auto range = unusable_from(last, more)) {
    return fail(ErrorKind::kUsage, fmt::format("{} into addresses that are {}", begin, range->what),
                kCure);
  }
  store_be32(last.bytes.data() + (last.v6 ? 12 : 0), first + more);
  return last;
}

unsigned destination_prefix_length(const TrafficProfile& profile, const IpAddress& first) {
  const std::uint32_t low = low_word(first);
  const std::uint32_t last = low + further_destinations(profile);
  return (first.v6 ? 96u : 0u) + static_cast<unsigned>(std::countl_zero(low ^ last));
}

}  // namespace wireproof

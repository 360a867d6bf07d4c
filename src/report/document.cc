#include "report/document.h"

#include <fmt/format.h>

#include <cinttypes>
#include <cstdio>
#include <ctime>
#include <limits>

namespace wireproof {

std::string rfc3339_utc(std::int64_t unix_ns) {
  const std::int64_t fraction = ((unix_ns % kSecond) + kSecond) % kSecond;
  const std::time_t seconds = (unix_ns - fraction) / kSecond;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     fraction);
}

std::optional<std::int64_t> read_rfc3339_utc(std::string_view text) {
  std::tm parts{};
  std::int64_t fraction = 0;
  const std::string whole(text);
  if (std::sscanf(whole.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%9" SCNd64 "Z", &parts.tm_year,
                  &parts.tm_mon, &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec,
                  &fraction) != 7) {
    return std::nullopt;
  }
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  const std::int64_t seconds = timegm(&parts);
  // What an int64 of nanoseconds holds: to the year 2262.
  constexpr std::int64_t kSecondsMost = std::numeric_limits<std::int64_t>::max() / kSecond - 1;
  if (seconds < -kSecondsMost || seconds > kSecondsMost) return std::nullopt;
  const std::int64_t unix_ns = seconds * kSecond + fraction;
  return rfc3339_utc(unix_ns) == text ? std::optional(unix_ns) : std::nullopt;
}

const NicFacts* find_nic(const Hosts& hosts, const std::string& port) {
  for (const HostFacts& host : hosts) {
    for (const NicFacts& nic : host.nics)
      if (nic.port == port || nic.device == port) return &nic;
  }
  return nullptr;
}

}  // namespace wireproof

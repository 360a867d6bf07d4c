#include "base/exact_text.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace wireproof {
namespace {

// The shortest decimal number without an exponent that reads back the same.
std::string decimal(double value) {
  std::array<char, 400> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  return std::string(text.data(), end.ptr);
}

}  // namespace

std::string exact_duration(Nanoseconds duration) {
  constexpr std::array<std::pair<Nanoseconds, const char*>, 6> kUnits{{{3600 * kSecond, "h"},
                                                                       {60 * kSecond, "m"},
                                                                       {kSecond, "s"},
                                                                       {kMillisecond, "ms"},
                                                                       {kMicrosecond, "us"},
                                                                       {1, "ns"}}};
  for (const auto& [unit, word] : kUnits) {
    if (duration != 0 && duration % unit == 0) return fmt::format("{}{}", duration / unit, word);
  }
  return "0";
}

std::string exact_ratio(double ratio) {
  return decimal(ratio);
}

std::string exact_rate(const Rate& rate) {
  switch (rate.kind) {
    case Rate::Kind::kPps:
      return decimal(rate.value) + "pps";
    case Rate::Kind::kBps:
      return decimal(rate.value) + "bps";
    case Rate::Kind::kPercent:
      return decimal(rate.value) + "%";
    case Rate::Kind::kMax:
      break;
  }
  return "max";
}

std::string exact_cpus(const CpuList& cpus) {
  std::string text;
  for (const unsigned cpu : cpus) text += fmt::format("{}{}", text.empty() ? "" : ",", cpu);
  return text;
}

}  // namespace wireproof

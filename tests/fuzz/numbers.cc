// The number grammar (src/base/units.h), a parser by the first byte: what is taken lies within its
// bounds and is taken again, as the same, when it is written down; what is refused is a sentence.
#include <cmath>

#include "base/address.h"
#include "base/cpu.h"
#include "base/units.h"
#include "fuzz/fuzz.h"
#include "trial/criterion.h"

namespace wireproof::fuzz {
namespace {

template <typename T>
bool taken(const Result<T>& result) {
  if (!result) require_refusal(result.error(), ErrorKind::kUsage);
  return result.has_value();
}

void check_rate(std::string_view text) {
  const auto rate = parse_rate("--rate", text);
  if (!taken(rate)) return;
  constexpr double kMost[] = {1e12, 1e15, 100};
  constexpr const char* kUnits[] = {"pps", "bps", "%"};
  if (rate->kind == Rate::Kind::kMax) return require(text == "max", "what is not max is read so");
  const auto kind = static_cast<std::size_t>(rate->kind);
  require(rate->value > 0 && rate->value <= kMost[kind], "a rate is out of its bounds");
  // Every digit that a double has, and no exponent.
  const auto again = parse_rate("--rate", fmt::format("{:.1100f}{}", rate->value, kUnits[kind]));
  require(again.has_value() && *again == *rate, "a rate is not read back");
  if (rate->kind == Rate::Kind::kPps) require_sentence(format_rate(rate->value), 40);
  if (rate->kind == Rate::Kind::kBps) require_sentence(format_bps(rate->value), 40);
}

void check_duration(std::string_view text, Nanoseconds min, Nanoseconds max) {
  const auto duration = parse_duration("--duration", text, min, max);
  if (!taken(duration)) return;
  require(*duration >= min && *duration <= max, "a duration is out of its bounds");
  const auto again = parse_duration("--duration", fmt::format("{}ns", *duration), min, max);
  require(again.has_value() && *again == *duration, "a duration is not read back");
  require_sentence(format_duration(*duration), 40);
}

void check_size(std::string_view text) {
  const auto size = parse_size("--size", text);
  if (!taken(size)) return;
  const auto again = parse_size("--size", fmt::format("{}", *size));
  require(again.has_value() && *again == *size, "a size is not read back");
}

void check_count(std::string_view text, std::uint64_t min, std::uint64_t max) {
  const auto count = parse_count("--count", text, min, max);
  if (!taken(count)) return;
  require(*count >= min && *count <= max, "a count is out of its bounds");
  const auto again = parse_count("--count", fmt::format("{}", *count), min, max);
  require(again.has_value() && *again == *count, "a count is not read back");
  std::string digits = format_count(*count);
  std::erase(digits, ',');
  require(digits == fmt::format("{}", *count), "a count is not written with its digits");
}

void check_ratio(std::string_view text) {
  const auto ratio = parse_ratio("--loss", text);
  if (!taken(ratio)) return;
  require(*ratio >= 0 && *ratio <= 1, "a ratio is out of its bounds");
  const auto again = parse_ratio("--loss", fmt::format("{:.1100f}", *ratio));
  require(again.has_value() && std::abs(*again - *ratio) <= 0, "a ratio is not read back");
}

void check_addresses(std::string_view text) {
  if (const auto ip = parse_ip(text)) {
    require(parse_ip(format_ip(*ip)) == ip, "an IP address is not read back");
  }
  if (const auto mac = parse_mac(text)) {
    require(parse_mac(format_mac(*mac)) == mac, "a MAC address is not read back");
  }
}

void check_cpus(std::string_view text) {
  const auto cpus = parse_cpu_list("--tx-cores", text);
  if (!taken(cpus)) return;
  require(!cpus->empty(), "an empty list of cores");
  const auto again = parse_cpu_list("--tx-cores", fmt::format("{}", fmt::join(*cpus, ",")));
  require(again.has_value() && *again == *cpus, "a list of cores is not read back");
}

void check_criteria(std::string_view text) {
  const auto criteria = parse_criteria("--fail-if", text);
  if (!taken(criteria)) return;
  require(!criteria->empty(), "no criterion");
  for (const Criterion& one : *criteria) {
    const double most =
        one.unit == CriterionUnit::kRatio ? 1 : static_cast<double>(kLongestDuration);
    require(one.limit >= 0 && one.limit <= most, "a limit is out of its bounds");
    require_sentence(describe(one), 80);
  }
}

}  // namespace
}  // namespace wireproof::fuzz

FUZZ_TARGET(numbers) {
  Input input(bytes);
  const std::uint8_t which = input.byte();
  const std::string text(text_of(input.bytes(bytes.size())));
  require_sentence(quote(text), 45);
  switch (which) {
    case 'r':
      return check_rate(text);
    case 'd':
      return check_duration(text, 1, kLongestDuration);
    case 'D':
      return check_duration(text, kMillisecond, kMillisecond + 7);
    case 's':
      return check_size(text);
    case 'c':
      return check_count(text, 0, std::numeric_limits<std::uint64_t>::max());
    case 'C':
      return check_count(text, 3, 40);
    case 'p':
      return check_ratio(text);
    case 'a':
      return check_addresses(text);
    case 'u':
      return check_cpus(text);
    case 'f':
      return check_criteria(text);
    default:
      break;
  }
}

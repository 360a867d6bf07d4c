#include "base/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>
#include <vector>

namespace wireproof {
namespace {

__extension__ using Wide = unsigned __int128;

struct Unit {
  std::string_view name;
  std::uint64_t scale;
};

constexpr std::uint64_t kKilo = 1'000;
constexpr std::uint64_t kMega = 1'000'000;
constexpr std::uint64_t kGiga = 1'000'000'000;
constexpr std::uint64_t kTera = 1'000'000'000'000;

constexpr std::array<Unit, 4> kCountUnits{{{"", 1}, {"k", kKilo}, {"M", kMega}, {"G", kGiga}}};
constexpr std::array<Unit, 7> kSizeUnits{{{"", 1},
                                          {"k", kKilo},
                                          {"M", kMega},
                                          {"G", kGiga},
                                          {"KiB", 1ull << 10},
                                          {"MiB", 1ull << 20},
                                          {"GiB", 1ull << 30}}};
constexpr std::array<Unit, 7> kDurationUnits{{{"", kGiga},
                                              {"ns", 1},
                                              {"us", kKilo},
                                              {"ms", kMega},
                                              {"s", kGiga},
                                              {"m", 60 * kGiga},
                                              {"h", 3600 * kGiga}}};
constexpr std::array<Unit, 5> kPpsUnits{
    {{"pps", 1}, {"kpps", kKilo}, {"Mpps", kMega}, {"Gpps", kGiga}, {"Tpps", kTera}}};
constexpr std::array<Unit, 9> kBpsUnits{{{"bps", 1},
                                         {"kbps", kKilo},
                                         {"Mbps", kMega},
                                         {"Gbps", kGiga},
                                         {"Tbps", kTera},
                                         {"k", kKilo},
                                         {"M", kMega},
                                         {"G", kGiga},
                                         {"T", kTera}}};

constexpr std::string_view kRateForms = "1.5Mpps, 10Gbps, 50% or max";
// Each kind's forms, with their values; a hint shows those that the range takes.
struct Example {
  std::string_view text;
  std::uint64_t value;
};
constexpr std::array<Example, 7> kDurationExamples{{{"10s", 10 * kGiga},
                                                    {"500ms", 500 * kMega},
                                                    {"250us", 250 * kKilo},
                                                    {"80ns", 80},
                                                    {"1m", 60 * kGiga},
                                                    {"2h", 7200 * kGiga},
                                                    {"0", 0}}};
constexpr std::array<Example, 3> kSizeExamples{{{"1518", 1518}, {"9k", 9000}, {"64KiB", 65536}}};
constexpr std::array<Example, 3> kCountExamples{{{"1024", 1024}, {"4k", 4000}, {"1M", kMega}}};
constexpr std::array<std::uint64_t, 6> kSmallCounts{100, 46, 8, 2, 1, 0};
constexpr std::string_view kRatioForms = "0.1% or 0.001";
constexpr double kPpsMax = 1e12;
constexpr double kBpsMax = 1e15;
constexpr std::size_t kSizeListMax = 64;

// A text cut in three by the grammar; the digits are not yet a value.
struct Number {
  std::string_view digits;    // the number as written, with its dot
  std::string_view whole;     // before the dot, at least one digit, no idle leading zero
  std::string_view fraction;  // after the dot, without idle trailing zeros; may be empty
  std::string_view unit;
};

std::size_t count_digits(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
  return n;
}

std::optional<Number> scan(std::string_view text) {
  Number number;
  const std::size_t whole = count_digits(text);
  if (whole == 0 || (whole > 1 && text[0] == '0')) return std::nullopt;
  number.whole = text.substr(0, whole);
  std::size_t used = whole;
  if (used < text.size() && text[used] == '.') {
    const std::size_t fraction = count_digits(text.substr(used + 1));
    if (fraction == 0) return std::nullopt;
    number.fraction = text.substr(used + 1, fraction);
    used += 1 + fraction;
  }
  number.digits = text.substr(0, used);
  number.unit = text.substr(used);
  while (number.fraction.ends_with('0')) number.fraction.remove_suffix(1);
  return number;
}

const Unit* find_unit(std::span<const Unit> units, std::string_view name) {
  const auto found = std::find_if(units.begin(), units.end(),
                                  [name](const Unit& unit) { return unit.name == name; });
  return found == units.end() ? nullptr : &*found;
}

Error usage(std::string_view flag, std::string_view text, std::string_view why,
            std::string_view forms) {
  return Error{ErrorKind::kUsage, fmt::format("{}: {} {}", flag, quote(text), why),
               fmt::format("write {}", forms), 0};
}

tl::unexpected<Error> refuse(std::string_view flag, std::string_view text, std::string_view forms) {
  return tl::unexpected(usage(flag, text, "is not understood", forms));
}

tl::unexpected<Error> refuse_range(std::string_view flag, std::string_view text,
                                   std::string_view least, std::string_view most,
                                   std::string_view forms) {
  return tl::unexpected(
      usage(flag, text, fmt::format("is out of range: {} to {}", least, most), forms));
}

enum class Exactness { kWhole, kBroken, kTooLarge };

struct Scaled {
  Exactness exactness;
  std::uint64_t value;
};

// number x scale without rounding. 20 digits and the largest scale (3600 G) stay far below 2^128.
Scaled scale_exactly(const Number& number, std::uint64_t scale) {
  constexpr std::size_t kDigitsMax = 20;
  if (number.whole.size() > kDigitsMax) return {Exactness::kTooLarge, 0};
  if (number.fraction.size() > kDigitsMax) return {Exactness::kBroken, 0};
  Wide value = 0;
  for (const char digit : number.whole) value = value * 10 + static_cast<unsigned>(digit - '0');
  value *= scale;
  Wide fraction = 0;
  Wide divisor = 1;
  for (const char digit : number.fraction) {
    fraction = fraction * 10 + static_cast<unsigned>(digit - '0');
    divisor *= 10;
  }
  fraction *= scale;
  if (fraction % divisor != 0) return {Exactness::kBroken, 0};
  value += fraction / divisor;
  if (value > std::numeric_limits<std::uint64_t>::max()) return {Exactness::kTooLarge, 0};
  return {Exactness::kWhole, static_cast<std::uint64_t>(value)};
}

// from_chars knows no locale; the grammar has already been checked. Too many digits: infinity.
double to_double(const Number& number) {
  double value = 0;
  const auto [end, code] =
      std::from_chars(number.digits.data(), number.digits.data() + number.digits.size(), value);
  if (code != std::errc{} || end != number.digits.data() + number.digits.size()) {
    return std::numeric_limits<double>::infinity();
  }
  return value;
}

std::string joined_with_or(const std::vector<std::string_view>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    text += i == 0 ? "" : i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

// "10s, 500ms or 1m": what of the examples lies within; empty where none does.
std::string forms_within(std::span<const Example> examples, std::uint64_t min, std::uint64_t max) {
  std::vector<std::string_view> fitting;
  for (const Example& one : examples) {
    if (one.value >= min && one.value <= max) fitting.push_back(one.text);
  }
  return joined_with_or(fitting);
}

std::string count_forms(std::uint64_t min, std::uint64_t max, std::string_view example) {
  std::string forms(example);
  if (forms.empty() && max >= kMega) forms = forms_within(kCountExamples, min, max);
  for (const std::uint64_t small : kSmallCounts) {
    if (forms.empty() && small >= min && small <= max) forms = fmt::format("{}", small);
  }
  if (forms.empty()) forms = fmt::format("{}", min);
  return "a whole number such as " + forms;
}

struct Range {
  std::uint64_t min;
  std::uint64_t max;
  std::string least;
  std::string most;
};

Result<std::uint64_t> parse_whole(std::string_view flag, std::string_view text,
                                  std::span<const Unit> units, const Range& range,
                                  std::string_view forms) {
  const auto number = scan(text);
  const Unit* unit = number ? find_unit(units, number->unit) : nullptr;
  if (unit == nullptr) return refuse(flag, text, forms);
  const Scaled scaled = scale_exactly(*number, unit->scale);
  if (scaled.exactness == Exactness::kBroken) {
    return tl::unexpected(usage(flag, text, "is not a whole number of the smallest unit", forms));
  }
  if (scaled.exactness == Exactness::kTooLarge || scaled.value < range.min ||
      scaled.value > range.max) {
    return refuse_range(flag, text, range.least, range.most, forms);
  }
  return scaled.value;
}

Result<Rate> rate_within(std::string_view flag, std::string_view text, Rate rate, double most,
                         std::string_view most_text) {
  if (rate.value > 0 && rate.value <= most) return rate;
  return refuse_range(flag, text, "above 0", most_text, kRateForms);
}

struct Prefixed {
  double value;
  std::string_view prefix;
};

Prefixed with_prefix(double value) {
  // The bounds are where three decimals would round up to 1000.000.
  if (value < 999.9995) return {value, ""};
  if (value < 999'999.5) return {value / 1e3, "k"};
  if (value < 999'999'500.0) return {value / 1e6, "M"};
  if (value < 999'999'500'000.0) return {value / 1e9, "G"};
  return {value / 1e12, "T"};
}

std::string format_with_prefix(double value, std::string_view unit) {
  const Prefixed scaled = with_prefix(value);
  return fmt::format("{:.3f} {}{}", scaled.value, scaled.prefix, unit);
}

}  // namespace

Result<Rate> parse_rate(std::string_view flag, std::string_view text) {
  if (text == "max") return Rate{Rate::Kind::kMax, 0};
  const auto number = scan(text);
  if (!number) return refuse(flag, text, kRateForms);
  const double value = to_double(*number);
  if (number->unit == "%") {
    return rate_within(flag, text, {Rate::Kind::kPercent, value}, 100, "100%");
  }
  if (const Unit* unit = find_unit(kPpsUnits, number->unit)) {
    const double pps = value * static_cast<double>(unit->scale);
    return rate_within(flag, text, {Rate::Kind::kPps, pps}, kPpsMax, "1Tpps");
  }
  if (const Unit* unit = find_unit(kBpsUnits, number->unit)) {
    const double bps = value * static_cast<double>(unit->scale);
    return rate_within(flag, text, {Rate::Kind::kBps, bps}, kBpsMax, "1000Tbps");
  }
  return refuse(flag, text, kRateForms);
}

Result<Nanoseconds> parse_duration(std::string_view flag, std::string_view text, Nanoseconds min,
                                   Nanoseconds max) {
  const Range range{static_cast<std::uint64_t>(min), static_cast<std::uint64_t>(max),
                    format_duration(min), format_duration(max)};
  std::string forms = forms_within(kDurationExamples, range.min, range.max);
  if (forms.empty()) forms = format_duration(min);
  return parse_whole(flag, text, kDurationUnits, range, forms).map([](std::uint64_t ns) {
    return static_cast<Nanoseconds>(ns);
  });
}

Result<std::uint64_t> parse_size(std::string_view flag, std::string_view text, std::uint64_t min,
                                 std::uint64_t max) {
  const Range range{min, max, fmt::format("{}", min), fmt::format("{} bytes", max)};
  const std::string forms = forms_within(kSizeExamples, min, max) + " (bytes)";
  return parse_whole(flag, text, kSizeUnits, range, forms);
}

Result<std::uint64_t> parse_count(std::string_view flag, std::string_view text, std::uint64_t min,
                                  std::uint64_t max, std::string_view example) {
  const Range range{min, max, fmt::format("{}", min), fmt::format("{}", max)};
  return parse_whole(flag, text, kCountUnits, range, count_forms(min, max, example));
}

Result<double> parse_ratio(std::string_view flag, std::string_view text) {
  const auto number = scan(text);
  const bool percent = number && number->unit == "%";
  if (!number || (!percent && !number->unit.empty())) return refuse(flag, text, kRatioForms);
  const double ratio = to_double(*number) / (percent ? 100 : 1);
  if (ratio > 1)
    return refuse_range(flag, text, "0%", "100% (0 to 1 without the sign)", kRatioForms);
  return ratio;
}

Result<std::vector<std::uint32_t>> parse_size_list(std::string_view flag, std::string_view text,
                                                   std::uint32_t min, std::uint32_t max) {
  std::vector<std::uint32_t> sizes;
  std::string_view rest = text;
  while (true) {
    const std::size_t comma = rest.find(',');
    const auto size = parse_size(flag, rest.substr(0, comma), min, max);
    if (!size) return tl::unexpected(size.error());
    const auto value = static_cast<std::uint32_t>(*size);
    if (std::find(sizes.begin(), sizes.end(), value) != sizes.end()) {
      return tl::unexpected(
          usage(flag, text, fmt::format("names {} twice", value), "each size once"));
    }
    sizes.push_back(value);
    if (comma == std::string_view::npos) return sizes;
    if (sizes.size() == kSizeListMax) {
      return tl::unexpected(usage(flag, text, "names more than 64 sizes", "64 sizes at most"));
    }
    rest = rest.substr(comma + 1);
  }
}

std::string printable(std::string_view text) {
  constexpr std::size_t kShown = 40;
  std::string shown;
  for (const char c : text.substr(0, kShown)) shown += (c >= ' ' && c <= '~') ? c : '?';
  if (text.size() > kShown) shown += "...";
  return shown;
}

std::string quote(std::string_view text) {
  return "'" + printable(text) + "'";
}

std::string format_rate(double pps) {
  return format_with_prefix(pps, "pps");
}

std::string format_bps(double bps) {
  return format_with_prefix(bps, "bps");
}

std::string format_duration(Nanoseconds t) {
  const double ns = static_cast<double>(t);
  const Nanoseconds size = t < 0 ? -t : t;
  if (size < kMicrosecond) return fmt::format("{} ns", t);
  if (size < kMillisecond) return fmt::format("{:.3f} us", ns / 1e3);
  if (size < kSecond) return fmt::format("{:.3f} ms", ns / 1e6);
  return fmt::format("{:.3f} s", ns / 1e9);
}

std::string format_count(std::uint64_t n) {
  std::string digits = fmt::format("{}", n);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

}  // namespace wireproof

#include "base/units.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace wireproof {
namespace {

using namespace std::string_view_literals;

// What no number in the program may be, whatever it counts.
constexpr std::string_view kNeverNumbers[] = {
    ""sv,     "-1"sv,  "+1"sv,   "-0"sv,       "1e3"sv,           "1E3"sv, "1e999"sv, "nan"sv,
    "NaN"sv,  "inf"sv, "-inf"sv, "infinity"sv, "0x10"sv,          "0b1"sv, "010"sv,   "00"sv,
    "00.5"sv, " 5"sv,  "5 "sv,   "\t5"sv,      "5\n"sv,           "5x"sv,  "1,5"sv,   "1.2.3"sv,
    ".5"sv,   "5."sv,  "."sv,    "1_000"sv,    "1'000"sv,         "5\0"sv, "\0"sv,    "5k k"sv,
    "5 k"sv,  "5K"sv,  "5m%"sv,  "٣"sv,        "99999999999Gx"sv, "%"sv,   "k"sv,     "--5"sv,
};

template <typename T>
void expect_refused(const Result<T>& result, std::string_view text) {
  ASSERT_FALSE(result.has_value()) << quote(text);
  EXPECT_EQ(result.error().kind, ErrorKind::kUsage);
  EXPECT_NE(result.error().message.find("--flag"), std::string::npos) << result.error().message;
  EXPECT_NE(result.error().message.find(quote(text)), std::string::npos) << result.error().message;
  EXPECT_FALSE(result.error().hint.empty());
}

TEST(Units, NothingButTheGrammarIsANumber) {
  for (const auto text : kNeverNumbers) {
    expect_refused(parse_rate("--flag", text), text);
    expect_refused(parse_duration("--flag", text), text);
    expect_refused(parse_size("--flag", text), text);
    expect_refused(parse_count("--flag", text), text);
    expect_refused(parse_ratio("--flag", text), text);
    EXPECT_FALSE(parse_size_list("--flag", text, 64, 9000).has_value()) << quote(text);
    for (const auto unit : {"pps"sv, "Gbps"sv, "%"sv, "s"sv, "KiB"sv}) {
      if (text == "k" || text == "%" || text == "") continue;
      const std::string with_unit = std::string(text) + std::string(unit);
      expect_refused(parse_rate("--flag", with_unit), with_unit);
    }
  }
}

// Powers of a thousand, with the unit and without; only the iB of sizes are powers of 1,024.
TEST(Units, PrefixesAreDecimal) {
  double value = 1e3;
  for (const char prefix : {'k', 'M', 'G', 'T'}) {
    for (const char* unit : {"", "bps", "pps"}) {
      const auto rate = parse_rate("--flag", fmt::format("1{}{}", prefix, unit));
      ASSERT_TRUE(rate.has_value()) << prefix << unit;
      EXPECT_DOUBLE_EQ(rate->value, value) << prefix << unit;
    }
    if (prefix != 'T') {
      EXPECT_EQ(*parse_count("--flag", fmt::format("1{}", prefix)), value);
      EXPECT_EQ(*parse_size("--flag", fmt::format("1{}", prefix)), value);
    }
    value *= 1e3;
  }
  EXPECT_EQ(*parse_size("--flag", "3KiB"), 3072u);
  EXPECT_EQ(*parse_size("--flag", "3MiB"), 3072u * 1024);
  EXPECT_EQ(*parse_size("--flag", "3GiB"), 3072u * 1024 * 1024);
}

TEST(Units, Rates) {
  struct Row {
    std::string_view text;
    Rate rate;
  };
  using enum Rate::Kind;
  for (const Row& row : std::initializer_list<Row>{
           {"1pps", {kPps, 1}},
           {"0.5pps", {kPps, 0.5}},
           {"64kpps", {kPps, 64e3}},
           {"14.88Mpps", {kPps, 14.88e6}},
           {"1.5Mpps", {kPps, 1.5e6}},
           {"1.50Mpps", {kPps, 1.5e6}},
           {"2Gpps", {kPps, 2e9}},
           {"1Tpps", {kPps, 1e12}},
           {"800bps", {kBps, 800}},
           {"64kbps", {kBps, 64e3}},
           {"10Gbps", {kBps, 10e9}},
           {"10G", {kBps, 10e9}},
           {"1000Tbps", {kBps, 1e15}},
           {"50%", {kPercent, 50}},
           {"0.01%", {kPercent, 0.01}},
           {"100%", {kPercent, 100}},
           {"max", {kMax, 0}},
       }) {
    const auto rate = parse_rate("--rate", row.text);
    ASSERT_TRUE(rate.has_value()) << rate.error().message;
    EXPECT_EQ(rate->kind, row.rate.kind) << row.text;
    EXPECT_DOUBLE_EQ(rate->value, row.rate.value) << row.text;
  }
}

TEST(Units, RatesRefused) {
  for (const auto text : {"0"sv,
                          "1000"sv,
                          "0pps"sv,
                          "0.0Mpps"sv,
                          "0%"sv,
                          "100.1%"sv,
                          "Max"sv,
                          "max1"sv,
                          "1MPPS"sv,
                          "1mpps"sv,
                          "1Kpps"sv,
                          "1KiBps"sv,
                          "1Mbit"sv,
                          "1B"sv,
                          "1.0001Tpps"sv,
                          "18446744073709551616pps"sv,
                          "18446744073709551616bps"sv,
                          "99999999999G"sv,
                          "99999999999Gbps"sv,
                          "5%%"sv,
                          "1pps "sv}) {
    expect_refused(parse_rate("--flag", text), text);
  }
  const std::string long_number(5000, '9');
  expect_refused(parse_rate("--flag", long_number + "pps"), long_number);
}

TEST(Units, Durations) {
  struct Row {
    std::string_view text;
    Nanoseconds ns;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"10s", 10 * kSecond},
           {"10", 10 * kSecond},
           {"0.5", 500 * kMillisecond},
           {"500ms", 500 * kMillisecond},
           {"250us", 250 * kMicrosecond},
           {"80ns", 80},
           {"0.000000001s", 1},
           {"0.0000000010s", 1},
           {"1.5m", 90 * kSecond},
           {"72h", kLongestDuration},
       }) {
    const auto duration = parse_duration("--duration", row.text);
    ASSERT_TRUE(duration.has_value()) << duration.error().message;
    EXPECT_EQ(*duration, row.ns) << row.text;
  }
  EXPECT_EQ(parse_duration("--delay", "0s", 0).value(), 0);
}

TEST(Units, DurationsRefused) {
  for (const auto text :
       {"0"sv, "0s"sv, "0.4ns"sv, "1.5ns"sv, "0.0000000001s"sv, "73h"sv, "8760h"sv, "1y"sv, "1d"sv,
        "1S"sv, "1M"sv, "1min"sv, "18446744073709551616s"sv, "18446744073709551616ns"sv,
        "9223372036854775808ns"sv, "10s "sv}) {
    expect_refused(parse_duration("--flag", text), text);
  }
  expect_refused(parse_duration("--flag", "11s", kSecond, 10 * kSecond), "11s");
}

TEST(Units, SizesAndCounts) {
  EXPECT_EQ(parse_size("--flag", "64").value(), 64u);
  EXPECT_EQ(parse_size("--flag", "9k").value(), 9000u);
  EXPECT_EQ(parse_size("--flag", "1.5k").value(), 1500u);
  EXPECT_EQ(parse_size("--flag", "64KiB").value(), 65536u);
  EXPECT_EQ(parse_size("--flag", "1.5MiB").value(), 1572864u);
  EXPECT_EQ(parse_size("--flag", "2GiB").value(), 2147483648u);
  EXPECT_EQ(parse_count("--flag", "0").value(), 0u);
  EXPECT_EQ(parse_count("--flag", "4k").value(), 4000u);
  EXPECT_EQ(parse_count("--flag", "18446744073709551615").value(), 18446744073709551615u);
  for (const auto text : {"0"sv, "0.5"sv, "1.0005k"sv, "64B"sv, "1Ki"sv, "1kiB"sv, "1kB"sv, "1T"sv,
                          "9223372036854775808"sv, "18446744073709551616"sv, "99999999999G"sv}) {
    expect_refused(parse_size("--flag", text), text);
  }
  for (const auto text :
       {"0.5"sv, "1KiB"sv, "1T"sv, "18446744073709551616"sv, "18446744073709552k"sv,
        "99999999999G"sv, "340282366920938463463374607431768211457"sv}) {
    expect_refused(parse_count("--flag", text), text);
  }
  expect_refused(parse_count("--flag", "65", 1, 64), "65");
  expect_refused(parse_count("--flag", "0", 1, 64), "0");
}

TEST(Units, Ratios) {
  EXPECT_DOUBLE_EQ(parse_ratio("--flag", "0.1%").value(), 0.001);
  EXPECT_DOUBLE_EQ(parse_ratio("--flag", "0.001").value(), 0.001);
  EXPECT_DOUBLE_EQ(parse_ratio("--flag", "0").value(), 0);
  EXPECT_DOUBLE_EQ(parse_ratio("--flag", "100%").value(), 1);
  for (const auto text : {"101%"sv, "1.1"sv, "5"sv, "1k"sv, "0.1 %"sv, "18446744073709551616"sv}) {
    expect_refused(parse_ratio("--flag", text), text);
  }
}

TEST(Units, SizeLists) {
  EXPECT_EQ(parse_size_list("--flag", "64,512,1518", 64, 9000).value(),
            (std::vector<std::uint32_t>{64, 512, 1518}));
  EXPECT_EQ(parse_size_list("--flag", "9k", 64, 9000).value(), (std::vector<std::uint32_t>{9000}));
  for (const auto text : {"64,"sv, ",64"sv, "64,,512"sv, "64;512"sv, "64, 512"sv, "64,imix"sv}) {
    EXPECT_FALSE(parse_size_list("--flag", text, 64, 9000).has_value()) << text;
  }
  for (const auto text : {"63"sv, "64,9001"sv, "64,512,64"sv, "4294967360"sv}) {
    EXPECT_FALSE(parse_size_list("--flag", text, 64, 9000).has_value()) << text;
  }
  std::string many = "100";
  for (int size = 101; size < 164; ++size) many += "," + std::to_string(size);
  EXPECT_EQ(parse_size_list("--flag", many, 64, 9000)->size(), 64u);
  expect_refused(parse_size_list("--flag", many + ",164", 64, 9000), many + ",164");
}

TEST(Units, MessageNamesFlagTextAndForms) {
  const auto error = parse_rate("--rate", "5x").error();
  EXPECT_EQ(error.message, "--rate: '5x' is not understood");
  EXPECT_EQ(error.hint, "write 1.5Mpps, 10Gbps, 50% or max");
  EXPECT_EQ(parse_count("--flows", "65", 1, 64).error().message,
            "--flows: '65' is out of range: 1 to 64");
}

// A cure that is refused in its turn is none.
TEST(Units, HintsAreExamplesWithinTheRange) {
  const auto count = [](std::uint64_t min, std::uint64_t max) {
    return parse_count("--flag", "x", min, max).error().hint;
  };
  EXPECT_EQ(count(1, 4'094), "write a whole number such as 100");
  EXPECT_EQ(count(0, 63), "write a whole number such as 46");
  EXPECT_EQ(count(2, 4), "write a whole number such as 2");
  EXPECT_EQ(count(1, 1u << 20), "write a whole number such as 1024, 4k or 1M");
  EXPECT_EQ(count(2'000, 1u << 20), "write a whole number such as 4k or 1M");
  EXPECT_EQ(parse_count("--ring", "1000000000", 64, 1u << 20, "4096").error().hint,
            "write a whole number such as 4096");
  EXPECT_EQ(parse_duration("--flag", "x", kMillisecond, 60 * kSecond).error().hint,
            "write 10s, 500ms or 1m");
  EXPECT_EQ(parse_duration("--flag", "x", 5, 7).error().hint, "write 5 ns");
  EXPECT_EQ(parse_size("--flag", "x", 1, 9'216).error().hint, "write 1518 or 9k (bytes)");
}

TEST(Units, QuoteIsHarmless) {
  EXPECT_EQ(quote("a\x1b[31m\xff\0b"sv), "'a?[31m??b'");
  EXPECT_EQ(quote(std::string(100, 'x')), "'" + std::string(40, 'x') + "...'");
}

TEST(Units, Formats) {
  EXPECT_EQ(format_rate(0), "0.000 pps");
  EXPECT_EQ(format_rate(999.9996), "1.000 kpps");
  EXPECT_EQ(format_rate(148809.52), "148.810 kpps");
  EXPECT_EQ(format_rate(999'999'700), "1.000 Gpps");
  EXPECT_EQ(format_bps(10e9), "10.000 Gbps");
  EXPECT_EQ(format_bps(2.5e12), "2.500 Tbps");
  EXPECT_EQ(format_duration(80), "80 ns");
  EXPECT_EQ(format_duration(-80), "-80 ns");
  EXPECT_EQ(format_duration(12'345), "12.345 us");
  EXPECT_EQ(format_duration(1'500 * kMillisecond), "1.500 s");
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1'000), "1,000");
  EXPECT_EQ(format_count(18446744073709551615ull), "18,446,744,073,709,551,615");
}

}  // namespace
}  // namespace wireproof

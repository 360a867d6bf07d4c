// The one number grammar of the program (docs/manual.md, "Numbers"). A number is digits with at
// most one dot between digits, then a known unit, and nothing else: no sign, blank, exponent, hex,
// octal, nan, inf, thousands mark or locale. Nothing wraps or saturates: what does not fit is
// refused. Prefixes are decimal (k M G T); binary ones only for sizes, with an i (KiB MiB GiB).
//
// Every parser is a pure function of its arguments. Failure is ErrorKind::kUsage; the message names
// the flag, quotes the text (printable ASCII only, shortened); the hint gives forms that would be
// taken: examples within the range.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace wireproof {

struct Rate {
  enum class Kind {
    kPps,      // frames a second
    kBps,      // bits a second, at the layer the caller was told
    kPercent,  // of line rate, 0 to 100
    kMax,      // as fast as the tester can; value is 0
  };
  Kind kind = Kind::kMax;
  double value = 0;  // > 0 unless kMax
  friend bool operator==(const Rate&, const Rate&) = default;
};

// "1.5Mpps", "10Gbps", "10G" (bits, as iperf3 reads it), "50%", "max". A number without any unit is
// refused: frames and bits differ by a factor of hundreds. Above zero; at most 1 Tpps, 1000 Tbps.
[[nodiscard]] Result<Rate> parse_rate(std::string_view flag, std::string_view text);

// The longest time a frame can carry is 2^48 ns, 78 h (src/packet/signature.h).
inline constexpr Nanoseconds kLongestDuration = 72 * 3600 * kSecond;

// "10s", "500ms", "1.5m", "2h", "250us", "80ns", or a bare number of seconds, as sleep(1) and
// iperf3 -t read it. Whole nanoseconds within [min, max].
[[nodiscard]] Result<Nanoseconds> parse_duration(std::string_view flag, std::string_view text,
                                                 Nanoseconds min = 1,
                                                 Nanoseconds max = kLongestDuration);

// Bytes: "1518", "9k" (9000), "1.5M", "64KiB". A whole number within [min, max].
[[nodiscard]] Result<std::uint64_t> parse_size(
    std::string_view flag, std::string_view text, std::uint64_t min = 1,
    std::uint64_t max = std::numeric_limits<std::int64_t>::max());

// A number of things: "1024", "4k", "1M". A whole number within [min, max]. `example`: for the
// hint, where not every number within them will do.
[[nodiscard]] Result<std::uint64_t> parse_count(
    std::string_view flag, std::string_view text, std::uint64_t min = 0,
    std::uint64_t max = std::numeric_limits<std::uint64_t>::max(), std::string_view example = {});

// "0.1%" or "0.001": a part of one within [0, 1].
[[nodiscard]] Result<double> parse_ratio(std::string_view flag, std::string_view text);

// "64,512,1518": one to 64 sizes, each within [min, max], in the order given, none twice.
[[nodiscard]] Result<std::vector<std::uint32_t>> parse_size_list(std::string_view flag,
                                                                 std::string_view text,
                                                                 std::uint32_t min,
                                                                 std::uint32_t max);

// The text as it may stand in a message: other than printable ASCII shown as '?', at most 40
// characters; and the same in quotes.
[[nodiscard]] std::string printable(std::string_view text);
[[nodiscard]] std::string quote(std::string_view text);

[[nodiscard]] std::string format_rate(double pps);         // "148.810 kpps"
[[nodiscard]] std::string format_bps(double bps);          // "9.999 Gbps"
[[nodiscard]] std::string format_duration(Nanoseconds t);  // "1.500 s", "12.345 us", "80 ns"
[[nodiscard]] std::string format_count(std::uint64_t n);   // "1,000,000"

}  // namespace wireproof

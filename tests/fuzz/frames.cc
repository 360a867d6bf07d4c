// Received frames: the reader and the analyzer of the packet path against a second reader
// (plain_reader.h) and lists of all that arrived (stats/slow_model.h), and a burst at a time
// against a frame at a time.
#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "fuzz/fuzz.h"
#include "fuzz/made_frames.h"
#include "fuzz/plain_reader.h"
#include "packet/test_frame.h"
#include "stats/slow_model.h"
#include "traffic/analyzer.h"

namespace wireproof::fuzz {
namespace {

struct PlainCounts {
  ReceiveCounts counts;
  std::uint64_t recorded = 0, negative = 0;
  Nanoseconds least = 0, most = 0;
  std::optional<PlainFrame> readdressed;
};

class PlainAnalyzer {
 public:
  PlainAnalyzer(const Setting& setting, const PlainTest& test, std::uint64_t window)
      : setting_(setting), test_(test) {
    for (std::uint32_t i = 0; i < kSpaces; ++i) {
      in_time_.emplace_back(window, 1);
      late_.emplace_back(window, 1);
    }
  }

  // What is late is accounted when the rest of its burst has been, or, alone, at once; what was
  // under way for too long before what came too late. The order tells only beyond the window.
  void take(const Burst& burst, bool alone) {
    Late late;
    for (const Arrival& arrival : burst.arrivals) {
      const Nanoseconds stamp = arrival.frame.stamp;
      const Nanoseconds arrived = stamp != 0 ? stamp : burst.now;
      take_one(arrival.view(), arrived, arrived > burst.late_after, late);
      if (alone || &arrival == &burst.arrivals.back()) {
        for (const auto& [space, sequence] : late.by_delay) count_late(space, sequence);
        for (const auto& [space, sequence] : late.by_time) count_late(space, sequence);
        late = {};
      }
    }
  }

  [[nodiscard]] const PlainCounts& found() const { return found_; }
  [[nodiscard]] std::uint64_t next(std::size_t space) const { return in_time_[space].next(); }

 private:
  using Numbers = std::vector<std::pair<std::size_t, std::uint64_t>>;  // space, number
  struct Late {
    Numbers by_delay, by_time;
  };

  // The whole number with these 40 bits that is nearest to what is expected; may be below 0.
  static std::int64_t whole(std::uint64_t sequence, std::uint64_t next) {
    constexpr std::int64_t kCircle = std::int64_t{1} << 40;
    const auto expected = static_cast<std::int64_t>(next);
    auto number = static_cast<std::int64_t>(sequence);
    while (number - expected >= kCircle / 2) number -= kCircle;
    while (number - expected < -kCircle / 2) number += kCircle;
    return number;
  }

  static Arrived observe(SlowSpace& space, std::uint64_t sequence, Nanoseconds arrived) {
    const std::int64_t number = whole(sequence, space.next());
    if (number < 0) return Arrived::kUnclassified;
    return space.observe({static_cast<std::uint64_t>(number), arrived, 0});
  }

  void count_late(std::size_t space, std::uint64_t sequence) {
    ++found_.counts.late;
    // A copy that came in time answers "duplicate" here, which changes nothing.
    SlowSpace asked = in_time_[space];
    if (observe(asked, sequence, 0) == Arrived::kDuplicate) return;
    if (observe(late_[space], sequence, 0) != Arrived::kDuplicate) ++found_.counts.late_lost;
  }

  // The direction that arrives here; nothing where the space does not exist.
  [[nodiscard]] std::optional<std::size_t> space_of(const PlainSignature& signature) const {
    const bool reverse = signature.space >= 1u << 23;
    const std::uint64_t space = signature.space & ~(std::uint64_t{3} << 22);
    if (reverse != setting_.reverse || space >= kSpaces) return std::nullopt;
    return space;
  }

  void take_others(Bytes bytes) {
    const auto any = read_any_plainly(bytes);
    if (!any || any->signature.trial != kTrial) return;
    if (!space_of(any->signature)) {
      ++found_.counts.misdirected;
    } else if (found_.counts.readdressed++ == 0) {
      found_.readdressed = any;
    }
  }

  void take_one(Bytes bytes, Nanoseconds arrived, bool late, Late& late_ones) {
    const PlainFrame frame = read_plainly(test_, bytes);
    ReceiveCounts& counts = found_.counts;
    if (frame.found == PlainClass::kOthers) return take_others(bytes);
    if (frame.found == PlainClass::kCorrupt) ++counts.corrupt;
    if (frame.found == PlainClass::kForeign) ++counts.foreign;
    if (frame.found != PlainClass::kOurs) return;
    const PlainSignature& signature = frame.signature;
    if (signature.trial != kTrial) {
      ++counts.stale;
      return;
    }
    const auto space = space_of(signature);
    if (!space) {
      ++counts.misdirected;
      return;
    }
    const Nanoseconds delay = delay_of(signature, arrived);
    const bool old = setting_.limited && below_limit(*space, signature.sequence);
    if (late || old || delay > 60 * kSecond) {
      Numbers& numbers = delay > 60 * kSecond ? late_ones.by_delay : late_ones.by_time;
      numbers.emplace_back(*space, signature.sequence);
      return;
    }
    count(*space, signature, arrived, delay);
  }

  void count(std::size_t space, const PlainSignature& signature, Nanoseconds arrived,
             Nanoseconds delay) {
    ReceiveCounts& counts = found_.counts;
    const Arrived how = observe(in_time_[space], signature.sequence, arrived);
    if (how == Arrived::kUnclassified) ++counts.unclassified;
    if (how == Arrived::kDuplicate) ++counts.duplicate;
    if (how == Arrived::kReordered) ++counts.reordered;
    if (how != Arrived::kReordered && how != Arrived::kInOrder) return;
    ++counts.unique;
    if ((signature.space & 1u << 22) != 0) ++counts.unique_catch_up;
    if (setting_.delay_every == 0 || (counts.unique - 1) % setting_.delay_every != 0) return;
    if (delay < 0) {
      ++found_.negative;
      return;
    }
    found_.least = found_.recorded == 0 ? delay : std::min(found_.least, delay);
    found_.most = std::max(found_.most, delay);
    ++found_.recorded;
  }

  // Time on a circle: what is below 64.36 s is a delay, the rest has gone backwards.
  static Nanoseconds delay_of(const PlainSignature& signature, Nanoseconds arrived) {
    constexpr Nanoseconds kTurn = Nanoseconds{1} << 36;
    const Nanoseconds since = arrived - kEpoch - static_cast<Nanoseconds>(signature.time);
    const Nanoseconds on_circle = (since % kTurn + kTurn) % kTurn;
    return on_circle >= kTurn - (kTurn - 60 * kSecond) / 2 ? on_circle - kTurn : on_circle;
  }

  [[nodiscard]] bool below_limit(std::size_t space, std::uint64_t sequence) const {
    const std::uint64_t limit = setting_.limits[space];
    return whole(sequence, limit) < static_cast<std::int64_t>(limit);
  }

  const Setting& setting_;
  const PlainTest& test_;
  std::vector<SlowSpace> in_time_, late_;
  PlainCounts found_;
};

AddressMatch match_of(const Setting& setting) {
  AddressMatch match{.payload_only = setting.payload_only, .ipv6 = setting.ipv6, .l4_port = kPort};
  const unsigned whole = setting.ipv6 ? 128 : 32;
  match.destinations = {match_prefix(address_of(setting.ipv6, 1), whole),
                        match_prefix(address_of(setting.ipv6, 2), whole)};
  return match;
}

PlainTest plain_test(const Setting& setting) {
  return {
      .payload_only = setting.payload_only,
      .ipv6 = setting.ipv6,
      .port = kPort,
      .addresses = {bytes_of(address_of(setting.ipv6, 1)), bytes_of(address_of(setting.ipv6, 2))}};
}

PlainSignature plain(const Signature& signature) {
  return {signature.trial_id, signature.space, signature.sequence, signature.transmit_time,
          signature.lateness};
}

void compare_readers(const Setting& setting, Bytes bytes) {
  const AddressMatch match = match_of(setting);
  const PlainTest test = plain_test(setting);
  const FrameReader reader(match);
  const PlainFrame second = read_plainly(test, bytes);
  Signature signature;
  const FrameClass found = reader.read(bytes.data(), bytes.size(), signature);
  require_equal(static_cast<int>(found), static_cast<int>(second.found), "class of the frame");
  if (found == FrameClass::kOurs) require(plain(signature) == second.signature, "signature");
  if (reader.is_plain(bytes.data(), bytes.size())) {
    require(second.found == PlainClass::kOurs, "a plain frame is not ours");
    require(plain(FrameReader::plain_signature(bytes.data())) == second.signature,
            "signature of a plain frame");
  }
  if (setting.payload_only) return;
  const auto any = read_any_test_frame(bytes.data(), bytes.size());
  const auto any_second = read_any_plainly(bytes);
  require(any.has_value() == any_second.has_value(), "a test frame for anybody");
  if (!any) return;
  require(plain(any->signature) == any_second->signature, "signature of a frame for anybody");
  require(bytes_of(any->ip) == any_second->address, "destination of a frame for anybody");
  require_equal<std::uint64_t>(any->l4_port, any_second->port, "port of a frame for anybody");
}

void compare_counts(const ReceiveCounts& one, const ReceiveCounts& other, const char* what) {
  const auto same = [what](std::uint64_t a, std::uint64_t b, const char* name) {
    require_equal(a, b, fmt::format("{}: {}", what, name));
  };
  same(one.unique, other.unique, "unique");
  same(one.duplicate, other.duplicate, "duplicate");
  same(one.reordered, other.reordered, "reordered");
  same(one.late, other.late, "late");
  same(one.stale, other.stale, "stale");
  same(one.corrupt, other.corrupt, "corrupt");
  same(one.foreign, other.foreign, "foreign");
  same(one.misdirected, other.misdirected, "misdirected");
  same(one.readdressed, other.readdressed, "readdressed");
  same(one.unclassified, other.unclassified, "unclassified");
  same(one.unique_catch_up, other.unique_catch_up, "unique_catch_up");
}

void compare_with_plain(const Analyzer& analyzer, const PlainAnalyzer& second) {
  const PlainCounts& found = second.found();
  compare_counts(analyzer.counts(), found.counts, "second reader");
  require_equal(analyzer.counts().late_lost, found.counts.late_lost, "second reader: late_lost");
  require_equal(analyzer.negative_delays(), found.negative, "negative delays");
  require_equal(analyzer.delays().samples, found.recorded, "delays recorded");
  if (found.recorded > 0) {
    require_equal(analyzer.delays().min, found.least, "least delay");
    require_equal(analyzer.delays().max, found.most, "longest delay");
  }
  require(analyzer.readdressed().has_value() == found.readdressed.has_value(), "readdressed");
  if (found.readdressed) {
    require(bytes_of(analyzer.readdressed()->ip) == found.readdressed->address, "readdressed to");
  }
  for (std::uint32_t space = 0; space < kSpaces; ++space) {
    require_equal(analyzer.tracker().next_expected(space), second.next(space), "next expected");
  }
}

// A frame at a time there is no rest of the burst to wait for: late_lost alone may differ.
void compare_alone(const Analyzer& burst, const Analyzer& alone) {
  compare_counts(burst.counts(), alone.counts(), "a frame at a time");
  require_equal(burst.negative_delays(), alone.negative_delays(), "negative delays, alone");
  require_equal(burst.delays().samples, alone.delays().samples, "delays recorded, alone");
  require_equal(burst.delays().min, alone.delays().min, "least delay, alone");
  require_equal(burst.delays().max, alone.delays().max, "longest delay, alone");
  require_equal(burst.delays_from_schedule().max, alone.delays_from_schedule().max,
                "longest delay from the schedule, alone");
  for (std::uint32_t space = 0; space < kSpaces; ++space) {
    require_equal(burst.tracker().gaps(space), alone.tracker().gaps(space), "gaps, alone");
  }
  require((burst.variation() == nullptr) == (alone.variation() == nullptr), "variation");
  if (burst.variation() == nullptr) return;
  require(burst.variation()->jitter(0) == alone.variation()->jitter(0), "jitter, alone");
  require_equal(burst.variation()->outside_window(), alone.variation()->outside_window(),
                "outside the window, alone");
}

// They are large: made once for each setting, and begun anew for each input.
Analyzer& analyzer_for(const Setting& setting, bool alone) {
  static std::map<unsigned, std::unique_ptr<Analyzer>> made;
  const unsigned key = (setting.ipv6 ? 1u : 0u) | (setting.payload_only ? 2u : 0u) |
                       (setting.reverse ? 4u : 0u) | (alone ? 8u : 0u) | setting.delay_every << 4;
  std::unique_ptr<Analyzer>& analyzer = made[key];
  if (!analyzer) {
    analyzer = std::make_unique<Analyzer>(AnalyzerSpec{.match = match_of(setting),
                                                       .reverse = setting.reverse,
                                                       .spaces = kSpaces,
                                                       .delay_every = setting.delay_every});
  }
  analyzer->start({.trial_id = kTrial,
                   .epoch = kEpoch,
                   .scheduled = true,
                   .too_old_below = setting.limited ? setting.limits.data() : nullptr});
  return *analyzer;
}

}  // namespace
}  // namespace wireproof::fuzz

FUZZ_TARGET(frames) {
  Input input(bytes);
  Setting setting;
  read_setting(input, setting);
  const std::vector<Burst> bursts = read_bursts(input, setting);
  Analyzer& together = analyzer_for(setting, false);
  Analyzer& alone = analyzer_for(setting, true);
  const PlainTest test = plain_test(setting);
  PlainAnalyzer second(setting, test, together.tracker().window());
  PlainAnalyzer second_alone = second;
  for (const Burst& burst : bursts) {
    std::vector<Frame> frames;
    std::vector<Frame*> pointers;
    for (const Arrival& arrival : burst.arrivals) {
      compare_readers(setting, arrival.view());
      frames.push_back(arrival.frame);
    }
    for (Frame& frame : frames) pointers.push_back(&frame);
    together.take(pointers, burst.now, burst.late_after);
    for (Frame* frame : pointers) alone.take({&frame, 1}, burst.now, burst.late_after);
    second.take(burst, false);
    second_alone.take(burst, true);
  }
  compare_with_plain(together, second);
  compare_with_plain(alone, second_alone);
  compare_alone(together, alone);
}

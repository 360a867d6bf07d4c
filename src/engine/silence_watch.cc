#include "engine/silence_watch.h"

#include <fmt/format.h>

#include "base/units.h"

namespace wireproof {
namespace {

constexpr Nanoseconds kEarly = kSecond;
// A device that loses half of its frames loses ten in a row once in a thousand times.
constexpr std::uint64_t kEnough = 10;

std::string what_to_check(const SentHeaders& headers) {
  if (!headers.dst_mac) return "check the routes and the filters on the way";
  const std::string whose =
      headers.next_hop ? fmt::format(", which {} answered", format_ip(*headers.next_hop)) : "";
  return fmt::format("check the destination MAC ({}{}), the routes and the filters on the way",
                     format_mac(*headers.dst_mac), whose);
}

}  // namespace

void SilenceWatch::begin_trial(std::size_t directions) {
  notes_.clear();
  settled_.assign(directions, false);
  told_.resize(directions, false);
}

void SilenceWatch::after_warm_up(const Directions& directions) {
  for (std::size_t i = 0; i < directions.size(); ++i) {
    if (settled_[i] || directions[i]->to() == nullptr) continue;
    const CellSample total = directions[i]->total();
    if (total.offered < kEnough || total.received > 0) continue;
    say(*directions[i], i,
        fmt::format("none of the {} frames of the warm-up", format_count(total.offered)));
  }
}

void SilenceWatch::look(const Directions& directions, Nanoseconds elapsed) {
  if (elapsed < kEarly) return;
  for (std::size_t i = 0; i < directions.size(); ++i) {
    if (settled_[i] || directions[i]->to() == nullptr) continue;
    const CellSample total = directions[i]->total();
    if (total.received > 0) {
      settled_[i] = true;
    } else if (total.offered >= kEnough) {
      say(*directions[i], i,
          fmt::format("none of the first {} frames", format_count(total.offered)));
    }
  }
}

void SilenceWatch::after_trial(const Directions& directions, std::size_t index,
                               const DirectionResult& result) {
  const Counts& counts = result.counts;
  if (settled_[index] || directions[index]->to() == nullptr || counts.offered == 0) return;
  if (counts.received + counts.late + counts.corrupt + counts.misdirected + counts.readdressed >
      0) {
    return;  // what is wrong with them is told elsewhere
  }
  say(*directions[index], index,
      counts.offered == 1 ? "not even the one frame"
                          : fmt::format("none of the {} frames", format_count(counts.offered)));
}

void SilenceWatch::say(const Direction& direction, std::size_t index, const std::string& sent) {
  notes_.push_back(fmt::format("{} sent from {} arrived undamaged at {}: {}", sent,
                               direction.from().facts().device, direction.to()->facts().device,
                               what_to_check(direction.headers())));
  settled_[index] = true;
  if (!told_[index] && tell_) tell_(notes_.back());
  told_[index] = true;
}

}  // namespace wireproof

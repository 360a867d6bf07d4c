#include "io/wire_model.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace wireproof {
namespace {

constexpr int kFractionBits = 32;
constexpr double kFractionsPerNs = 4294967296.0;
static_assert(kFractionsPerNs == static_cast<double>(1ull << kFractionBits));

// How many of the 2^53 values of a draw mean yes: Random::chance without floating point.
std::uint64_t threshold(double probability) {
  return static_cast<std::uint64_t>(std::ceil(std::clamp(probability, 0.0, 1.0) * 0x1p53));
}

}  // namespace

WireModel::WireModel(const WireSpec& spec, std::size_t inside_expected)
    : spec_(spec),
      random_(spec.seed),
      jitter_random_(spec.seed ^ kJitterStream),
      excess_random_(spec.seed ^ kExcessStream),
      loss_(threshold(spec.loss)),
      corrupt_(threshold(spec.corrupt)),
      duplicate_(threshold(spec.duplicate)),
      reorder_(threshold(spec.reorder)),
      excess_loss_(threshold(spec.excess_loss)),
      waiting_(inside_expected),
      held_(spec.reorder > 0 ? inside_expected : 1) {
  assert(spec.delay >= 0 && spec.jitter >= 0 && spec.reorder_by >= 1);
  assert(spec.blocked >= 0 && spec.outage >= 0 && spec.outage_every > spec.outage);
  assert(spec.rate_fps == 0 || spec.rate_fps >= 0.001);
  if (spec.rate_fps > 0) {
    gap_ = static_cast<FixedTime>(1e9 / spec.rate_fps * kFractionsPerNs);
    backlog_max_ = gap_ * spec.queue_frames;
  }
}

// Moves `at` to the start of the next free slot of the rate cap, or refuses for want of room in the
// queue; what it lets pass all the same takes no slot. While the cap is busy its slots follow each
// other without a gap, so the frames waiting at time `at` are the slots that begin after it: more
// than queue_frames - 1 of them exactly when the cap is taken for longer than queue_frames slots.
bool WireModel::take_slot(Nanoseconds& at) {
  if (gap_ == 0) return true;
  const FixedTime arrived = static_cast<FixedTime>(at) << kFractionBits;
  const FixedTime slot = std::max(cap_free_at_, arrived);
  const bool full = slot - arrived > backlog_max_;
  const bool lost = full && excess_random_.next() >> 11 < excess_loss_;
  if (full) blocked_until_ = at + spec_.blocked;
  if (!full) cap_free_at_ = slot + gap_;
  if (lost || at < blocked_until_) return false;
  constexpr FixedTime kRoundUp = (FixedTime{1} << kFractionBits) - 1;
  at = static_cast<Nanoseconds>((slot + kRoundUp) >> kFractionBits);
  return true;
}

bool WireModel::in_service(Nanoseconds at) {
  if (spec_.outage == 0) return true;
  if (!first_arrival_) first_arrival_ = at;
  return (at - *first_arrival_) % spec_.outage_every < spec_.outage_every - spec_.outage;
}

// A frame that is through the cap at `slot` leaves then, and not before the one in front.
Nanoseconds WireModel::leave_after(Nanoseconds slot, Nanoseconds delay) {
  last_due_ = std::max(last_due_, slot + delay);
  return last_due_;
}

Arrival WireModel::arrive(std::uint64_t handle, Nanoseconds at) {
  const bool lost = chance(loss_);
  const bool corrupt = chance(corrupt_);
  const bool duplicate = chance(duplicate_);
  const bool held = chance(reorder_);
  const std::uint64_t entropy = random_.next();
  const auto jitter =
      static_cast<Nanoseconds>(jitter_random_.below(static_cast<std::uint64_t>(spec_.jitter)));
  if (lost || !in_service(at)) return {.fate = Fate::kDropped, .entropy = entropy};

  Nanoseconds slot = at;
  if (!take_slot(slot)) return {.fate = Fate::kQueueFull, .entropy = entropy};
  Nanoseconds copy_slot = at;
  const bool duplicated = duplicate && take_slot(copy_slot);
  const Nanoseconds delay = spec_.delay + jitter;
  waiting_.push({leave_after(slot, delay), handle, false, !duplicated, held});
  if (duplicated) waiting_.push({leave_after(copy_slot, delay), handle, true, true, held});
  ++inside_;
  return {.fate = Fate::kForwarded,
          .corrupt = corrupt,
          .duplicated = duplicated,
          .copy_dropped = duplicate && !duplicated,
          .held = held,
          .entropy = entropy};
}

// While a copy is still to come nothing else may leave: only that copy, wherever it waits.
bool WireModel::held_ripe() const {
  return !held_.empty() && held_.front().release_after <= passed_ &&
         (!pair_open_ || held_.front().frame.copy);
}

std::size_t WireModel::depart(Nanoseconds now, std::span<Departure> out) {
  std::size_t count = 0;
  while (count < out.size()) {
    Waiting frame;
    if (held_ripe()) {
      frame = held_.front().frame;
      held_.pop();
    } else {
      if (waiting_.empty() || waiting_.front().at > now) break;
      frame = waiting_.front();
      waiting_.pop();
      if (frame.held) {
        held_.push({passed_ + spec_.reorder_by, frame});
        continue;
      }
      if (frame.last) ++passed_;
    }
    departed_at_ = std::max(departed_at_, frame.at);
    pair_open_ = !frame.last;
    if (frame.last) --inside_;
    out[count++] = {frame.handle, departed_at_, frame.copy, frame.last};
  }
  return count;
}

void WireModel::flush_held() {
  for (std::size_t i = 0; i < held_.size(); ++i) held_[i].release_after = 0;
  for (std::size_t i = 0; i < waiting_.size(); ++i) waiting_[i].held = false;
}

Nanoseconds WireModel::next_departure() const {
  if (held_ripe()) return held_.front().frame.at;
  if (!waiting_.empty()) return waiting_.front().at;
  return std::numeric_limits<Nanoseconds>::max();
}

}  // namespace wireproof

#include "traffic/analyzer.h"

#include <algorithm>
#include <cassert>
#include <span>

namespace wireproof {

Analyzer::Analyzer(const AnalyzerSpec& spec)
    : spec_(spec),
      reader_(spec.match),
      space_bits_(space_bits(spec.reverse, spec.stream)),
      tracker_(spec.spaces),
      late_tracker_(spec.spaces),
      log_(spec.log_frames) {
  if (spec.delay_every == 1) variation_.emplace(spec.spaces);
}

void Analyzer::start(const AnalyzerStart& start) {
  start_ = start;
  if (counts_.late > 0) late_tracker_.clear();
  counts_ = {};
  tracker_.clear();
  delays_.clear();
  from_schedule_.clear();
  about_reference_.clear();
  if (variation_) variation_->clear();
  log_.clear();
  readdressed_.reset();
  negative_delays_ = 0;
  longest_delay_ = 0;
  arrivals_.reset();
  until_delay_ = 1;
}

// A copy of what came in time, or a second late one, explains no loss.
[[gnu::noinline]] void Analyzer::count_late(const Seen& seen) {
  ++counts_.late;
  if (tracker_.has(seen.group, seen.sequence)) return;
  const Arrived found = late_tracker_.observe(seen.group, seen.sequence, seen.arrived);
  counts_.late_lost += found == Arrived::kDuplicate ? 0 : 1;
}

// Apart from the passes over each burst: few bursts come at a time, or in a run, where any can be.
[[gnu::noinline]] std::size_t Analyzer::drop_late(std::span<Seen> ours, Nanoseconds late_after) {
  const auto late = [late_at = late_after - start_.epoch,
                     limits = start_.too_old_below](const Seen& seen) {
    if (seen.arrived > late_at) return true;
    if (limits == nullptr) return false;
    const std::uint64_t limit = limits[seen.group].load(std::memory_order_relaxed);
    return sequence_distance(seen.sequence, limit) < 0;
  };
  const auto first = std::find_if(ours.begin(), ours.end(), late);
  auto left = static_cast<std::size_t>(first - ours.begin());
  for (const Seen& seen : ours.subspan(left)) {
    if (late(seen)) {
      late_[late_count_++] = seen;
    } else {
      ours[left++] = seen;
    }
  }
  return left;
}

[[gnu::noinline]] void Analyzer::account_late() {
  for (const Seen& seen : std::span(late_).first(late_count_)) count_late(seen);
  late_count_ = 0;
}

inline bool Analyzer::belongs(const Signature& signature, Nanoseconds arrived, Seen& seen) {
  if (signature.trial_id != start_.trial_id) {
    ++counts_.stale;
    return false;
  }
  seen.group = signature.space ^ space_bits_;  // anything but a known group of ours is too large
  seen.sequence = signature.sequence;
  if (seen.group >= spec_.spaces) [[unlikely]] {
    if ((seen.group & kCatchUpBit) != 0) seen.sequence |= kCatchUpMark;
    seen.group &= ~kCatchUpBit;
    if (seen.group >= spec_.spaces) {
      ++counts_.misdirected;
      return false;
    }
  }
  seen.arrived = arrived - start_.epoch;
  seen.delay = delay_between(signature.transmit_time, seen.arrived);
  if (seen.delay > kDelayMax) [[unlikely]] {
    late_[late_count_++] = seen;
    return false;
  }
  seen.lateness = signature.lateness;
  return true;
}

[[gnu::noinline]] bool Analyzer::look_again(const Frame& frame, Nanoseconds arrived, Seen& seen) {
  Signature signature;
  const FrameClass found = reader_.read(frame.data, frame.length, signature);
  if (found == FrameClass::kOurs) return belongs(signature, arrived, seen);
  if (found == FrameClass::kCorrupt) ++counts_.corrupt;
  if (found == FrameClass::kForeign) ++counts_.foreign;
  if (found == FrameClass::kOthers) look_elsewhere(frame);
  return false;
}

void Analyzer::look_elsewhere(const Frame& frame) {
  const auto found = read_any_test_frame(frame.data, frame.length);
  if (!found || found->signature.trial_id != start_.trial_id) return;
  if (((found->signature.space & ~kCatchUpBit) ^ space_bits_) >= spec_.spaces) {
    ++counts_.misdirected;
  } else if (counts_.readdressed++ == 0) {
    readdressed_ = found;
  }
}

inline bool Analyzer::account(const Seen& seen) {
  const Arrived found = tracker_.observe(seen.group, seen.sequence, seen.arrived, seen.delay);
  if (variation_) variation_->observe(seen.group, seen.sequence, seen.delay, found);
  if (log_.wanted()) [[unlikely]] {
    log(seen, found);
  }
  if (found == Arrived::kInOrder) return true;
  counts_.reordered += found == Arrived::kReordered ? 1 : 0;
  counts_.duplicate += found == Arrived::kDuplicate ? 1 : 0;
  counts_.unclassified += found == Arrived::kUnclassified ? 1 : 0;
  return found == Arrived::kReordered;
}

[[gnu::noinline]] void Analyzer::log(const Seen& seen, Arrived found) {
  const Nanoseconds sent = seen.arrived - seen.delay;
  log_.add({.arrived = seen.arrived,
            .sent = sent,
            .scheduled = sent - decode_lateness(seen.lateness),
            .sequence = seen.sequence & kSequenceMax,
            .space = seen.group & 0xffff,
            .found = static_cast<std::uint8_t>(found)});
}

inline bool Analyzer::wanted(Nanoseconds delay) {
  if (spec_.delay_every == 0 || --until_delay_ != 0) return false;
  until_delay_ = spec_.delay_every;
  negative_delays_ += delay < 0 ? 1 : 0;
  return delay >= 0;
}

void Analyzer::record(std::span<const Nanoseconds> sampled,
                      std::span<const std::uint16_t> lateness_codes) {
  delays_.record_all(sampled);
  for (const Nanoseconds delay : sampled) about_reference_.record(delay - start_.reference);
  if (!start_.scheduled) return;
  std::array<Nanoseconds, kBurstMax> from_schedule;
  for (std::size_t i = 0; i < sampled.size(); ++i) {
    from_schedule[i] = sampled[i] + decode_lateness(lateness_codes[i]);
  }
  from_schedule_.record_all(std::span(from_schedule).first(sampled.size()));
}

void Analyzer::take(std::span<Frame* const> frames, Nanoseconds now, Nanoseconds late_after) {
  assert(frames.size() <= kBurstMax);
  // In passes: the second finds the memory of each sequence space already on its way, and the third
  // has nothing but numbers.
  std::array<Seen, kBurstMax> ours;
  std::size_t count_ours = 0;
  std::uint64_t unstamped = 0;
  for (const Frame* frame : frames) {
    Seen& seen = ours[count_ours];
    Nanoseconds arrived = frame->stamp;
    if (arrived == 0) {
      arrived = now;
      ++unstamped;
    }
    const bool counts = reader_.is_plain(frame->data, frame->length)
                            ? belongs(FrameReader::plain_signature(frame->data), arrived, seen)
                            : look_again(*frame, arrived, seen);
    if (!counts) {
      unstamped -= frame->stamp == 0 ? 1 : 0;
      continue;
    }
    tracker_.prefetch(seen.group, seen.sequence);
    if (variation_) variation_->prefetch(seen.group, seen.sequence);
    ++count_ours;
  }
  counts_.unstamped += unstamped;
  if (now > late_after || start_.too_old_below != nullptr) [[unlikely]] {
    count_ours = drop_late(std::span(ours).first(count_ours), late_after);
  }
  if (count_ours > 0) {
    const Seen& last = ours[count_ours - 1];
    longest_delay_ = std::max(longest_delay_, last.delay);
    if (!arrivals_) arrivals_ = {.first = ours[0].arrived, .last = last.arrived};
    arrivals_->last = std::max(arrivals_->last, last.arrived);
  }
  std::array<Nanoseconds, kBurstMax> sampled;
  std::array<std::uint16_t, kBurstMax> lateness_codes;
  std::size_t count_sampled = 0;
  std::uint64_t catch_ups = 0;
  for (const Seen& seen : std::span(ours).first(count_ours)) {
    if (!account(seen)) continue;
    ++counts_.unique;
    catch_ups += seen.sequence >> kCatchUpShift;
    sampled[count_sampled] = seen.delay;
    lateness_codes[count_sampled] = seen.lateness;
    count_sampled += wanted(seen.delay) ? 1 : 0;
  }
  counts_.unique_catch_up += catch_ups;
  if (late_count_ > 0) [[unlikely]] {
    account_late();
  }
  record(std::span(sampled).first(count_sampled), std::span(lateness_codes).first(count_sampled));
}

}  // namespace wireproof

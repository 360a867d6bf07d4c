#include "traffic/analyzer.h"

#include <cassert>
#include <span>

namespace wireproof {

Analyzer::Analyzer(const AnalyzerSpec& spec)
    : spec_(spec),
      reader_(spec.match),
      direction_(spec.reverse ? kDirectionBit : 0),
      tracker_(spec.spaces),
      log_(spec.log_frames) {}

void Analyzer::start(std::uint16_t trial_id, Nanoseconds epoch, bool scheduled) {
  trial_id_ = trial_id;
  epoch_ = epoch;
  scheduled_ = scheduled;
  counts_ = {};
  tracker_.clear();
  delays_.clear();
  from_schedule_.clear();
  log_.clear();
  negative_delays_ = 0;
  until_delay_ = 1;
}

inline bool Analyzer::belongs(const Signature& signature, Nanoseconds arrived, Seen& seen) {
  if (signature.trial_id != trial_id_) {
    ++counts_.stale;
    return false;
  }
  seen.group = signature.space ^ direction_;  // anything but a known group of ours is too large
  if (seen.group >= spec_.spaces) {
    ++counts_.misdirected;
    return false;
  }
  seen.arrived = arrived - epoch_;
  seen.delay = delay_between(signature.transmit_time, seen.arrived);
  if (seen.delay > spec_.waiting_time) {
    ++counts_.late;
    return false;
  }
  seen.sequence = signature.sequence;
  seen.lag = signature.lag;
  return true;
}

[[gnu::noinline]] bool Analyzer::look_again(const Frame& frame, Nanoseconds arrived, Seen& seen) {
  Signature signature;
  const FrameClass found = reader_.read(frame.data, frame.length, signature);
  if (found == FrameClass::kOurs) return belongs(signature, arrived, seen);
  if (found == FrameClass::kCorrupt) ++counts_.corrupt;
  if (found == FrameClass::kForeign) ++counts_.foreign;
  return false;
}

inline bool Analyzer::account(const Seen& seen) {
  const Arrived found = tracker_.observe(seen.group, seen.sequence);
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
            .scheduled = sent - decode_lag(seen.lag),
            .sequence = seen.sequence & kSequenceMax,
            .space = seen.group & 0xffff,
            .found = static_cast<std::uint8_t>(found)});
}

void Analyzer::record_delays(std::span<const Delay> delays) {
  if (spec_.delay_every == 0) return;
  for (const Delay& delay : delays) {
    if (--until_delay_ != 0) continue;
    until_delay_ = spec_.delay_every;
    if (delay.actual < 0) {
      ++negative_delays_;
      continue;
    }
    delays_.record(delay.actual);
    if (scheduled_) from_schedule_.record(delay.actual + decode_lag(delay.lag));
  }
}

void Analyzer::take(std::span<Frame* const> frames, Nanoseconds now) {
  assert(frames.size() <= kBurstMax);
  // In passes: the second finds the memory of each sequence space already on its way, and the third
  // has nothing but numbers.
  std::array<Seen, kBurstMax> ours;
  std::size_t count_ours = 0;
  for (const Frame* frame : frames) {
    Seen& seen = ours[count_ours];
    const Nanoseconds arrived = frame->stamp != 0 ? frame->stamp : now;
    const bool counts = reader_.is_plain(frame->data, frame->length)
                            ? belongs(FrameReader::plain_signature(frame->data), arrived, seen)
                            : look_again(*frame, arrived, seen);
    if (!counts) continue;
    tracker_.prefetch(seen.group, seen.sequence);
    ++count_ours;
  }
  std::array<Delay, kBurstMax> delays;
  std::size_t first_copies = 0;
  for (std::size_t i = 0; i < count_ours; ++i) {
    delays[first_copies] = {ours[i].delay, ours[i].lag};
    first_copies += account(ours[i]) ? 1 : 0;
  }
  counts_.unique += first_copies;
  record_delays(std::span(delays).first(first_copies));
}

}  // namespace wireproof

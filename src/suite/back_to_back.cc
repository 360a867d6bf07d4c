#include <algorithm>
#include <cmath>
#include <numeric>

#include "suite/tests.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

// One burst length after the other: up from a guess until one loses frames, or down until none
// does, then halfway between. RFC 9004 section 5.3.
class BurstSearch {
 public:
  BurstSearch(SuiteTrials& trials, const SuiteSpec& spec, const HighestRate& highest,
              BackToBackTest& into)
      : trials_(trials), spec_(spec), highest_(highest), into_(into) {
    longest_ = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(highest.fps * seconds(spec.burst_longest)));
  }

  // The longest burst without loss. Absent: none of any length, or the tester guarantees none.
  [[nodiscard]] Result<std::optional<BackToBackBurst>> run(std::uint64_t guess) {
    best_ = {};
    lossy_ = 0;
    all_sent_ = true;
    std::uint64_t frames = std::clamp<std::uint64_t>(guess, 1, longest_);
    std::uint64_t stride = best_known_ ? std::max<std::uint64_t>(step(guess), guess / 32) : guess;
    constexpr unsigned kMost = 80;
    for (unsigned i = 0; i < kMost; ++i) {
      if (Status sent = try_burst(frames); !sent) return tl::unexpected(sent.error());
      if (!guaranteed_) return std::optional<BackToBackBurst>();
      if (best_.frames >= longest_ || !all_sent_) break;
      if (lossy_ > 0 && best_.frames + step(best_.frames) >= lossy_) break;
      if (lossy_ == 0) {
        frames = std::min(longest_, best_.frames + stride);
      } else if (best_.frames == 0) {
        frames = lossy_ > stride ? lossy_ - stride : lossy_ / 2;
      } else {
        frames = std::midpoint(best_.frames, lossy_);
      }
      stride *= 2;
    }
    if (best_.frames == 0) return std::optional<BackToBackBurst>();
    best_known_ = true;
    return std::optional<BackToBackBurst>(best_);
  }

  [[nodiscard]] std::uint64_t longest() const { return longest_; }
  [[nodiscard]] std::uint64_t step(std::uint64_t frames) const {
    return std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(static_cast<double>(frames) * spec_.precision));
  }

 private:
  [[nodiscard]] TrialSpec burst_of(std::uint64_t frames) const {
    // As long as so many take; as fast as the port takes them, up to four times as long.
    constexpr double kSlowest = 4;
    const double duration = std::ceil(static_cast<double>(frames) * 1e9 / highest_.fps);
    if (highest_.paced)
      return {.intended_fps = highest_.fps, .duration = static_cast<Nanoseconds>(duration)};
    return {.max_rate = true,
            .frames = frames,
            .duration = kSecond + static_cast<Nanoseconds>(kSlowest * duration)};
  }

  Status try_burst(std::uint64_t frames) {
    for (unsigned i = 0; i <= spec_.burst_verifications; ++i) {
      const auto trial = trials_.measure(burst_of(frames), spec_.invalid_retries, into_.trial_ids);
      if (!trial) return tl::unexpected(trial.error());
      guaranteed_ = (*trial)->verdict != Verdict::kInvalid;
      if (!guaranteed_) {
        into_.not_guaranteed = true;
        into_.reason = (*trial)->reason;
        return {};
      }
      if (lost_frames(**trial) > 0) continue;
      note_lossless(frames, **trial);
      return {};
    }
    lossy_ = lossy_ == 0 ? frames : std::min(lossy_, frames);
    return {};
  }

  // As it was sent: the fewest frames of the directions, at the pace of that one.
  void note_lossless(std::uint64_t asked, const TrialResult& trial) {
    const auto fewest = std::min_element(
        trial.directions.begin(), trial.directions.end(),
        [](const auto& a, const auto& b) { return a.counts.offered < b.counts.offered; });
    if (fewest == trial.directions.end()) return;
    const std::uint64_t sent = std::min(asked, fewest->counts.offered);
    all_sent_ = highest_.paced || sent == asked;
    if (sent <= best_.frames) return;
    best_ = {.frames = sent, .fps = sent_fps(sent, fewest->tx_duration)};
  }

  // As fast as the port takes frames they are handed over in rounds, and the time is from the first
  // round to the last, which is no part of it. A line takes frames no faster than it is.
  [[nodiscard]] double sent_fps(std::uint64_t sent, Nanoseconds duration) const {
    constexpr std::uint64_t kRound = 64;
    const std::uint64_t last = highest_.paced ? 1 : (sent - 1) % kRound + 1;
    const double fps = rate_fps(sent - last, duration);
    return fps <= 0 || (highest_.is_line && fps > highest_.fps) ? highest_.fps : fps;
  }

  SuiteTrials& trials_;
  const SuiteSpec& spec_;
  const HighestRate& highest_;
  BackToBackTest& into_;
  std::uint64_t longest_ = 1;
  BackToBackBurst best_;
  std::uint64_t lossy_ = 0;  // the shortest burst that lost frames; 0: none yet
  bool guaranteed_ = true;
  bool all_sent_ = true;  // of the last burst without loss
  bool best_known_ = false;
};

}  // namespace

Status run_back_to_back(SuiteTrials& trials, const SuiteSpec& spec, double throughput_fps,
                        const HighestRate& highest, BackToBackTest& into) {
  into.throughput_fps = throughput_fps;
  into.max_fps = highest.fps;
  if (carries_highest(throughput_fps, highest.fps, spec.precision)) {
    into.applicable = false;
    into.reason = "the throughput is the maximum rate, so that no queue builds up";
    return {};
  }
  BurstSearch search(trials, spec, highest, into);
  constexpr std::uint64_t kFirstGuess = 64;
  std::uint64_t guess = kFirstGuess;
  for (unsigned i = 0; i < spec.burst_repetitions; ++i) {
    const auto found = search.run(guess);
    if (!found) return tl::unexpected(found.error());
    if (!*found) {
      if (into.reason.empty()) into.reason = "a burst of any length lost frames";
      continue;
    }
    if (carries_highest(throughput_fps, (*found)->fps, spec.precision)) {
      into.applicable = false;
      into.reason = "the tester sends a burst no faster than the throughput";
      return {};
    }
    into.bursts.push_back(**found);
    into.step_frames = std::max(into.step_frames, search.step((*found)->frames));
    guess = (*found)->frames;
    if (guess < search.longest()) continue;
    into.reason = "the longest burst that is tried lost no frame: at least this";
    break;
  }
  return {};
}

}  // namespace wireproof

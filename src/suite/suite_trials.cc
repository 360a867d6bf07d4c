#include "suite/suite_trials.h"

namespace wireproof {

Result<const TrialResult*> SuiteTrials::measure(TrialSpec spec, unsigned retries,
                                                std::vector<std::uint64_t>& ids) {
  spec.frame_size = size_.goals.front().frame_size;
  spec.mean_frame_size = size_.goals.front().mean_frame_size;
  for (unsigned attempt = 0;; ++attempt) {
    Result<TrialResult> trial = measurer_.measure(spec);
    if (!trial) return tl::unexpected(trial.error());
    ids.push_back(trial->spec.id);
    kept_.push_back(std::move(*trial));
    const TrialResult& last = kept_.back();
    on_trial_();
    if (last.interrupted) return fail(ErrorKind::kInterrupted, "interrupted");
    if (last.verdict != Verdict::kInvalid || attempt >= retries) return &last;
  }
}

std::uint64_t lost_frames(const TrialResult& trial) {
  std::uint64_t lost = 0;
  for (const DirectionResult& direction : trial.directions) lost += direction.counts.lost;
  return lost;
}

}  // namespace wireproof

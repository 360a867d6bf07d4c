// What is said to and heard from another tester that runs the trials of a search (--trial-command):
// one JSON object each way. docs/manual.md, "Driving another tester".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "trial/trial.h"

namespace wireproof {

// {"load_fps":..., "duration_s":..., "frame_size":..., "trial":n} and a newline. Not for max_rate.
[[nodiscard]] std::string trial_request(const TrialSpec& spec);

struct TrialAnswer {
  std::uint64_t intended = 0;  // frames; >= offered
  std::uint64_t offered = 0;   // frames that left; >= received
  std::uint64_t received = 0;  // frames that came back, each counted once
  Nanoseconds duration = 0;    // of sending, measured; > 0
  std::string invalid;         // why the tester cannot guarantee the trial; empty when it can
};

// Exactly {"intended","offered","received": whole numbers, "duration_s": seconds} and perhaps
// {"invalid": text}. Anything else fails (kPeer), naming the key and what was wrong with it: an
// unknown key may be a misspelt "invalid", and a guess here is a wrong statement about a device.
[[nodiscard]] Result<TrialAnswer> parse_trial_answer(std::string_view text);

}  // namespace wireproof

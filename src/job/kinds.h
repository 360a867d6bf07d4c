// The jobs there are, one file each.
#pragma once

#include <string>

#include "job/job.h"

namespace wireproof {

struct JobKind {
  Verb verb;
  ReportKind report;
  // The effective configuration, by the keys of schema 1.0.
  Config (*describe)(const Settings& settings);
  // Adds to a report that begin_job() began. What is complete when it fails stays in it.
  Status (*run)(const Settings& settings, const JobContext& context, RunReport& report);
  Result<std::string> (*plan)(const Settings& settings, const JobContext& context);
};

// One load, one duration, once for each frame size.
extern const JobKind kTrialJob;
// The highest load that meets a loss goal, for each frame size and goal.
extern const JobKind kSearchJob;
// The tests of RFC 2544, for each frame size.
extern const JobKind kRfc2544Job;
// What the tester alone can do, its ports back to back: for each frame size and
// direction a floor (the delay at a gentle rate) and a ceiling (the highest lossless load), kept
// for later results.
extern const JobKind kCalibrateJob;
// A device whose behaviour is known to the frame, to test a tester with: forwards until it is
// cancelled, its ordinary end, or the duration is over.
extern const JobKind kDutJob;

// Null: the verb is no job.
[[nodiscard]] const JobKind* job_kind(Verb verb);

}  // namespace wireproof

// wireproof trial, search, calibrate, dut: a job, from its settings to its exit code.
#pragma once

#include "settings/settings.h"
#include "tools/session.h"

namespace wireproof {

// Returns the exit code; report and log are written. --dry-run says what would be done: as text or,
// where JSON was asked for, as the notes of a document without results.
[[nodiscard]] int run_job_verb(const Settings& settings, const Session& session);

// A run that did not come to its job: the document is owed all the same.
[[nodiscard]] int refuse_job_verb(Verb verb, const Error& error, const Session& session);

}  // namespace wireproof

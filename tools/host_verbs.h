// wireproof backends, wireproof doctor: what this build and this host can do.
#pragma once

#include <string>

#include "tools/session.h"

namespace wireproof {

// A command line of one of the two that could not be read: their own document says so.
[[nodiscard]] int refuse_host_verb(Verb verb, const Error& error, const Session& session);

// Both return the exit code; the report is written.
[[nodiscard]] int run_backends(const Session& session);
// Without an interface, the host alone. Exit code 3 when something blocks every test of it.
[[nodiscard]] int run_doctor(const DoctorSettings& doctor, const Session& session);

}  // namespace wireproof

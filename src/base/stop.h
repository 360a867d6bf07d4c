// A wish to end a run, as every wait inside it sees it: an end is heard within 100 ms.
#pragma once

#include <atomic>
#include <string_view>

#include "base/result.h"

namespace wireproof {

// Set by whoever wants the run ended (a signal handler), never cleared; null: nobody can.
using StopFlag = const std::atomic<bool>*;

[[nodiscard]] inline bool stop_asked(StopFlag stop) {
  return stop != nullptr && stop->load(std::memory_order_relaxed);
}

// What a wait that was cut short ends with (kInterrupted). `what`: "waiting for the link of eth0".
[[nodiscard]] inline tl::unexpected<Error> stopped_while(std::string_view what) {
  return fail(ErrorKind::kInterrupted, "interrupted while " + std::string(what));
}

}  // namespace wireproof

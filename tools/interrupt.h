// SIGINT and SIGTERM: the first asks the run to end with what it has, the second ends it at once.
#pragma once

#include <atomic>

namespace wireproof {

// Once, from main, before threads. Also ignores SIGPIPE: a reader that goes is a write error.
void install_interrupt_handlers();

// Set by the first signal; any thread may read it.
[[nodiscard]] const std::atomic<bool>& interrupted();

// 130 for SIGINT, 143 for SIGTERM; 0 when there was none.
[[nodiscard]] int interrupt_exit_code();

}  // namespace wireproof

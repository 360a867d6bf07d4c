// SIGINT, SIGTERM and SIGHUP: the first asks the run to end with what it has, another ends it at
// once; but a terminal that goes hangs up twice, by the kernel and by the shell, so SIGHUP is never
// another; nor is a signal within 150 ms of the first, since timeout(1) sends its own twice, to the
// program and to its process group. SIGQUIT stays the kernel's: an end at once, with a core dump
// where those are kept.
#pragma once

#include <atomic>

namespace wireproof {

// Once, from main, before threads. SIGHUP stays ignored where it was (nohup(1)). Also ignores
// SIGPIPE and SIGXFSZ: a reader that goes, or a file that may not grow, is a write error.
void install_interrupt_handlers();

// Set by the first signal; any thread may read it.
[[nodiscard]] const std::atomic<bool>& interrupted();

// 129 for SIGHUP, 130 for SIGINT, 143 for SIGTERM; 0 when there was none.
[[nodiscard]] int interrupt_exit_code();

}  // namespace wireproof

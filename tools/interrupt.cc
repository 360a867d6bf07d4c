#include "tools/interrupt.h"

#include <unistd.h>
#include <csignal>

namespace wireproof {
namespace {

constexpr int kSignalExitBase = 128;

std::atomic<bool> interrupt_requested{false};
std::atomic<int> interrupt_signal{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free,
              "a signal handler may touch nothing else");

extern "C" void on_interrupt(int signal) {
  if (interrupt_requested.exchange(true)) _exit(kSignalExitBase + signal);
  interrupt_signal.store(signal);
}

}  // namespace

void install_interrupt_handlers() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

const std::atomic<bool>& interrupted() {
  return interrupt_requested;
}

int interrupt_exit_code() {
  const int signal = interrupt_signal.load();
  return signal == 0 ? 0 : kSignalExitBase + signal;
}

}  // namespace wireproof

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
  int none = 0;
  if (interrupt_signal.compare_exchange_strong(none, signal)) {
    interrupt_requested.store(true);
  } else if (signal != SIGHUP) {
    _exit(kSignalExitBase + signal);
  }
}

bool ignored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

void install_interrupt_handlers() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  if (!ignored(SIGHUP)) sigaction(SIGHUP, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

const std::atomic<bool>& interrupted() {
  return interrupt_requested;
}

int interrupt_exit_code() {
  const int signal = interrupt_signal.load();
  return signal == 0 ? 0 : kSignalExitBase + signal;
}

}  // namespace wireproof

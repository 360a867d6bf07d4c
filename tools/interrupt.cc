#include "tools/interrupt.h"

#include <unistd.h>

#include <csignal>
#include <ctime>

namespace wireproof {
namespace {

constexpr int kSignalExitBase = 128;
constexpr long kOneSignalMs = 150;

std::atomic<bool> interrupt_requested{false};
std::atomic<int> interrupt_signal{0};
std::atomic<long> interrupted_at_ms{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free &&
                  std::atomic<long>::is_always_lock_free,
              "a signal handler may touch nothing else");

// clock_gettime(2) may be called in a signal handler; our clocks may not.
long now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

// The time is what the first takes: of two signals told at once, each may be another thread's.
extern "C" void on_interrupt(int signal) {
  const long now = now_ms();
  long first = 0;
  if (interrupted_at_ms.compare_exchange_strong(first, now)) {
    interrupt_signal.store(signal);
    interrupt_requested.store(true);
  } else if (signal != SIGHUP && now - first > kOneSignalMs) {
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
  // Ignored by who started us, it would keep from us how a child ended (waitpid(2)).
  std::signal(SIGCHLD, SIG_DFL);
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

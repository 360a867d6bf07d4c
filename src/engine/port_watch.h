// Looks after the ports of a run that has no phases of its own: ends it when one of them is gone,
// or has had no link for so long that it will hardly come back.
#pragma once

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/result.h"
#include "io/backend.h"

namespace wireproof {

// A link that comes and goes is part of a device's life: drivers take seconds to restart a port.
inline constexpr Nanoseconds kLinkPatience = 10 * kSecond;

// A thread from construction to end(), which reads the ports' counters ten times a second. Until
// then nobody else may call Device::counters().
class PortWatch {
 public:
  // Ports, `interrupted` and clock outlive it. `cpus`: where the thread may run; empty: where its
  // maker may.
  PortWatch(std::vector<Device*> ports, const std::atomic<bool>& interrupted, const Clock& clock,
            CpuList cpus, Nanoseconds link_patience = kLinkPatience);
  ~PortWatch() { static_cast<void>(end()); }
  PortWatch(const PortWatch&) = delete;
  PortWatch& operator=(const PortWatch&) = delete;

  // Set when the run is to end: the user wants it, or a port has gone. Any thread.
  [[nodiscard]] const std::atomic<bool>& stop() const { return stop_; }
  // Ends the thread. Fails (kPrecondition) when it was a port that ended the run.
  [[nodiscard]] Status end();

 private:
  void run(const std::stop_token& ended);
  [[nodiscard]] Status look();

  std::vector<Device*> ports_;
  std::vector<Nanoseconds> dark_since_;  // by port; 0: it has a link
  const std::atomic<bool>& interrupted_;
  const Clock& clock_;
  CpuList cpus_;
  Nanoseconds link_patience_;
  std::atomic<bool> stop_{false};
  Status found_;
  std::jthread thread_;
};

}  // namespace wireproof

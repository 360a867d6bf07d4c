#include "base/thread_scope.h"

#include <sys/prctl.h>

namespace wireproof {

Result<ScopedCpus> ScopedCpus::make(const CpuList& cpus) {
  CpuList before = allowed_cpus();
  if (Status ok = run_current_thread_on(cpus); !ok) return tl::unexpected(ok.error());
  return ScopedCpus(std::move(before));
}

ScopedCpus::~ScopedCpus() {
  // Refused only where a cpuset was changed meanwhile: then the kernel has chosen.
  if (!before_.empty()) static_cast<void>(run_current_thread_on(before_));
}

ScopedTimerSlack::ScopedTimerSlack(Nanoseconds slack) : before_(prctl(PR_GET_TIMERSLACK)) {
  prctl(PR_SET_TIMERSLACK, static_cast<unsigned long>(slack));
}

ScopedTimerSlack::~ScopedTimerSlack() {
  if (before_ >= 0) prctl(PR_SET_TIMERSLACK, static_cast<unsigned long>(before_));
}

}  // namespace wireproof

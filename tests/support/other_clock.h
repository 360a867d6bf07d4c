// The same moments told by a clock that began at another time, as another host's did.
#pragma once

#include "base/clock.h"

namespace wireproof {

class OtherClock final : public Clock {
 public:
  // `clock` outlives it. `offset`: of this one less that one.
  OtherClock(const Clock& clock, Nanoseconds offset) : clock_(clock), offset_(offset) {}
  [[nodiscard]] Nanoseconds now() const override { return clock_.now() + offset_; }
  void sleep_until(Nanoseconds deadline) const override { clock_.sleep_until(deadline - offset_); }
  void maintain() const override { clock_.maintain(); }

 private:
  const Clock& clock_;
  Nanoseconds offset_;
};

}  // namespace wireproof

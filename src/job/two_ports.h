// The ports of a job, which end together.
#pragma once

#include <memory>

#include "io/backend.h"

namespace wireproof {

// Either may be null. Both end at the same time where they can (DeviceFacts::ends_apart): a job
// that was cancelled has little time.
struct TwoPorts {
  std::unique_ptr<Device> a;
  std::unique_ptr<Device> b;

  TwoPorts() = default;
  TwoPorts(TwoPorts&&) = default;
  TwoPorts& operator=(TwoPorts&&) = default;
  ~TwoPorts();
};

}  // namespace wireproof

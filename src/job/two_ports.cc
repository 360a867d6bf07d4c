#include "job/two_ports.h"

#include <exception>
#include <thread>
#include <utility>

namespace wireproof {

TwoPorts::~TwoPorts() {
  if (!a || !b || !a->facts().ends_apart || !b->facts().ends_apart) return;
  try {
    const std::jthread other([mine = std::move(b)]() mutable { mine.reset(); });
    a.reset();
  } catch (const std::exception&) {  // no thread for it: one after the other
  }
}

}  // namespace wireproof

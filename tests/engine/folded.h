// What both ends of a direction found, folded as a trial does it.
#pragma once

#include "engine/direction.h"
#include "engine/fold.h"
#include "engine/growth.h"

namespace wireproof::fakes {

// A port's counters before the counted traffic and after it.
struct PortReadings {
  DeviceCounters before, after;
};

inline Folded folded(const Direction& direction, const PortReadings& tx, const PortReadings& rx,
                     bool link_went = false) {
  SentReport sent = direction.sent();
  sent.port = growth_of(tx.before, tx.after);
  std::optional<ReceivedReport> received = direction.received();
  if (received) received->port = growth_of(rx.before, rx.after);
  const bool one_port = &direction.from() == direction.to();
  return fold(sent, received, {.one_port = one_port, .link_went = link_went});
}

}  // namespace wireproof::fakes

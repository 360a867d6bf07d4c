// What a frame costs on the whole road, without a device: generator, pacer, loopback wire,
// analyzer, tracker, delay histogram, in one thread that sends and receives in turn. Prints one
// JSON object.
//
//   loopback_cost FLOWS FRAMES [ROUNDS]
//
// Time is the median over the rounds; instructions are counted by running it under callgrind with
// --toggle-collect='*measured_round*' (scripts/bench cost).
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/host_clock.h"
#include "engine/direction.h"
#include "engine/header_choice.h"
#include "io/backend_set.h"
#include "loopback/loopback.h"

namespace wireproof {
namespace {

// Noinline and named for callgrind.
__attribute__((noinline)) std::uint64_t measured_round(TxLoop& tx, RxLoop& rx,
                                                       std::uint64_t frames) {
  while (tx.pacer().sent_so_far() < frames) {
    tx.run();
    rx.run();
  }
  return tx.pacer().sent_so_far();
}

int measure(std::uint32_t flows, std::uint64_t frames, int rounds) {
  const HostClock clock;
  BackendSet backends;
  backends.backends.push_back(make_loopback_backend());
  TrafficProfile profile{.flows = flows};
  const OpenSpec open{.steering = *steering_for(profile), .clock = &clock};
  const auto a = open_port(backends, *parse_port_spec(backends, "loopback:a"), open);
  const auto b = open_port(backends, *parse_port_spec(backends, "loopback:b"), open);
  auto direction = Direction::make({.sender = {.port = a->get()}, .receiver = {.port = b->get()}},
                                   profile, clock);
  std::vector<double> ns_per_frame;
  for (int round = 0; round < rounds; ++round) {
    const Nanoseconds epoch = clock.now();
    (*direction)->start({0, 3600 * kSecond, 64, static_cast<std::uint16_t>(round), epoch});
    TxLoop& tx = *(*direction)->tx_loops().front();
    RxLoop& rx = *(*direction)->rx_loops().front();
    const std::uint64_t sent = measured_round(tx, rx, frames);
    const Nanoseconds took = clock.now() - epoch;
    while (rx.run() == Step::kBusy) continue;
    if (rx.lane().analyzer().counts().unique != sent ||
        rx.lane().analyzer().counts().reordered != 0) {
      fmt::print(stderr, "loopback_cost: {} sent, {} came\n", sent,
                 rx.lane().analyzer().counts().unique);
      return 1;
    }
    ns_per_frame.push_back(static_cast<double>(took) / static_cast<double>(sent));
    (*direction)->stop(clock.now());
  }
  std::sort(ns_per_frame.begin(), ns_per_frame.end());
  fmt::print(
      "{{\"flows\": {}, \"frames\": {}, \"rounds\": {}, \"ns_per_frame\": {{\"min\": {:.2f}, "
      "\"median\": {:.2f}, \"max\": {:.2f}}}}}\n",
      flows, frames, rounds, ns_per_frame.front(), ns_per_frame[ns_per_frame.size() / 2],
      ns_per_frame.back());
  return 0;
}

}  // namespace
}  // namespace wireproof

int main(int argc, char** argv) {
  const auto number = [&](int index, long fallback) {
    return argc > index ? std::strtol(argv[index], nullptr, 10) : fallback;
  };
  return wireproof::measure(static_cast<std::uint32_t>(number(1, 1)),
                            static_cast<std::uint64_t>(number(2, 2'000'000)),
                            static_cast<int>(number(3, 5)));
}

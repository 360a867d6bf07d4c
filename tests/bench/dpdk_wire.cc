// One end of a wire between two processes: a sender as fast as its port takes frames, or a receiver
// that checks checksum, signature and sequence of every frame and records every delay.
//
//   dpdk_wire send    PORT FLOWS SECONDS CORE EPOCH
//   dpdk_wire receive PORT FLOWS SECONDS CORE EPOCH
//
// EPOCH: an instant of CLOCK_MONOTONIC, in ns, from which both count; seconds ahead, because the
// receiver is started while the sender waits for its link. Each prints one JSON object.
#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

#include "base/host_clock.h"
#include "dpdk/backend.h"
#include "engine/direction.h"
#include "engine/header_choice.h"
#include "engine/worker.h"
#include "io/backend_set.h"

namespace wireproof {
namespace {

constexpr std::uint16_t kTrial = 78;
constexpr Nanoseconds kStragglers = 300 * kMillisecond;
// Neither end leaves while the other may still be polling: DPDK 22.11 takes a memif's memory away
// under it.
constexpr Nanoseconds kQuiet = 700 * kMillisecond;

struct Request {
  bool send;
  std::string port;
  std::uint32_t flows;
  Nanoseconds duration;
  int core;
  Nanoseconds epoch;
};

// The steps of one worker on its core, until `end`.
Status run_until(const Clock& clock, int core, Step& step, Nanoseconds end) {
  WorkerGroup group({{core, {&step}}}, IdlePolicy::kSpin, clock);
  if (const Status ready = group.wait_until_ready(); !ready) return ready;
  group.go();
  while (clock.now() < end) clock.sleep_until(clock.now() + 5 * kMillisecond);
  group.stop();
  clock.sleep_until(end + kQuiet);
  return {};
}

Status send(const Request& request, Device& device, const TrafficProfile& profile,
            const Clock& clock) {
  auto direction = Direction::make({.sender = {.port = &device}}, profile, clock);
  if (!direction) return tl::unexpected(direction.error());
  (*direction)->start({0, request.duration, TxLoop::kRoundMax, kTrial, request.epoch});
  TxLoop& loop = *(*direction)->tx_loops().front();
  const Nanoseconds end = request.epoch + request.duration + kStragglers;
  if (Status ran = run_until(clock, request.core, loop, end); !ran) return ran;
  (*direction)->stop(clock.now());
  fmt::print("{{\"offered\": {}, \"seconds\": {}}}\n", loop.pacer().sent_so_far(),
             static_cast<double>(request.duration) / kSecond);
  return {};
}

Status receive(const Request& request, Device& device, const TrafficProfile& profile,
               const Clock& clock) {
  // The direction's other end is in the other process: what is made here for it sends nothing.
  auto direction =
      Direction::make({.sender = {.port = &device}, .receiver = {.port = &device}}, profile, clock);
  if (!direction) return tl::unexpected(direction.error());
  (*direction)->start({0, request.duration, TxLoop::kRoundMax, kTrial, request.epoch});
  RxLoop& loop = *(*direction)->rx_loops().front();
  run_until(clock, request.core, loop, request.epoch + request.duration + kStragglers);
  const ReceiveCounts& counts = loop.lane().analyzer().counts();
  const SampleRecord& delays = loop.lane().analyzer().delays();
  const SequenceTracker& tracker = loop.lane().analyzer().tracker();
  std::uint64_t gaps = 0;
  for (std::uint32_t space = 0; space < tracker.spaces(); ++space) gaps += tracker.gaps(space);
  const auto at = [&](double quantile) {
    return delays.histogram.percentile(quantile).value_or(0);
  };
  fmt::print(
      "{{\"unique\": {}, \"gaps\": {}, \"duplicate\": {}, \"reordered\": {}, \"corrupt\": {}, "
      "\"foreign\": {}, \"stale\": {}, \"misdirected\": {}, \"delays\": {}, \"negative\": {}, "
      "\"delay_ns\": {{\"min\": {}, \"p50\": {}, \"p99\": {}, \"max\": {}}}}}\n",
      counts.unique, gaps, counts.duplicate, counts.reordered, counts.corrupt, counts.foreign,
      counts.stale, counts.misdirected, delays.samples, loop.lane().analyzer().negative_delays(),
      delays.min, at(0.5), at(0.99), delays.max);
  return {};
}

Status run(const Request& request) {
  const HostClock clock;
  BackendSet backends;
  backends.backends.push_back(dpdk::make_backend());
  const TrafficProfile profile{.flows = request.flows, .dst_mac = parse_mac("02:00:00:00:00:09")};
  const auto port = parse_port_spec(backends, "dpdk:" + request.port);
  if (!port) return tl::unexpected(port.error());
  auto device = open_port(backends, *port, {.steering = *steering_for(profile), .clock = &clock});
  if (!device) return tl::unexpected(device.error());
  if (const Status ok = (*device)->connect((*device)->facts()); !ok) return ok;
  if (clock.now() > request.epoch) return fail(ErrorKind::kInvalid, "the start has passed");
  return request.send ? send(request, **device, profile, clock)
                      : receive(request, **device, profile, clock);
}

}  // namespace
}  // namespace wireproof

int main(int argc, char** argv) {
  const std::string_view verb = argc == 7 ? argv[1] : "";
  if (verb != "send" && verb != "receive") {
    fmt::print(stderr, "usage: dpdk_wire send|receive PORT FLOWS SECONDS CORE EPOCH\n");
    return 2;
  }
  const double seconds = std::strtod(argv[4], nullptr);
  const wireproof::Status done =
      wireproof::run({.send = verb == "send",
                      .port = argv[2],
                      .flows = static_cast<std::uint32_t>(std::strtoul(argv[3], nullptr, 10)),
                      .duration = static_cast<wireproof::Nanoseconds>(seconds * wireproof::kSecond),
                      .core = static_cast<int>(std::strtol(argv[5], nullptr, 10)),
                      .epoch = std::strtoll(argv[6], nullptr, 10)});
  if (done) return 0;
  fmt::print(stderr, "dpdk_wire: {}; {}\n", done.error().message, done.error().hint);
  return 1;
}

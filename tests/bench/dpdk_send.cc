// How many frames a second the sender makes over a DPDK port, each of them numbered, stamped and
// summed, while a transmit callback of DPDK's checks one in 1,024 byte by byte.
//
//   dpdk_send PORT FLOWS SECONDS CORE[,CORE...]     PORT: "net_null0,size=64"; a queue a core
//
// Prints one JSON object: frames, seconds, checked, wrong. Exit 1 when a checked frame was wrong.
#include <fmt/format.h>
#include <rte_ethdev.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/host_clock.h"
#include "base/units.h"
#include "dpdk/backend.h"
#include "engine/direction.h"
#include "engine/header_choice.h"
#include "engine/worker.h"
#include "io/backend_set.h"

namespace wireproof {
namespace {

constexpr std::uint32_t kEvery = 1024;
constexpr std::uint16_t kTrial = 77;
constexpr Nanoseconds kRunUp = 50 * kMillisecond;

// What the callback of one queue knows; one thread. It shares nothing with the code it checks but
// the values the profile asked for.
struct alignas(64) Checker {
  std::uint32_t flows = 1;
  std::uint32_t until = 1;
  std::uint64_t checked = 0;
  std::uint64_t wrong = 0;
};

unsigned be16(const std::uint8_t* at) {
  return static_cast<unsigned>(at[0]) << 8 | at[1];
}

unsigned long long be(const std::uint8_t* at, int bytes) {
  unsigned long long value = 0;
  for (int i = 0; i < bytes; ++i) value = value << 8 | at[i];
  return value;
}

// RFC 1071, as slowly as it is written there.
bool sums_to_ones(const std::uint8_t* at, std::size_t length, unsigned long sum) {
  for (std::size_t i = 0; i < length; i += 2) {
    sum += be16(at + i);
  }
  while (sum > 0xffff) sum = (sum >> 16) + (sum & 0xffff);
  return sum == 0xffff;
}

// Every byte of a 64-byte frame (60 without FCS) but the time, of which it is asked that it is one.
bool right(const std::uint8_t* frame, std::size_t length, std::uint32_t flows) {
  static const std::uint8_t kHead[] = {2, 0, 0, 0, 0, 9};
  if (length != 60 || std::memcmp(frame, kHead, 6) != 0 || be16(frame + 12) != 0x0800) return false;
  const std::uint8_t* ip = frame + 14;
  const bool header = be16(ip) == 0x4500 && be16(ip + 2) == 46 && be(ip + 4, 4) == 0x4000 &&
                      ip[8] == 64 && ip[9] == 17 && be(ip + 12, 4) == 0xc6120001;
  const std::uint8_t* udp = ip + 20;
  const unsigned port = be16(udp);
  const unsigned long long destination = be(ip + 16, 4);
  const bool ports = port >= 49152 && be16(udp + 2) == 9 && be16(udp + 4) == 26;
  if (!header || !ports || destination < 0xc6130001) return false;
  const unsigned long long flow = (destination - 0xc6130001) * 16384 + (port - 49152);
  const std::uint8_t* signature = udp + 8;
  const unsigned long long space = be(signature + 4, 3);
  const bool signed_right = be16(signature) == 0x5750 && be16(signature + 2) == kTrial &&
                            flow < flows && space == flow % kSequenceSpacesMax;
  unsigned long pseudo = 17 + 26;
  for (int i = 12; i < 20; i += 2) pseudo += be16(ip + i);
  return signed_right && be16(udp + 6) != 0 && sums_to_ones(ip, 20, 0) &&
         sums_to_ones(udp, 26, pseudo);
}

std::uint16_t check(std::uint16_t, std::uint16_t, rte_mbuf** frames, std::uint16_t count,
                    void* context) {
  auto& checker = *static_cast<Checker*>(context);
  checker.until -= std::min<std::uint32_t>(checker.until, count);
  if (checker.until != 0) return count;
  checker.until = kEvery;
  ++checker.checked;
  const rte_mbuf* frame = frames[checker.checked % count];  // another place of the burst each time
  if (!right(rte_pktmbuf_mtod(frame, const std::uint8_t*), frame->data_len, checker.flows)) {
    ++checker.wrong;
  }
  return count;
}

struct Request {
  std::string port;
  std::uint32_t flows;
  double seconds;
  std::vector<int> cores;
};

Status run(const Request& request) {
  const HostClock clock;
  BackendSet backends;
  backends.backends.push_back(dpdk::make_backend());
  const auto queues = static_cast<unsigned>(request.cores.size());
  TrafficProfile profile{.flows = request.flows, .dst_mac = parse_mac("02:00:00:00:00:09")};
  const auto port = parse_port_spec(backends, "dpdk:" + request.port);
  if (!port) return tl::unexpected(port.error());
  auto device = open_port(backends, *port,
                          {.queues = queues, .steering = *steering_for(profile), .clock = &clock});
  if (!device) return tl::unexpected(device.error());
  auto direction =
      Direction::make({.sender = {.port = device->get(), .queues = queues}}, profile, clock);
  if (!direction) return tl::unexpected(direction.error());
  std::vector<Checker> checkers(queues);
  std::vector<WorkerSpec> workers;
  for (unsigned i = 0; i < queues; ++i) {
    checkers[i].flows = request.flows;
    rte_eth_add_tx_callback(0, static_cast<std::uint16_t>(i), check, &checkers[i]);
    workers.push_back({request.cores[i], {(*direction)->tx_loops()[i].get()}});
  }
  WorkerGroup group(std::move(workers), IdlePolicy::kSpin, clock);
  if (const Status ready = group.wait_until_ready(); !ready) return tl::unexpected(ready.error());
  const Nanoseconds epoch = clock.now() + kRunUp;
  const auto duration = static_cast<Nanoseconds>(request.seconds * kSecond);
  (*direction)->start({0, duration, TxLoop::kRoundMax, kTrial, epoch});
  group.go();
  while (!(*direction)->all_sent()) clock.sleep_until(clock.now() + kMillisecond);
  group.stop();
  (*direction)->stop(clock.now());
  std::uint64_t frames = 0;
  std::uint64_t checked = 0;
  std::uint64_t wrong = 0;
  for (const auto& loop : (*direction)->tx_loops()) frames += loop->pacer().sent_so_far();
  for (const Checker& checker : checkers) {
    checked += checker.checked;
    wrong += checker.wrong;
  }
  fmt::print("{{\"frames\": {}, \"seconds\": {}, \"checked\": {}, \"wrong\": {}}}\n", frames,
             request.seconds, checked, wrong);
  if (wrong != 0 || checked < frames / (2 * kEvery)) {
    return fail(ErrorKind::kInvalid, "the frames were not right");
  }
  return {};
}

}  // namespace
}  // namespace wireproof

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: dpdk_send PORT FLOWS SECONDS CORE[,CORE...]\n");
    return 2;
  }
  wireproof::Request request{argv[1],
                             static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10)),
                             std::strtod(argv[3], nullptr),
                             {}};
  for (const char* at = argv[4]; *at != '\0';) {
    char* end = nullptr;
    request.cores.push_back(static_cast<int>(std::strtol(at, &end, 10)));
    at = *end == ',' ? end + 1 : end;
  }
  const wireproof::Status done = wireproof::run(request);
  if (done) return 0;
  fmt::print(stderr, "dpdk_send: {}; {}\n", done.error().message, done.error().hint);
  return 1;
}

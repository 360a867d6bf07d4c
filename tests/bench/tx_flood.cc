// usage: tx_flood PORT CORE SECONDS [BURST]
// Sends 64-byte UDP frames from one worker as fast as the port takes them: what the drivers' own
// sending end can do, without the generator in front of it. Prints one line when it ends:
// "ACCEPTED SECONDS TX_DROPPED".
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/cpu.h"
#include "base/host_clock.h"
#include "tools/backends.h"

namespace {

using namespace wireproof;

constexpr std::uint16_t kFrameBytes = 60;  // without FCS
constexpr std::uint32_t kTemplate = 1;

// 198.18.0.1 -> 198.18.0.2, UDP 49152 -> 7711 (RFC 2544 C.2.2), 18 bytes of zeros, no checksum.
constexpr std::uint8_t kFrame[kFrameBytes] = {0x02, 0,  0,    0,    0,    2,    0x02, 0,    0, 0,
                                              0,    1,  0x08, 0x00, 0x45, 0,    0,    46,   0, 0,
                                              0,    0,  64,   17,   0xee, 0x97, 198,  18,   0, 1,
                                              198,  18, 0,    2,    0xc0, 0x00, 0x1e, 0x1f, 0, 26};

int fail(const Error& error) {
  fmt::print(stderr, "tx_flood: {}\n{}\n", error.message, error.hint);
  return 3;
}

// Bursts until the deadline; returns the frames accepted.
std::uint64_t flood(TxQueue& queue, std::span<Frame*> frames, const Clock& clock,
                    Nanoseconds deadline) {
  std::uint64_t accepted = 0;
  while (clock.now() < deadline) {
    const std::size_t lent = queue.borrow(frames);
    for (std::size_t i = 0; i < lent; ++i) {
      Frame& frame = *frames[i];
      if (frame.template_id != kTemplate) {
        std::memcpy(frame.data, kFrame, kFrameBytes);
        frame.length = kFrameBytes;
        frame.template_id = kTemplate;
      }
      std::memcpy(frame.data + 46, &accepted, sizeof accepted);  // as a signature would be
    }
    const std::size_t taken = queue.submit(frames.first(lent));
    queue.give_back(frames.subspan(taken, lent - taken));
    accepted += taken;
    queue.reap();
  }
  return accepted;
}

int run(const PortSpec& port, BackendSet& set, double seconds, std::size_t burst) {
  const HostClock clock;
  OpenSpec spec;
  spec.clock = &clock;
  auto device = open_port(set, port, spec);
  if (!device) return fail(device.error());
  std::vector<Frame*> frames(burst);
  const Nanoseconds start = clock.now();
  const std::uint64_t accepted = flood((*device)->tx_queue(0), frames, clock,
                                       start + static_cast<Nanoseconds>(seconds * kSecond));
  const double took = static_cast<double>(clock.now() - start) / kSecond;
  const auto counters = (*device)->counters();
  if (!counters) return fail(counters.error());
  fmt::print("{} {:.3f} {}\n", accepted, took, counters->tx_dropped.value_or(0));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || argc > 5) {
    fmt::print(stderr, "usage: tx_flood PORT CORE SECONDS [BURST]\n");
    return 2;
  }
  BackendSet set = enabled_backends();
  const auto port = parse_port_spec(set, argv[1]);
  if (!port) return fail(port.error());
  if (const Status pinned = pin_current_thread(static_cast<unsigned>(std::atoi(argv[2])));
      !pinned) {
    return fail(pinned.error());
  }
  return run(*port, set, std::atof(argv[3]), argc == 5 ? std::strtoul(argv[4], nullptr, 10) : 64);
}

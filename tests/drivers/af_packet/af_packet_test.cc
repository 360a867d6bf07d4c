#include "af_packet/af_packet.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <linux/capability.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <set>
#include <thread>

#include "base/journal.h"
#include "io/clsact.h"
#include "io/linux_interface.h"
#include "io/tx_stamps.h"
#include "support/child.h"
#include "support/netns.h"
#include "support/udp_frame.h"

namespace wireproof {
namespace {

const MonotonicClock kClock;
constexpr std::uint16_t kTestPort = 7711;

OpenSpec spec_for(const char* destination = "198.18.0.0", std::uint8_t length = 15) {
  OpenSpec spec;
  spec.clock = &kClock;
  spec.ring_frames = 1024;
  spec.steering.destinations = {{*parse_ip(destination), length}};
  spec.steering.l4_port = kTestPort;
  return spec;
}

using DevicePtr = std::unique_ptr<Device>;

Result<DevicePtr> try_open(const std::string& device, const OpenSpec& spec,
                           std::map<std::string, std::string> options = {}) {
  return make_af_packet_backend()->open({"af_packet", device, std::move(options)}, spec);
}

DevicePtr open(const std::string& device, const OpenSpec& spec,
               std::map<std::string, std::string> options = {}) {
  auto opened = try_open(device, spec, std::move(options));
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

void send(Device& device, const std::vector<std::uint8_t>& bytes) {
  Frame* frame = nullptr;
  ASSERT_EQ(device.tx_queue(0).borrow({&frame, 1}), 1u);
  frame->length = static_cast<std::uint16_t>(bytes.size());
  std::memcpy(frame->data, bytes.data(), bytes.size());
  const Nanoseconds deadline = kClock.now() + kSecond;
  while (device.tx_queue(0).submit({&frame, 1}) == 0) ASSERT_LT(kClock.now(), deadline);
  while (device.tx_queue(0).reap() > 0 && kClock.now() < deadline) {
  }
}

struct Received {
  std::vector<std::uint8_t> bytes;
  Nanoseconds stamp = 0;
};

// What arrives on any queue within `patience` of the last arrival, until `wanted` have come.
std::vector<Received> receive(Device& device, std::size_t wanted,
                              Nanoseconds patience = 200 * kMillisecond) {
  std::vector<Received> received;
  Nanoseconds deadline = kClock.now() + patience;
  while (received.size() < wanted && kClock.now() < deadline) {
    for (unsigned queue = 0; queue < device.facts().queues; ++queue) {
      std::array<Frame*, 32> frames;
      const std::size_t count = device.rx_queue(queue).poll(frames);
      for (std::size_t i = 0; i < count; ++i) {
        received.push_back(
            {{frames[i]->data, frames[i]->data + frames[i]->length}, frames[i]->stamp});
      }
      device.rx_queue(queue).release({frames.data(), count});
      if (count > 0) deadline = kClock.now() + patience;
    }
  }
  return received;
}

class AfPacketOnVeth : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_namespaces(); !why.empty()) GTEST_SKIP() << why;
  }
};

TEST_F(AfPacketOnVeth, CarriesFramesOfEverySizeUnchangedAndStamped) {
  VethPair veth;
  const DevicePtr tx = open(veth.near(), spec_for());
  const DevicePtr rx = open(veth.far(), spec_for());
  EXPECT_EQ(rx->facts().mode, "ring v2, guard tcx");
  EXPECT_EQ(rx->facts().rx_stamp, "kernel");
  EXPECT_TRUE(rx->facts().notes.empty());
  for (const std::size_t length : {60u, 61u, 124u, 1000u, 1514u}) {
    const auto sent = udp_frame({.length = length});
    const Nanoseconds before = kClock.now();
    send(*tx, sent);
    const auto received = receive(*rx, 1);
    ASSERT_EQ(received.size(), 1u) << length;
    EXPECT_EQ(received[0].bytes, sent);
    EXPECT_GE(received[0].stamp, before - kMillisecond);
    EXPECT_LE(received[0].stamp, kClock.now() + kMillisecond);
  }
  EXPECT_EQ(tx->counters()->tx_dropped, 0u);
  EXPECT_EQ(rx->counters()->rx_ring_dropped, 0u);
}

// One frame in a thousand: of each, how long it waited for the driver.
TEST_F(AfPacketOnVeth, SamplesHowLongFramesWaitForTheDriver) {
  VethPair veth;
  const DevicePtr tx = open(veth.near(), spec_for());
  const DevicePtr rx = open(veth.far(), spec_for());
  const auto bytes = udp_frame({.length = 100});
  constexpr std::size_t kFrames = 5 * TxStamps::kEvery;
  for (std::size_t i = 0; i < kFrames; ++i) {
    send(*tx, bytes);
    if (i % 256 == 255) {
      ASSERT_EQ(receive(*rx, 256).size(), 256u);
    }
    if (i % TxStamps::kEvery == 0) kClock.sleep_until(kClock.now() + 2 * TxStamps::kApart);
  }
  const TxStampSamples samples = tx->counters()->tx_stamps.value();
  EXPECT_EQ(samples.asked, 5u);
  EXPECT_GE(samples.answered, 4u);  // the last is awaited
  EXPECT_EQ(samples.missing, 0u);
  EXPECT_GT(samples.wait_max_ns, 0);
  EXPECT_LE(samples.wait_min_ns, samples.wait_p50_ns);
  EXPECT_LE(samples.wait_p50_ns, samples.wait_max_ns);
  EXPECT_EQ(rx->counters()->tx_stamps->asked, 0u);
  EXPECT_EQ(tx->counters()->tx_dropped, 0u);
}

TEST_F(AfPacketOnVeth, TagIsWhereItWasSent) {
  VethPair veth;
  const DevicePtr tx = open(veth.near(), spec_for());
  const DevicePtr rx = open(veth.far(), spec_for());
  const auto sent = udp_frame({.length = 64, .tags = {{0x8100, 0xa064}}});
  send(*tx, sent);
  const auto received = receive(*rx, 1);
  ASSERT_EQ(received.size(), 1u);
  EXPECT_EQ(received[0].bytes, sent);
}

TEST_F(AfPacketOnVeth, OnlySteeredFramesArrive) {
  VethPair veth;
  OpenSpec spec = spec_for("198.18.64.0", 19);
  spec.steering.destinations.push_back({*parse_ip("2001:2:0:4000::"), 50});
  spec.steering.destinations.push_back({*parse_ip("192.0.2.7"), 32});
  const DevicePtr tx = open(veth.near(), spec_for());
  const DevicePtr rx = open(veth.far(), spec);
  const std::vector<UdpFrame> ours{
      {.to = "198.18.64.0"},
      {.to = "198.18.95.255"},
      {.to = "192.0.2.7"},
      {.to = "2001:2:0:4000::1"},
      {.to = "2001:2:0:7fff:ffff::1"},
      {.to = "198.18.64.1", .tags = {{0x8100, 5}}},
      {.to = "2001:2:0:4000::1", .tags = {{0x8100, 5}}},
      {.to = "198.18.64.1", .ip_options_words = 3},
      {.to = "198.18.64.1", .damaged = true},
  };
  const std::vector<UdpFrame> others{
      {.to = "198.18.63.255"},
      {.to = "198.18.96.0"},
      {.to = "192.0.2.6"},
      {.to = "2001:2:0:8000::1"},
      {.to = "198.18.64.1", .to_port = kTestPort + 1},
      {.to = "2001:2:0:4000::1", .to_port = kTestPort + 1},
      {.to = "198.18.64.1", .protocol = 6},
      {.to = "2001:2:0:4000::1", .protocol = 6},
      {.to = "198.18.64.1", .fragment_offset = 1},
      {.to = "198.18.64.1", .tags = {{0x88a8, 5}}},
      {.to = "198.18.64.1", .tags = {{0x8100, 5}, {0x8100, 6}}},
      {.to = "198.18.64.1", .ether_type = 0x88b5},
  };
  for (const UdpFrame& frame : others) send(*tx, udp_frame(frame));
  EXPECT_EQ(receive(*rx, 1, 50 * kMillisecond).size(), 0u);
  for (const UdpFrame& frame : ours) send(*tx, udp_frame(frame));
  const auto received = receive(*rx, ours.size());
  ASSERT_EQ(received.size(), ours.size());
  for (std::size_t i = 0; i < ours.size(); ++i) EXPECT_EQ(received[i].bytes, udp_frame(ours[i]));
}

TEST_F(AfPacketOnVeth, EverythingMeansEverything) {
  VethPair veth;
  OpenSpec all = spec_for();
  all.steering = {.everything = true};
  const DevicePtr tx = open(veth.near(), spec_for());
  const DevicePtr rx = open(veth.far(), all);
  const std::vector<UdpFrame> frames{{.to = "192.0.2.1", .to_port = 1},
                                     {.to = "198.18.0.2", .tags = {{0x88a8, 5}, {0x8100, 6}}},
                                     {.ether_type = 0x88b5}};
  for (const UdpFrame& frame : frames) send(*tx, udp_frame(frame));
  const auto received = receive(*rx, frames.size());
  ASSERT_EQ(received.size(), frames.size());
  for (std::size_t i = 0; i < frames.size(); ++i) {
    EXPECT_EQ(received[i].bytes, udp_frame(frames[i]));
  }
}

// Frames to an address of the receiving host and a port nobody listens on: what does it answer?
std::uint64_t answers_with(const std::string& guard, bool everything = false) {
  VethPair veth({.separate_hosts = true});
  const auto near = read_interface(veth.near());
  DevicePtr rx;
  veth.at_far_host([&] {
    shell(fmt::format("ip addr add 198.18.0.2/24 dev {}", veth.far()));
    shell(fmt::format("ip neigh add 198.18.0.1 lladdr {} dev {} nud permanent",
                      format_mac(near->mac), veth.far()));
    OpenSpec spec = spec_for();
    if (everything) spec.steering = {.everything = true};
    rx = open(veth.far(), spec, {{"guard", guard}});
  });
  MacAddress far_mac = rx->facts().mac;
  const DevicePtr tx = open(veth.near(), spec_for());
  for (int i = 0; i < 20; ++i) {
    send(*tx, udp_frame({.to = "198.18.0.2", .to_mac = far_mac}));
    send(*tx, udp_frame({.to = "198.18.0.2", .to_mac = far_mac, .ip_options_words = 2}));
  }
  EXPECT_EQ(receive(*rx, 40).size(), 40u) << guard;
  std::uint64_t answers = 0;
  veth.at_far_host([&] { answers = rx->counters()->detail[0].second; });
  return answers;
}

TEST_F(AfPacketOnVeth, GuardKeepsTheHostFromAnswering) {
  EXPECT_GT(answers_with("off"), 0u);
  EXPECT_EQ(answers_with("tcx"), 0u);
  EXPECT_EQ(answers_with("tcx", true), 0u);
  EXPECT_EQ(answers_with("clsact"), 0u);
  EXPECT_EQ(answers_with("clsact", true), 0u);
}

std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  std::string text(4096, '\0');
  text.resize(fread(text.data(), 1, text.size(), pipe));
  pclose(pipe);
  return text;
}

std::string tc_state(const std::string& interface) {
  return output_of(fmt::format("tc qdisc show dev {0}; tc filter show dev {0} ingress", interface));
}

TEST_F(AfPacketOnVeth, GuardLeavesTheInterfaceAsItWas) {
  VethPair veth;
  const std::string before = tc_state(veth.far());
  for (const char* guard : {"tcx", "clsact"}) {
    DevicePtr first = open(veth.far(), spec_for(), {{"guard", guard}});
    DevicePtr second = open(veth.far(), spec_for("198.51.100.0", 24), {{"guard", guard}});
    first.reset();  // the second keeps its own
    EXPECT_EQ(tc_state(veth.far()).find("wireproof_guard") != std::string::npos,
              std::string(guard) == "clsact");
    second.reset();
    EXPECT_EQ(tc_state(veth.far()), before) << guard;
  }
  // Somebody else's qdisc and filters stay, in their places.
  shell(fmt::format("tc qdisc add dev {} clsact", veth.far()));
  const std::string empty = tc_state(veth.far());
  open(veth.far(), spec_for(), {{"guard", "clsact"}}).reset();
  EXPECT_EQ(tc_state(veth.far()), empty);
  shell(fmt::format("tc filter add dev {} ingress prio 1 bpf bytecode '1,6 0 0 0'", veth.far()));
  const std::string used = tc_state(veth.far());
  open(veth.far(), spec_for(), {{"guard", "clsact"}}).reset();
  EXPECT_EQ(tc_state(veth.far()), used);
}

// Holds a port open in a process of its own, which is then killed without warning.
void open_and_die(const std::string& device, const std::string& guard) {
  std::array<int, 2> ready;
  ASSERT_EQ(pipe(ready.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    const DevicePtr held = open(device, spec_for(), {{"guard", guard}});
    [[maybe_unused]] const auto told = write(ready[1], "x", 1);
    pause();
    _exit(0);
  }
  char letter = 0;
  EXPECT_EQ(read(ready[0], &letter, 1), 1);
  EXPECT_EQ(tc_state(device).find("wireproof_guard") != std::string::npos, guard == "clsact");
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
}

TEST_F(AfPacketOnVeth, KilledProcessLeavesNothingThatIsNotUndone) {
  VethPair veth;
  const UndoKinds kinds{{kClsactKind, undo_clsact_filter}};
  static_cast<void>(undo_dead(kinds, false));  // what others left behind is not this one's
  const std::string before = tc_state(veth.far());
  open_and_die(veth.far(), "tcx");
  EXPECT_EQ(tc_state(veth.far()), before);

  open_and_die(veth.far(), "clsact");
  const auto planned = undo_dead(kinds, true);
  ASSERT_TRUE(planned.has_value());
  ASSERT_EQ(std::count_if(planned->begin(), planned->end(),
                          [&](const LeftoverChange& change) {
                            return change.entry.fields.at("interface") == veth.far() &&
                                   change.outcome == Leftover::kWouldUndo;
                          }),
            1);
  EXPECT_NE(tc_state(veth.far()), before);  // a dry run changes nothing
  ASSERT_TRUE(undo_dead(kinds, false).has_value());
  EXPECT_EQ(tc_state(veth.far()), before);
}

TEST_F(AfPacketOnVeth, SeveralQueuesShareTheFlowsWithoutCopies) {
  VethPair veth;
  OpenSpec spec = spec_for();
  spec.queues = 4;
  const DevicePtr tx = open(veth.near(), spec_for());
  const DevicePtr rx = open(veth.far(), spec);
  constexpr std::uint16_t kFlows = 64;
  for (std::uint16_t flow = 0; flow < kFlows; ++flow) {
    send(*tx, udp_frame({.from_port = static_cast<std::uint16_t>(1024 + flow)}));
  }
  std::set<std::uint16_t> flows;
  unsigned busy_queues = 0;
  for (unsigned queue = 0; queue < spec.queues; ++queue) {
    std::array<Frame*, kFlows> frames;
    const std::size_t count = rx->rx_queue(queue).poll(frames);
    busy_queues += count > 0 ? 1 : 0;
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_TRUE(
          flows.insert(static_cast<std::uint16_t>(frames[i]->data[34] << 8 | frames[i]->data[35]))
              .second);
    }
    rx->rx_queue(queue).release({frames.data(), count});
  }
  EXPECT_EQ(flows.size(), kFlows);
  EXPECT_GT(busy_queues, 1u);
}

TEST_F(AfPacketOnVeth, FullReceiveRingIsCounted) {
  VethPair veth;
  OpenSpec spec = spec_for();
  spec.ring_frames = 64;
  const DevicePtr tx = open(veth.near(), spec_for());
  const DevicePtr rx = open(veth.far(), spec);
  constexpr std::uint64_t kSent = 200;
  for (std::uint64_t i = 0; i < kSent; ++i) send(*tx, udp_frame({}));
  const std::uint64_t dropped = *rx->counters()->rx_ring_dropped;
  EXPECT_EQ(receive(*rx, kSent, 50 * kMillisecond).size() + dropped, kSent);
  EXPECT_GE(dropped, kSent - 80);
  EXPECT_EQ(*rx->counters()->rx_ring_dropped, dropped);  // though reading resets the kernel's
}

// Submits `lengths` as one burst on queue 0; returns how many were accepted.
std::size_t submit_burst(Device& device, const std::vector<std::size_t>& lengths) {
  std::vector<Frame*> frames(lengths.size());
  frames.resize(device.tx_queue(0).borrow(frames));
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const auto bytes = udp_frame({.length = lengths[i]});
    frames[i]->length = static_cast<std::uint16_t>(lengths[i]);
    std::memcpy(frames[i]->data, bytes.data(), lengths[i]);
  }
  const std::size_t taken = device.tx_queue(0).submit(frames);
  device.tx_queue(0).give_back(std::span(frames).subspan(taken));
  return taken;
}

bool drains(Device& device) {
  const Nanoseconds deadline = kClock.now() + kSecond;
  while (device.tx_queue(0).reap() > 0) {
    if (kClock.now() > deadline) return false;
  }
  return true;
}

TEST_F(AfPacketOnVeth, FramesTheKernelRefusesAreCountedAndBlockNobody) {
  VethPair veth;
  const DevicePtr tx = open(veth.near(), spec_for());
  const DevicePtr rx = open(veth.far(), spec_for());
  ASSERT_EQ(submit_burst(*tx, {13, 61, 5, 12, 63, 65, 1}), 7u);
  EXPECT_TRUE(drains(*tx));
  const auto received = receive(*rx, 4, 50 * kMillisecond);
  ASSERT_EQ(received.size(), 3u);
  EXPECT_EQ(received[0].bytes, udp_frame({.length = 61}));
  EXPECT_EQ(received[1].bytes, udp_frame({.length = 63}));
  EXPECT_EQ(received[2].bytes, udp_frame({.length = 65}));
  EXPECT_EQ(tx->counters()->tx_dropped, 4u);
}

TEST_F(AfPacketOnVeth, FramesThatNeverGoAreGivenUpAndCounted) {
  VethPair veth;
  const DevicePtr tx = open(veth.near(), spec_for());
  EXPECT_TRUE(tx->counters()->link_up);
  shell(fmt::format("ip link set {} down", veth.far()));
  EXPECT_FALSE(tx->counters()->link_up);
  EXPECT_EQ(tx->counters()->link_downs, 1u);
  std::size_t accepted = 0;
  const MonotonicClock clock;
  const Nanoseconds begun = clock.now();
  for (int round = 0; round < 100; ++round) {
    accepted += submit_burst(*tx, std::vector<std::size_t>(64, 60));
  }
  // The ring, and once more for each of its patiences of 100 ms that a slow machine took.
  const auto patiences = static_cast<std::size_t>((clock.now() - begun) / (100 * kMillisecond));
  EXPECT_LE(accepted, 512u * (1 + patiences));
  EXPECT_TRUE(drains(*tx));
  EXPECT_EQ(tx->counters()->tx_dropped, accepted);
  shell(fmt::format("ip link set {} up", veth.far()));
  const DevicePtr rx = open(veth.far(), spec_for());
  send(*tx, udp_frame({}));
  EXPECT_EQ(receive(*rx, 2, 50 * kMillisecond).size(), 1u);
  shell(fmt::format("ip link del {}", veth.near()));
  EXPECT_EQ(tx->counters().error().kind, ErrorKind::kPrecondition);
}

// A burst far above what one receive queue holds: what the veth refuses at once is sent again.
TEST_F(AfPacketOnVeth, RefusedForWantOfRoomIsNotLost) {
  VethPair veth;
  OpenSpec spec = spec_for();
  spec.ring_frames = 1 << 15;
  const DevicePtr tx = open(veth.near(), spec_for());
  const DevicePtr rx = open(veth.far(), spec);
  std::size_t accepted = 0;
  for (int round = 0; round < 300; ++round) {
    accepted += submit_burst(*tx, std::vector<std::size_t>(64, 60));
  }
  EXPECT_TRUE(drains(*tx));
  EXPECT_EQ(receive(*rx, accepted + 1, 50 * kMillisecond).size(), accepted);
  EXPECT_EQ(tx->counters()->tx_dropped, 0u);
  EXPECT_EQ(rx->counters()->rx_ring_dropped, 0u);
}

TEST_F(AfPacketOnVeth, PromiscuousModeEndsWithTheDevice) {
  VethPair veth;
  const auto promiscuous = [&] {
    return output_of("ip -d link show " + veth.far()).find("promiscuity 1") != std::string::npos;
  };
  EXPECT_FALSE(promiscuous());
  {
    const DevicePtr rx = open(veth.far(), spec_for(), {{"promiscuous", "on"}});
    EXPECT_TRUE(promiscuous());
  }
  EXPECT_FALSE(promiscuous());
}

// One capability carries frames; the guard, which needs two more, is then missing and says so.
TEST_F(AfPacketOnVeth, NetRawAloneSuffices) {
  VethPair veth;
  EXPECT_EQ(in_child([&] {
              keep_only_capabilities({CAP_NET_RAW});
              OpenSpec spec = spec_for();
              spec.queues = 2;
              const DevicePtr tx = open(veth.near(), spec_for());
              const DevicePtr rx = open(veth.far(), spec, {{"promiscuous", "on"}});
              send(*tx, udp_frame({}));
              return receive(*rx, 1).size() == 1 && rx->facts().mode == "ring v2, guard off" &&
                     rx->facts().notes.size() == 1 && tx->counters()->tx_dropped == 0;
            }),
            0);
  for (const char* guard : {"tcx", "clsact"}) {
    EXPECT_EQ(in_child([&] {
                keep_only_capabilities({CAP_NET_RAW});
                const auto refused = try_open(veth.far(), spec_for(), {{"guard", guard}});
                return !refused && refused.error().kind == ErrorKind::kPrecondition &&
                       refused.error().hint.find("CAP_BPF") != std::string::npos;
              }),
              0)
        << guard;
  }
}

}  // namespace
}  // namespace wireproof

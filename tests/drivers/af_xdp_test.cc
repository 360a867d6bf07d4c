// The AF_XDP backend on a veth pair: what it must refuse, what it must leave alone, and whether its
// counters add up. What every backend must do is in tests/conformance.
#include "af_xdp/af_xdp.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <thread>

#include "support/bpf.h"
#include "support/netns.h"
#include "support/raw_port.h"
#include "support/udp_frame.h"

namespace wireproof {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kPort = 7711;

IpPrefix prefix(const char* address, std::uint8_t length) {
  return {.address = parse_ip(address).value(), .length = length};
}

class AfXdp : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_namespaces(); !why.empty()) GTEST_SKIP() << why;
  }

  [[nodiscard]] OpenSpec spec(unsigned queues = 1) const {
    OpenSpec open;
    open.queues = queues;
    open.ring_frames = 1024;
    open.clock = &clock_;
    open.steering = {.destinations = {prefix("198.18.0.0", 15)}, .l4_port = kPort};
    return open;
  }
  Result<std::unique_ptr<Device>> try_open(const std::string& device, const OpenSpec& open,
                                           std::map<std::string, std::string> options = {}) {
    return backend_->open({.backend = "af_xdp", .device = device, .options = std::move(options)},
                          open);
  }
  std::unique_ptr<Device> must_open(const std::string& device, const OpenSpec& open,
                                    std::map<std::string, std::string> options = {}) {
    auto opened = try_open(device, open, std::move(options));
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(*opened);
  }
  static DeviceCounters counters(Device& device) {
    auto read = device.counters();
    if (!read) throw std::runtime_error(read.error().message);
    return *read;
  }

  MonotonicClock clock_;
  std::unique_ptr<Backend> backend_ = make_af_xdp_backend();
};

void expect_refusal(const Result<std::unique_ptr<Device>>& opened, ErrorKind kind,
                    const std::string& part) {
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, kind) << opened.error().message;
  EXPECT_NE(opened.error().message.find(part), std::string::npos) << opened.error().message;
  EXPECT_FALSE(opened.error().hint.empty()) << opened.error().message;
}

// Sends `count` copies of a frame; returns how many were accepted in the time.
std::size_t send_copies(TxQueue& queue, const Bytes& bytes, std::size_t count,
                        std::chrono::milliseconds limit = 60s) {
  const auto give_up = std::chrono::steady_clock::now() + limit;
  std::size_t accepted = 0;
  std::array<Frame*, 32> frames{};
  while (accepted < count && std::chrono::steady_clock::now() < give_up) {
    const std::size_t wanted = std::min(frames.size(), count - accepted);
    const std::size_t lent = queue.borrow(std::span(frames).first(wanted));
    for (std::size_t i = 0; i < lent; ++i) {
      frames[i]->length = static_cast<std::uint16_t>(bytes.size());
      std::memcpy(frames[i]->data, bytes.data(), bytes.size());
    }
    const std::size_t taken = queue.submit(std::span(frames).first(lent));
    queue.give_back(std::span(frames).subspan(taken, lent - taken));
    accepted += taken;
    queue.reap();
  }
  while (queue.reap() > 0 && std::chrono::steady_clock::now() < give_up) {
  }
  return accepted;
}

// Polls until `count` frames have come or nothing has for 200 ms; gives each to `each`.
std::size_t receive(RxQueue& queue, std::size_t count,
                    const std::function<void(const Frame&)>& each = {}) {
  std::array<Frame*, 64> frames{};
  std::size_t received = 0;
  auto give_up = std::chrono::steady_clock::now() + 200ms;
  while (received < count && std::chrono::steady_clock::now() < give_up) {
    const std::size_t come = queue.poll(frames);
    if (come == 0) continue;
    for (std::size_t i = 0; i < come && each; ++i) each(*frames[i]);
    queue.release(std::span(frames).first(come));
    received += come;
    give_up = std::chrono::steady_clock::now() + 200ms;
  }
  return received;
}

TEST_F(AfXdp, CarriesFramesBothWaysOnTwoQueues) {
  VethPair veth({.queues = 2});
  auto near = must_open(veth.near(), spec(2));
  auto far = must_open(veth.far(), spec(2));
  EXPECT_EQ(near->facts().mode, "copy, native xdp");
  EXPECT_EQ(near->facts().rx_stamp, "xdp");
  EXPECT_EQ(near->facts().kernel_driver, "veth");
  EXPECT_EQ(near->facts().queues, 2u);
  const Bytes bytes = udp_frame({});
  for (unsigned queue = 0; queue < 2; ++queue) {
    for (const auto& [from, to] : {std::pair(near.get(), far.get()), {far.get(), near.get()}}) {
      const Nanoseconds before = clock_.now();
      ASSERT_EQ(send_copies(from->tx_queue(queue), bytes, 500), 500u);
      const std::size_t received = receive(to->rx_queue(queue), 500, [&](const Frame& frame) {
        ASSERT_EQ(frame.length, bytes.size());
        EXPECT_EQ(std::memcmp(frame.data, bytes.data(), bytes.size()), 0);
        EXPECT_GE(frame.stamp, before);
        EXPECT_LE(frame.stamp, clock_.now());
      });
      EXPECT_EQ(received, 500u);
    }
  }
  EXPECT_EQ(counters(*near).tx_dropped, 0u);
  EXPECT_EQ(counters(*near).rx_ring_dropped, 0u);
}

// Which of its queues a frame comes over is the interface's choice.
TEST_F(AfXdp, ReadsEveryReceiveQueueOfTheInterface) {
  VethPair veth({.queues = 4});
  auto far = must_open(veth.far(), spec(4));
  for (const unsigned asked : {1u, 2u, 3u}) {
    auto near = must_open(veth.near(), spec(asked));
    EXPECT_EQ(near->facts().queues, asked);
    EXPECT_EQ(near->facts().rx_spread, 4u);
    const Bytes bytes = udp_frame({});
    for (unsigned queue = 0; queue < 4; ++queue) {
      ASSERT_EQ(send_copies(far->tx_queue(queue), bytes, 300), 300u);
    }
    // Kept, and given back the other way round: every frame goes home to its own socket.
    std::vector<std::vector<Frame*>> kept(asked);
    std::array<Frame*, 64> frames{};
    for (unsigned index = 0; index < asked; ++index) {
      const auto give_up = std::chrono::steady_clock::now() + 5s;
      const std::size_t due = index + asked < 4 ? (4 - index + asked - 1) / asked * 300 : 300;
      while (kept[index].size() < due && std::chrono::steady_clock::now() < give_up) {
        const std::size_t come = near->rx_queue(index).poll(frames);
        kept[index].insert(kept[index].end(), frames.begin(),
                           frames.begin() + static_cast<std::ptrdiff_t>(come));
      }
      EXPECT_EQ(kept[index].size(), due) << index << " of " << asked;
      std::reverse(kept[index].begin(), kept[index].end());
      near->rx_queue(index).release(kept[index]);
    }
    const DeviceCounters counted = counters(*near);
    EXPECT_EQ(counted.rx_nic_dropped, 0u);
    EXPECT_EQ(counted.rx_ring_dropped, 0u);
    // The rings are full again: more than they hold passes through.
    for (int round = 0; round < 4; ++round) {
      for (unsigned queue = 0; queue < 4; ++queue) {
        ASSERT_EQ(send_copies(far->tx_queue(queue), bytes, 400), 400u);
        EXPECT_EQ(receive(near->rx_queue(queue % asked), 400), 400u);
      }
    }
  }
}

bool reads_hints(Device& device) {
  const auto read = device.counters();
  if (!read) throw std::runtime_error(read.error().message);
  return std::any_of(read->detail.begin(), read->detail.end(),
                     [](const auto& one) { return one.first == "rx_hinted"; });
}

// veth's driver answers the question for the NIC's stamp with none: every frame keeps the
// program's own, in both forms of the program.
TEST_F(AfXdp, WithoutAHintAFrameKeepsTheStampOfTheProgram) {
  for (const bool asked : {true, false}) {
    VethPair veth;
    auto near = must_open(veth.near(), spec());
    auto far = must_open(veth.far(), spec(), {{"hints", asked ? "auto" : "off"}});
    if (asked && !reads_hints(*far)) GTEST_SKIP() << "this kernel reads no hints";
    EXPECT_EQ(reads_hints(*far), asked);
    const Nanoseconds before = clock_.now();
    ASSERT_EQ(send_copies(near->tx_queue(0), udp_frame({}), 500), 500u);
    EXPECT_EQ(receive(far->rx_queue(0), 500,
                      [&](const Frame& frame) {
                        EXPECT_GE(frame.stamp, before);
                        EXPECT_LE(frame.stamp, clock_.now());
                      }),
              500u);
    static_cast<void>(counters(*far));
    EXPECT_EQ(far->facts().rx_stamp, "xdp");
  }
}

TEST_F(AfXdp, WorksBehindTheDriverToo) {
  VethPair veth;
  auto near = must_open(veth.near(), spec(), {{"mode", "generic"}});
  auto far = must_open(veth.far(), spec(), {{"mode", "generic"}});
  EXPECT_EQ(far->facts().mode, "copy, generic xdp");
  ASSERT_EQ(send_copies(near->tx_queue(0), udp_frame({}), 300), 300u);
  EXPECT_EQ(receive(far->rx_queue(0), 300,
                    [](const Frame& frame) { EXPECT_GT(frame.stamp, Nanoseconds{0}); }),
            300u);
}

TEST_F(AfXdp, ARecycledFrameKeepsItsBytesAndItsTemplate) {
  VethPair veth;
  auto near = must_open(veth.near(), spec());
  TxQueue& queue = near->tx_queue(0);
  std::array<Frame*, 1> frame{};
  ASSERT_EQ(queue.borrow(frame), 1u);
  EXPECT_EQ(frame[0]->template_id, 0u);
  EXPECT_GE(frame[0]->capacity, 1514);
  const Bytes bytes = udp_frame({});
  std::memcpy(frame[0]->data, bytes.data(), bytes.size());
  frame[0]->length = static_cast<std::uint16_t>(bytes.size());
  frame[0]->template_id = 7;
  ASSERT_EQ(queue.submit(frame), 1u);
  for (int i = 0; i < 10000 && queue.reap() > 0; ++i) std::this_thread::sleep_for(1ms);
  ASSERT_EQ(queue.borrow(frame), 1u);
  EXPECT_EQ(frame[0]->template_id, 7u);
  EXPECT_EQ(std::memcmp(frame[0]->data, bytes.data(), bytes.size()), 0);
}

// Whatever is accepted either arrives or is in a counter, also when far more is sent than the
// receiver has room for and nobody empties its ring meanwhile.
TEST_F(AfXdp, AStarvedReceiversCountersEqualTheMissingFrames) {
  for (const char* mode : {"native", "generic"}) {
    SCOPED_TRACE(mode);
    VethPair veth;
    auto near = must_open(veth.near(), spec());
    auto far = must_open(veth.far(), spec(), {{"mode", mode}});
    constexpr std::size_t kSent = 20'000;
    ASSERT_EQ(send_copies(near->tx_queue(0), udp_frame({}), kSent), kSent);
    std::this_thread::sleep_for(50ms);
    const std::size_t received = receive(far->rx_queue(0), kSent);
    EXPECT_EQ(received, 1024u);  // the room that was asked for
    const DeviceCounters sender = counters(*near);
    const DeviceCounters receiver = counters(*far);
    EXPECT_EQ(received + sender.tx_dropped.value() + receiver.rx_ring_dropped.value(), kSent);
    EXPECT_EQ(receiver.rx_nic_dropped, 0u);
    // With room again, frames come again.
    ASSERT_EQ(send_copies(near->tx_queue(0), udp_frame({}), 10), 10u);
    EXPECT_EQ(receive(far->rx_queue(0), 10), 10u);
  }
}

TEST_F(AfXdp, LeavesOtherTrafficToTheHost) {
  VethPair veth;
  auto near = must_open(veth.near(), spec());
  const RawPort host(veth.near());
  const RawPort far(veth.far());
  far.send(udp_frame({.to_port = 22}));
  far.send(udp_frame({}));
  far.send(udp_frame({.to = "192.0.2.1"}));
  EXPECT_EQ(host.receive(1000), udp_frame({.to_port = 22}));
  EXPECT_EQ(host.receive(1000), udp_frame({.to = "192.0.2.1"}));
  EXPECT_EQ(receive(near->rx_queue(0), 1), 1u);
}

TEST_F(AfXdp, ALoginOverTheSameInterfaceSurvives) {
  VethPair veth({.separate_hosts = true});
  shell("ip addr add 198.18.0.1/24 dev " + veth.near());
  veth.at_far_host([&] { shell("ip addr add 198.18.0.2/24 dev " + veth.far()); });
  auto near = must_open(veth.near(), spec());
  // A TCP server at the far host, a client here, while test frames arrive.
  std::thread server([&] {
    veth.at_far_host([] {
      shell(
          "timeout 10 /usr/bin/python3 -c \"import socket as s; l=s.create_server(('198.18.0.2',"
          "2222)); c,_=l.accept(); c.sendall(c.recv(99)[::-1])\"");
    });
  });
  const auto ask =
      "timeout 10 /usr/bin/python3 -c \""
      "import socket as s,time\n"
      "for i in range(50):\n"
      "  try: c=s.create_connection(('198.18.0.2',2222)); break\n"
      "  except OSError: time.sleep(0.1)\n"
      "c.sendall(b'login'); assert c.recv(99)==b'nigol'\"";
  EXPECT_NO_THROW(shell(ask));
  server.join();
  veth.at_far_host([&] { RawPort(veth.far()).send(udp_frame({})); });
  EXPECT_EQ(receive(near->rx_queue(0), 1), 1u);
}

TEST_F(AfXdp, TakesAllFramesWhenTold) {
  VethPair veth;
  OpenSpec open = spec();
  open.steering = {.everything = true};
  auto near = must_open(veth.near(), open);
  const RawPort host(veth.near());
  const RawPort far(veth.far());
  far.send(udp_frame({.to_port = 22}));
  far.send(Bytes(60, 1));
  EXPECT_EQ(receive(near->rx_queue(0), 2), 2u);
  EXPECT_TRUE(host.receive(50).empty());
}

TEST_F(AfXdp, NeverReplacesAForeignProgram) {
  VethPair veth;
  const ForeignXdpProgram foreign(veth.near());
  const std::uint32_t id = attached_xdp_program(veth.near());
  ASSERT_NE(id, 0u);
  for (const char* mode : {"auto", "native", "generic"}) {
    const auto opened = try_open(veth.near(), spec(), {{"mode", mode}});
    expect_refusal(opened, ErrorKind::kPrecondition, "id " + std::to_string(id));
    EXPECT_EQ(attached_xdp_program(veth.near()), id);
  }
}

TEST_F(AfXdp, LeavesNoProgramBehind) {
  VethPair veth;
  {
    auto near = must_open(veth.near(), spec());
    EXPECT_NE(attached_xdp_program(veth.near()), 0u);
  }
  EXPECT_EQ(attached_xdp_program(veth.near()), 0u);
}

TEST_F(AfXdp, ReopensTheSameQueueAtOnce) {
  VethPair veth;
  for (int i = 0; i < 20; ++i) {
    auto near = try_open(veth.near(), spec());
    ASSERT_TRUE(near) << i << ": " << near.error().message;
  }
}

// Runs `work` in a child and returns its exit status; what must not happen to this process.
int status_of_child(const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

TEST_F(AfXdp, AKilledProcessLeavesNothingBehind) {
  VethPair veth;
  std::array<int, 2> opened{};
  ASSERT_EQ(pipe(opened.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto near = try_open(veth.near(), spec());
    const char answer = near ? 'y' : 'n';
    if (write(opened[1], &answer, 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char answer = 0;
  EXPECT_EQ(read(opened[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  EXPECT_NE(attached_xdp_program(veth.near()), 0u);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  const auto again = try_open(veth.near(), spec());
  EXPECT_TRUE(again) << again.error().message;
  for (const int fd : opened) close(fd);
}

// Takes a capability out of this thread's effective and permitted sets.
void drop_capability(int capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  syscall(SYS_capget, &header, sets.data());
  __user_cap_data_struct& set = sets[static_cast<std::size_t>(capability / 32)];
  set.effective &= ~(1u << capability % 32);
  set.permitted &= ~(1u << capability % 32);
  syscall(SYS_capset, &header, sets.data());
}

TEST_F(AfXdp, NamesEachMissingCapability) {
  VethPair veth;
  const std::array<std::pair<int, std::string>, 3> needed{std::pair(CAP_NET_RAW, "CAP_NET_RAW"),
                                                          {CAP_NET_ADMIN, "CAP_NET_ADMIN"},
                                                          {CAP_BPF, "CAP_BPF"}};
  for (const auto& [capability, name] : needed) {
    EXPECT_EQ(status_of_child([&, capability = capability, &name = name] {
                drop_capability(capability);
                if (capability == CAP_BPF) drop_capability(CAP_SYS_ADMIN);
                const Probe probe = backend_->probe();
                if (probe.usable || probe.reason.find(name) == std::string::npos) return 1;
                if (probe.cure.find(name) == std::string::npos) return 2;
                const auto opened = try_open(veth.near(), spec());
                if (opened || opened.error().kind != ErrorKind::kPrecondition) return 3;
                return opened.error().message.find(name) == std::string::npos ? 4 : 0;
              }),
              0)
        << name;
  }
}

TEST_F(AfXdp, ThreeCapabilitiesSuffice) {
  VethPair veth;
  EXPECT_EQ(
      status_of_child([&] {
        for (int capability = 0; capability <= CAP_LAST_CAP; ++capability) {
          if (capability != CAP_NET_RAW && capability != CAP_NET_ADMIN && capability != CAP_BPF) {
            drop_capability(capability);
          }
        }
        OpenSpec small = spec();
        small.ring_frames = 512;
        small.steering.destinations.push_back(prefix("2001:2::", 48));
        const auto opened = try_open(veth.near(), small);
        if (!opened) std::fputs(opened.error().message.c_str(), stderr);
        return opened ? 0 : 1;
      }),
      0);
}

TEST_F(AfXdp, ExplainsTheLockedMemoryLimit) {
  VethPair veth;
  EXPECT_EQ(status_of_child([&] {
              drop_capability(CAP_IPC_LOCK);
              const rlimit limit{.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
              setrlimit(RLIMIT_MEMLOCK, &limit);
              const auto opened = try_open(veth.near(), spec());
              if (opened || opened.error().kind != ErrorKind::kPrecondition) return 1;
              const std::string& message = opened.error().message;
              if (message.find("RLIMIT_MEMLOCK allows 1024 KiB") == std::string::npos) return 2;
              return opened.error().hint.find("CAP_IPC_LOCK") == std::string::npos ? 3 : 0;
            }),
            0);
}

TEST_F(AfXdp, RefusesWhatItCannotDo) {
  VethPair veth({.queues = 2, .mtu = 9000});
  expect_refusal(try_open(veth.near(), spec(3)), ErrorKind::kPrecondition, "has 2 for receiving");
  expect_refusal(try_open(veth.near(), spec(), {{"zero-cpoy", "off"}}), ErrorKind::kUsage,
                 "unknown option 'zero-cpoy'");
  expect_refusal(try_open(veth.near(), spec(), {{"mode", "fast"}}), ErrorKind::kUsage, "mode=fast");
  expect_refusal(try_open(veth.near() + "x", spec()), ErrorKind::kPrecondition, veth.near());
  expect_refusal(try_open(veth.near(), spec()), ErrorKind::kPrecondition, "MTU 9000");
  OpenSpec jumbo = spec();
  jumbo.buffer_len_max = 4000;
  expect_refusal(try_open(veth.near(), jumbo, {{"mode", "generic"}}), ErrorKind::kPrecondition,
                 "at most 3844 bytes");
  shell("ip link set " + veth.near() + " mtu 1500; ip link set " + veth.far() + " mtu 1500");
  expect_refusal(try_open(veth.near(), spec(), {{"zero-copy", "require"}}),
                 ErrorKind::kPrecondition, "does not grant zero-copy");
  EXPECT_EQ(attached_xdp_program(veth.near()), 0u);
}

TEST_F(AfXdp, CarriesThreeKilobyteFramesInPageSizedChunks) {
  VethPair veth({.mtu = 3498});
  OpenSpec open = spec();
  open.buffer_len_max = 3512;
  auto near = must_open(veth.near(), open);
  auto far = must_open(veth.far(), open);
  const Bytes bytes = udp_frame({.length = 3512});
  ASSERT_EQ(send_copies(near->tx_queue(0), bytes, 100), 100u);
  EXPECT_EQ(receive(far->rx_queue(0), 100,
                    [&](const Frame& frame) { EXPECT_EQ(frame.length, bytes.size()); }),
            100u);
}

}  // namespace
}  // namespace wireproof

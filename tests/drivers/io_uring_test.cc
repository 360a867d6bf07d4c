#include "io_uring/io_uring.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <stdexcept>

#include "io_uring/stack_drops.h"
#include "support/netns.h"

namespace wireproof {
namespace {

class Sockets : public testing::Test {
 protected:
  // Gives both hosts of the pair an address; the port of the far one.
  std::unique_ptr<Device> address_both(const VethPair& veth) {
    shell("ip address add 198.18.0.1/24 dev " + veth.near());
    std::unique_ptr<Device> far;
    veth.at_far_host([&] {
      shell("ip address add 198.18.0.2/24 dev " + veth.far());
      far = *open("198.18.0.2:9000");
    });
    return far;
  }

  Result<std::unique_ptr<Device>> open(const std::string& device,
                                       std::map<std::string, std::string> options = {},
                                       unsigned queues = 1) {
    const OpenSpec spec{.queues = queues, .ring_frames = 256, .clock = &clock_};
    return backend_->open({"io_uring", device, std::move(options)}, spec);
  }
  // The error's sentence and cure.
  void expect_refused(const std::string& device, ErrorKind kind, const std::string& cure,
                      std::map<std::string, std::string> options = {}, unsigned queues = 1) {
    const auto refused = open(device, std::move(options), queues);
    ASSERT_FALSE(refused.has_value()) << device;
    EXPECT_EQ(refused.error().kind, kind) << device << ": " << refused.error().message;
    EXPECT_NE((refused.error().message + " " + refused.error().hint).find(cure), std::string::npos)
        << device << ": " << refused.error().message << " | " << refused.error().hint;
  }

  MonotonicClock clock_;
  std::unique_ptr<Backend> backend_ = make_io_uring_backend();
};

TEST_F(Sockets, EndpointsAreStrict) {
  for (const char* device : {"",
                             "127.0.0.1",
                             "127.0.0.1:",
                             ":9000",
                             "127.0.0.1:65536",
                             "127.0.0.1:-1",
                             "127.0.0.1:0x50",
                             "localhost:9000",
                             "::1:9000",
                             "[::1]",
                             "[::1]:",
                             "[127.0.0.1]:9000",
                             "[::1:9000",
                             "[]:9000",
                             "]:9000",
                             "127.0.0.1:9000 ",
                             "127.1:9000",
                             "eth0",
                             "0.0.0.0:9000",
                             "[::]:9000",
                             "224.0.0.1:9000",
                             "[ff02::1]:9000",
                             "[fe80::1]:9000"}) {
    expect_refused(device, ErrorKind::kUsage, "");
  }
}

TEST_F(Sockets, OptionsAreNamed) {
  expect_refused("127.0.0.1:0", ErrorKind::kUsage, "did you mean 'engine'?", {{"engin", "mmsg"}});
  expect_refused("127.0.0.1:0", ErrorKind::kUsage, "did you mean 'mmsg'?", {{"engine", "mmsgs"}});
  expect_refused("127.0.0.1:0", ErrorKind::kUsage, "1 to 64", {}, 65);
  expect_refused("127.0.0.1:65535", ErrorKind::kUsage, "name a lower one", {}, 2);
}

TEST_F(Sockets, PortInUseIsNeverShared) {
  const auto first = open("127.0.0.1:0");
  ASSERT_TRUE(first.has_value());
  const std::string taken = "127.0.0.1:" + std::to_string((*first)->facts().endpoint.l4_port);
  expect_refused(taken, ErrorKind::kPrecondition, "choose another port");
}

TEST_F(Sockets, ForeignAddressNamesTheCure) {
  expect_refused("192.0.2.1:9000", ErrorKind::kPrecondition, "ip -brief address");
}

TEST_F(Sockets, QueuesTakeConsecutivePorts) {
  const auto four = open("127.0.0.1:0", {}, 4);
  ASSERT_TRUE(four.has_value()) << four.error().message;
  const unsigned base = (*four)->facts().endpoint.l4_port;
  for (unsigned i = 0; i < 4; ++i) {
    expect_refused("127.0.0.1:" + std::to_string(base + i), ErrorKind::kPrecondition, "in use");
  }
}

// One datagram in a thousand: of each, how long it waited for the driver.
TEST_F(Sockets, SampleHowLongDatagramsWaitForTheDriver) {
  const auto near = open("127.0.0.1:0", {{"engine", "mmsg"}});
  const auto far = open("127.0.0.1:0", {{"engine", "mmsg"}});
  ASSERT_TRUE(near.has_value() && far.has_value());
  ASSERT_TRUE((*near)->connect((*far)->facts()).has_value());
  std::array<Frame*, 32> frames{};
  std::size_t sent = 0;
  for (int round = 0; round < 5 * 32; ++round) {
    const std::size_t lent = (*near)->tx_queue(0).borrow(frames);
    for (std::size_t i = 0; i < lent; ++i) frames[i]->length = 18;
    const std::size_t taken = (*near)->tx_queue(0).submit(std::span(frames).first(lent));
    (*near)->tx_queue(0).give_back(std::span(frames).subspan(taken, lent - taken));
    sent += taken;
    while (const std::size_t came = (*far)->rx_queue(0).poll(frames)) {
      (*far)->rx_queue(0).release(std::span(frames).first(came));
    }
    if (round % 32 == 0) clock_.sleep_until(clock_.now() + 2 * kMillisecond);
  }
  EXPECT_EQ(sent, 5u * 1024);
  const TxStampSamples samples = (*near)->counters()->tx_stamps.value();
  EXPECT_EQ(samples.asked, 5u);
  EXPECT_GE(samples.answered, 4u);  // the last is awaited
  EXPECT_EQ(samples.missing, 0u);
  EXPECT_GT(samples.wait_max_ns, 0);
}

TEST_F(Sockets, PeersMustMatch) {
  const auto four = open("127.0.0.1:0");
  const auto six = open("[::1]:0");
  ASSERT_TRUE(four.has_value() && six.has_value());
  EXPECT_EQ((*four)->connect((*six)->facts()).error().kind, ErrorKind::kUsage);
  DeviceFacts nic;
  nic.backend = "af_xdp";
  EXPECT_EQ((*four)->connect(nic).error().kind, ErrorKind::kUsage);
}

TEST_F(Sockets, PrivilegedPortNamesTheCapability) {
  if (geteuid() != 0) {
    expect_refused("127.0.0.1:7", ErrorKind::kPrecondition, "CAP_NET_BIND_SERVICE");
    return;
  }
  // As root: in a child without root, whose exit code says what it saw.
  EXPECT_EXIT(
      {
        if (setuid(65534) != 0) _exit(2);
        const auto refused = open("127.0.0.1:7");
        _exit(!refused && refused.error().kind == ErrorKind::kPrecondition &&
                      refused.error().hint.find("CAP_NET_BIND_SERVICE") != std::string::npos
                  ? 0
                  : 1);
      },
      testing::ExitedWithCode(0), "");
}

// Two hosts over veth: the MTU of the way is checked at connect, and what outgrows it later is not
// accepted rather than fragmented.
TEST_F(Sockets, PathMtuIsRespected) {
  if (const std::string why = no_namespaces(); !why.empty()) GTEST_SKIP() << why;
  const VethPair veth({.mtu = 1500, .separate_hosts = true});
  const std::unique_ptr<Device> far = address_both(veth);
  auto near = open("198.18.0.1:9000");
  ASSERT_TRUE(near.has_value()) << near.error().message;
  ASSERT_TRUE((*near)->connect(far->facts()).has_value());
  TxQueue& tx = (*near)->tx_queue(0);
  Frame* frame = nullptr;
  ASSERT_EQ(tx.borrow({&frame, 1}), 1u);
  frame->length = 1473;
  EXPECT_EQ(tx.submit({&frame, 1}), 0u) << "1473 + 28 bytes are more than 1500";
  frame->length = 1472;
  EXPECT_EQ(tx.submit({&frame, 1}), 1u);
  EXPECT_EQ((*near)->counters()->detail[0],
            (std::pair<std::string, std::uint64_t>("tx_too_long", 1)));

  shell("ip link set mtu 1400 dev " + veth.near());
  const Status narrow = (*near)->connect(far->facts());
  ASSERT_FALSE(narrow.has_value());
  EXPECT_EQ(narrow.error().kind, ErrorKind::kPrecondition);
  EXPECT_NE(narrow.error().message.find("1400"), std::string::npos);
  EXPECT_NE(narrow.error().message.find("1500"), std::string::npos);
}

// How many of `count` datagrams of `length` bytes were taken.
std::size_t send_all(TxQueue& tx, int count, std::uint16_t length) {
  std::size_t accepted = 0;
  for (int i = 0; i < count; ++i) {
    Frame* frame = nullptr;
    if (tx.borrow({&frame, 1}) != 1) break;
    frame->length = length;
    const std::size_t taken = tx.submit({&frame, 1});
    accepted += taken;
    if (taken == 0) tx.give_back({&frame, 1});
  }
  return accepted;
}

// What our own queueing discipline has no room for was not sent: five datagrams here.
TEST_F(Sockets, WhatTheOwnQueueThrowsAwayIsNotAccepted) {
  if (const std::string why = no_namespaces(); !why.empty()) GTEST_SKIP() << why;
  const VethPair veth({.mtu = 1500, .separate_hosts = true});
  const std::unique_ptr<Device> far = address_both(veth);
  try {
    shell("tc qdisc add dev " + veth.near() + " root tbf rate 8kbit burst 2000 limit 3200");
  } catch (const std::runtime_error& error) {
    GTEST_SKIP() << error.what();
  }
  std::size_t accepted = 0;
  for (const char* engine : {"mmsg", "auto"}) {
    auto near = open("198.18.0.1:0", {{"engine", engine}});
    ASSERT_TRUE(near.has_value()) << near.error().message;
    ASSERT_TRUE((*near)->connect(far->facts()).has_value());
    const std::size_t taken = send_all((*near)->tx_queue(0), 50, 1000);
    EXPECT_LE(taken, 5u) << engine;
    accepted += taken;
  }
  EXPECT_GT(accepted, 0u);
}

// Of 100 packets: 60 delivered, 20 forwarded, 3 with a bad header, 2 for another address, 8
// fragments of which 1 whole packet was made, and multicast of nobody: the rest, 4 and 8, was
// thrown away.
TEST(StackDrops, AreWhatWasTakenAndNotPassedOn) {
  EXPECT_EQ(sockets::ip_drops(
                "Ip: Forwarding InReceives InHdrErrors InAddrErrors ForwDatagrams InDelivers "
                "ReasmReqds ReasmOKs\nIp: 1 100 3 2 20 60 8 1\n"
                "IpExt: InNoRoutes InMcastPkts\nIpExt: 7 4\n"),
            4);
  EXPECT_EQ(sockets::ip6_drops(
                "Ip6InReceives\t100\nIp6InHdrErrors 3\nIp6InAddrErrors 2\n"
                "Ip6OutForwDatagrams 20\nIp6InDelivers 60\nIp6ReasmReqds 8\nIp6ReasmOKs 1\n"
                "Ip6InMcastPkts 0\n"),
            8);
  EXPECT_EQ(sockets::ip_drops(""), 0);
  EXPECT_EQ(sockets::ip6_drops("Ip6InReceivesNot 9\n"), 0);
}

// The reverse path filter of the receiving host drops what comes from where it has no route to.
TEST_F(Sockets, WhatTheOwnHostThrowsAwayIsCounted) {
  if (const std::string why = no_namespaces(); !why.empty()) GTEST_SKIP() << why;
  const VethPair veth({.mtu = 1500, .separate_hosts = true});
  shell("ip address add 198.18.0.1/24 dev " + veth.near());
  shell("ip neigh add 198.18.0.2 lladdr 02:00:00:00:00:02 dev " + veth.near());
  std::unique_ptr<Device> far;
  veth.at_far_host([&] {
    shell("ip link set address 02:00:00:00:00:02 dev " + veth.far());
    shell("ip address add 198.18.0.2/32 dev " + veth.far());
    shell("sysctl -qw net.ipv4.conf.all.rp_filter=1");
    far = *open("198.18.0.2:9000");
  });
  auto near = open("198.18.0.1:0");
  ASSERT_TRUE(near.has_value()) << near.error().message;
  ASSERT_TRUE((*near)->connect(far->facts()).has_value());
  EXPECT_EQ(send_all((*near)->tx_queue(0), 50, 100), 50u);
  veth.at_far_host([&] { EXPECT_EQ(far->counters()->rx_nic_dropped, 50u); });
}

// Nobody listens any more: the kernel says so by ICMP, and it is counted, not mistaken for a send.
TEST_F(Sockets, DeadPeerIsCounted) {
  const auto near = open("127.0.0.1:0");
  auto far = open("127.0.0.1:0");
  ASSERT_TRUE((*near)->connect((*far)->facts()).has_value());
  far->reset();
  TxQueue& tx = (*near)->tx_queue(0);
  const std::size_t accepted = send_all(tx, 10, 18);
  EXPECT_LT(accepted, 10u);
  EXPECT_EQ((*near)->counters()->detail[1].second, 10 - accepted);
}

TEST_F(Sockets, ModeSaysWhichEngine) {
  EXPECT_EQ((*open("127.0.0.1:0", {{"engine", "mmsg"}}))->facts().mode, "sendmmsg, recvmmsg");
  const auto ring = open("127.0.0.1:0", {{"engine", "io_uring"}});
  if (!ring) GTEST_SKIP() << ring.error().message;
  EXPECT_EQ((*ring)->facts().mode, "io_uring send, recvmmsg");
  EXPECT_EQ((*open("127.0.0.1:0"))->facts().mode, "io_uring send, recvmmsg");
}

// From here on this process gets `error` for io_uring_setup, as in a container.
bool forbid_io_uring(int error) {
  std::array<sock_filter, 4> program{
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST_F(Sockets, WhereIoUringIsRefusedSendmmsgIsUsedAndSaid) {
  for (const int error : {EPERM, ENOSYS}) {
    EXPECT_EXIT(
        {
          if (!forbid_io_uring(error)) _exit(2);
          const auto fallback = open("127.0.0.1:0");
          if (!fallback || (*fallback)->facts().mode != "sendmmsg, recvmmsg") _exit(3);
          const auto forced = open("127.0.0.1:0", {{"engine", "io_uring"}});
          _exit(!forced && forced.error().kind == ErrorKind::kPrecondition &&
                        forced.error().errno_value == error &&
                        forced.error().hint.find("sendmmsg") != std::string::npos
                    ? 0
                    : 4);
        },
        testing::ExitedWithCode(0), "");
  }
}

}  // namespace
}  // namespace wireproof

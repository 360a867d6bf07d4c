#include "io/linux_interface.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/clock.h"
#include "support/netns.h"

namespace wireproof {
namespace {

class LinuxInterfaceOnVeth : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_namespaces(); !why.empty()) GTEST_SKIP() << why;
  }
};

TEST(LinuxInterface, LoopbackIsKnownAsSuch) {
  const auto interface = read_interface("lo");
  ASSERT_TRUE(interface.has_value()) << interface.error().message;
  EXPECT_TRUE(interface->loopback);
  EXPECT_EQ(interface->index, 1u);
  EXPECT_EQ(interface->speed_bps, 0u);
}

TEST(LinuxInterface, UnknownNameSaysTheNearest) {
  const auto interface = read_interface("loo");
  ASSERT_FALSE(interface.has_value());
  EXPECT_EQ(interface.error().kind, ErrorKind::kPrecondition);
  EXPECT_EQ(interface.error().hint, "did you mean 'lo'?");
  for (const char* name : {"", "a-name-that-is-much-too-long", "no/such"}) {
    EXPECT_EQ(read_interface(name).error().kind, ErrorKind::kPrecondition) << name;
  }
}

TEST_F(LinuxInterfaceOnVeth, FactsOfThisThreadsNamespace) {
  VethPair veth({.queues = 3, .mtu = 1400});
  const auto interface = read_interface(veth.near());
  ASSERT_TRUE(interface.has_value()) << interface.error().message;
  EXPECT_EQ(interface->name, veth.near());
  EXPECT_GT(interface->index, 0u);
  EXPECT_FALSE(interface->mac.is_zero());
  EXPECT_EQ(interface->mtu, 1400u);
  EXPECT_TRUE(interface->admin_up);
  EXPECT_TRUE(interface->carrier);
  EXPECT_FALSE(interface->loopback);
  EXPECT_FALSE(interface->hardware);
  EXPECT_EQ(interface->speed_bps, 0u);
  EXPECT_EQ(interface->driver, "veth");
  EXPECT_EQ(interface->rx_queues, 3u);
  EXPECT_EQ(interface->tx_queues, 3u);
  const auto names = interface_names();
  EXPECT_EQ(names.size(), 3u);  // lo and the pair: the host's own are not seen
  EXPECT_NE(std::find(names.begin(), names.end(), veth.far()), names.end());
}

TEST_F(LinuxInterfaceOnVeth, RefusesWhatCannotCarryATest) {
  VethPair veth({.mtu = 1000});
  EXPECT_TRUE(usable_interface(veth.near(), 1014).has_value());
  const auto small = usable_interface(veth.near(), 1015);
  ASSERT_FALSE(small.has_value());
  EXPECT_NE(small.error().message.find("MTU of 1000"), std::string::npos) << small.error().message;
  EXPECT_NE(small.error().hint.find("mtu 1001"), std::string::npos) << small.error().hint;
  EXPECT_TRUE(usable_interface(veth.near(), 1018, true).has_value()) << "a tag is not in the MTU";
  const auto tagged = usable_interface(veth.near(), 1019, true);
  ASSERT_FALSE(tagged.has_value());
  EXPECT_NE(tagged.error().hint.find("mtu 1001"), std::string::npos) << tagged.error().hint;

  shell("ip link set " + veth.far() + " down");
  const auto dark = usable_interface(veth.near(), 60);
  ASSERT_FALSE(dark.has_value());
  EXPECT_NE(dark.error().message.find("no carrier"), std::string::npos);

  shell("ip link set " + veth.near() + " down");
  const auto down = usable_interface(veth.near(), 60);
  ASSERT_FALSE(down.has_value());
  EXPECT_EQ(down.error().kind, ErrorKind::kPrecondition);
  EXPECT_NE(down.error().message.find("is down"), std::string::npos);
  EXPECT_NE(down.error().hint.find("ip link set"), std::string::npos);
}

TEST_F(LinuxInterfaceOnVeth, DefaultRouteIsFoundAlsoAmongSeveralPaths) {
  VethPair veth;
  EXPECT_FALSE(read_interface(veth.near())->carries_default_route);
  shell(fmt::format("ip addr add 198.18.0.1/24 dev {}", veth.near()));
  shell(fmt::format("ip addr add 198.18.1.1/24 dev {}", veth.far()));
  EXPECT_FALSE(read_interface(veth.near())->carries_default_route);
  shell("ip route add default via 198.18.0.2");
  EXPECT_TRUE(read_interface(veth.near())->carries_default_route);
  EXPECT_FALSE(read_interface(veth.far())->carries_default_route);
  shell("ip route replace default nexthop via 198.18.0.2 nexthop via 198.18.1.2");
  EXPECT_TRUE(read_interface(veth.far())->carries_default_route);
  shell("ip route del default");
  shell("sysctl -qw net.ipv6.conf.all.disable_ipv6=0");
  shell(fmt::format("ip -6 addr add 2001:2::1/64 dev {} nodad", veth.near()));
  shell(fmt::format("ip -6 route add default via 2001:2::2 dev {}", veth.near()));
  EXPECT_TRUE(read_interface(veth.near())->carries_default_route);
  EXPECT_FALSE(read_interface(veth.far())->carries_default_route);
}

TEST_F(LinuxInterfaceOnVeth, SilentNeighbourIsRefusedAndStatisticsMove) {
  VethPair veth;
  const auto interface = read_interface(veth.near());
  const auto before = read_statistics(*interface);
  ASSERT_TRUE(before.has_value());
  shell(fmt::format("ip addr add 198.18.0.1/24 dev {}", veth.near()));
  const auto silent = resolve_neighbour(*interface, *parse_ip("198.18.0.9"));
  ASSERT_FALSE(silent.has_value());
  EXPECT_EQ(silent.error().kind, ErrorKind::kPrecondition);
  EXPECT_NE(silent.error().message.find("198.18.0.9 does not answer"), std::string::npos);
  const std::atomic<bool> stop{true};
  const MonotonicClock clock;
  const Nanoseconds asked = clock.now();
  const auto stopped = resolve_neighbour(*interface, *parse_ip("198.18.0.8"), {.stop = &stop});
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().kind, ErrorKind::kInterrupted);
  EXPECT_LT(clock.now() - asked, 2 * kSecond);  // and not the three that an answer is waited for
  shell(fmt::format("ip link set {0} down && ip link set {0} up", veth.far()));
  const auto after = read_statistics(*interface);
  ASSERT_TRUE(after.has_value());
  EXPECT_GT(after->tx_packets, before->tx_packets);  // the ARP requests
  EXPECT_EQ(after->carrier_down_count, before->carrier_down_count + 1);
  EXPECT_TRUE(after->carrier);
  shell(fmt::format("ip link set {} down", veth.far()));
  EXPECT_FALSE(read_statistics(*interface)->carrier);
  LinuxInterface gone = *interface;
  gone.index = 4711;
  EXPECT_EQ(read_statistics(gone).error().kind, ErrorKind::kPrecondition);
}

TEST_F(LinuxInterfaceOnVeth, ResolvesANeighbourThatAnswers) {
  VethPair veth({.separate_hosts = true});
  shell(fmt::format("ip addr add 198.18.0.1/24 dev {}", veth.near()));
  MacAddress far_mac;
  veth.at_far_host([&] {
    shell(fmt::format("ip addr add 198.18.0.2/24 dev {}", veth.far()));
    far_mac = read_interface(veth.far())->mac;
  });
  const auto interface = read_interface(veth.near());
  const auto mac = resolve_neighbour(*interface, *parse_ip("198.18.0.2"));
  ASSERT_TRUE(mac.has_value()) << mac.error().message;
  EXPECT_EQ(format_mac(*mac), format_mac(far_mac));
}

TEST_F(LinuxInterfaceOnVeth, OnlyAPermanentEntryIsBelieved) {
  VethPair veth({.separate_hosts = true});
  shell(fmt::format("ip addr add 198.18.0.1/24 dev {}", veth.near()));
  MacAddress far_mac;
  veth.at_far_host([&] {
    shell(fmt::format("ip addr add 198.18.0.2/24 dev {}", veth.far()));
    far_mac = read_interface(veth.far())->mac;
  });
  const auto interface = read_interface(veth.near());
  const auto resolved = [&] {
    const auto mac = resolve_neighbour(*interface, *parse_ip("198.18.0.2"));
    return mac ? format_mac(*mac) : mac.error().message;
  };
  const auto claim = [&](const char* state) {
    shell(fmt::format("ip neigh replace 198.18.0.2 lladdr 02:00:00:00:00:99 nud {} dev {}", state,
                      veth.near()));
  };
  for (const char* state : {"stale", "reachable", "delay", "probe"}) {
    claim(state);
    EXPECT_EQ(resolved(), format_mac(far_mac)) << state;
  }
  claim("permanent");
  EXPECT_EQ(resolved(), "02:00:00:00:00:99");
}

TEST_F(LinuxInterfaceOnVeth, ANeighbourThatTheKernelKnowsNoWayToIsAskedFromOurAddress) {
  VethPair veth({.separate_hosts = true});
  MacAddress far_mac;
  veth.at_far_host([&] {
    shell("sysctl -qw net.ipv6.conf.all.disable_ipv6=0");
    shell(fmt::format("ip addr add 198.18.0.2/24 dev {}", veth.far()));
    shell(fmt::format("ip addr add 2001:2::2/64 dev {} nodad", veth.far()));
    far_mac = read_interface(veth.far())->mac;
  });
  const auto interface = read_interface(veth.near());
  // Of the neighbour's network, and without any address of our own.
  for (const auto& [neighbour, own] : {std::pair{"198.18.0.2", "198.18.0.1"},
                                       {"198.18.0.2", "0.0.0.0"},
                                       {"2001:2::2", "2001:2::1"},
                                       {"2001:2::2", "::"}}) {
    const auto mac = resolve_neighbour(*interface, *parse_ip(neighbour), {.own = *parse_ip(own)});
    ASSERT_TRUE(mac) << neighbour << " " << own << ": " << mac.error().message;
    EXPECT_EQ(format_mac(*mac), format_mac(far_mac));
  }
  EXPECT_EQ(resolve_neighbour(*interface, *parse_ip("198.18.0.2")).error().message,
            fmt::format("no route to 198.18.0.2 through {}", veth.near()));
}

TEST_F(LinuxInterfaceOnVeth, UnusableNeighbourIsRefusedAtOnce) {
  VethPair veth;
  shell(fmt::format("ip addr add 198.18.0.1/24 dev {}", veth.near()));
  const auto interface = read_interface(veth.near());
  // An entry made by hand that names a group is not a neighbour.
  shell(fmt::format("ip neigh add 198.18.0.8 lladdr 01:00:5e:00:00:01 dev {}", veth.near()));
  EXPECT_FALSE(resolve_neighbour(*interface, *parse_ip("198.18.0.8")).has_value());
  EXPECT_FALSE(resolve_neighbour(*interface, *parse_ip("2001:2::2")).has_value());
}

}  // namespace
}  // namespace wireproof

#include "traffic/profile.h"

#include <gtest/gtest.h>

namespace wireproof {
namespace {

IpAddress ip(const char* text) {
  return *parse_ip(text);
}

TEST(Profile, TheReverseDirectionIsTheExchangeUnlessItHasItsOwn) {
  TrafficProfile profile;
  profile.src_ip = ip("10.1.0.1");
  profile.dst_ip = ip("10.2.0.1");
  EXPECT_EQ(header_spec(profile, true)->src_ip, ip("10.2.0.1"));
  EXPECT_EQ(header_spec(profile, true)->dst_ip, ip("10.1.0.1"));
  profile.reverse.src_ip = ip("10.3.0.1");
  EXPECT_EQ(header_spec(profile, true)->src_ip, ip("10.3.0.1"));
  EXPECT_EQ(header_spec(profile, true)->dst_ip, ip("10.1.0.1"));
  profile.reverse.dst_ip = ip("10.4.0.1");
  EXPECT_EQ(header_spec(profile, true)->dst_ip, ip("10.4.0.1"));
  EXPECT_EQ(header_spec(profile, false)->src_ip, ip("10.1.0.1")) << "the way there is its own";
  EXPECT_EQ(header_spec(profile, false)->dst_ip, ip("10.2.0.1"));
}

TEST(Profile, WhatIsSaidOfTheHeadersIsOfBothDirections) {
  TrafficProfile profile;
  profile.vlan = 300;
  profile.dscp = 46;
  profile.ttl = 7;
  profile.src_l4_port = 1000;
  profile.dst_l4_port = 2000;
  for (const bool reverse : {false, true}) {
    const auto headers = header_spec(profile, reverse);
    ASSERT_TRUE(headers.has_value());
    EXPECT_EQ(headers->vlan, 300);
    EXPECT_EQ(headers->dscp, 46);
    EXPECT_EQ(headers->ttl, 7);
    EXPECT_EQ(headers->src_l4_port, 1000);
    EXPECT_EQ(headers->dst_l4_port, 2000);
  }
}

// Seven of 64 bytes, four of 570, one of 1518.
TEST(Profile, AMixHasTheMeanOfTheFramesThatAreSent) {
  TrafficProfile profile;
  profile.sizes = *parse_size_mix("imix");
  EXPECT_DOUBLE_EQ(mean_frame_size(profile), 4246.0 / 12);
  EXPECT_EQ(largest_frame_size(profile), 1518u);
  profile.sizes = *parse_size_mix("aag");
  EXPECT_DOUBLE_EQ(mean_frame_size(profile), 1646.0 / 3);
}

TEST(Profile, FlowsCountUpInTheDestination) {
  TrafficProfile profile;
  profile.dst_ip = ip("10.2.0.255");
  profile.flows = kPortsPerAddress;
  EXPECT_EQ(*last_destination(profile, false), ip("10.2.0.255"));
  profile.flows = kPortsPerAddress + 1;
  EXPECT_EQ(*last_destination(profile, false), ip("10.2.1.0"));
  profile.ipv6 = true;
  profile.dst_ip = ip("2001:2::ffff");
  EXPECT_EQ(*last_destination(profile, false), ip("2001:2::1:0"));
}

// The first address that the flows must not reach, and how many addresses lie before it.
struct Edge {
  const char* first;
  std::uint32_t before;
  const char* word;
};

TEST(Profile, FlowsNeverReachAnAddressThatIsNoHosts) {
  for (const Edge& edge :
       {Edge{"223.255.255.254", 2, "multicast"}, Edge{"126.255.255.255", 1, "loopback"},
        Edge{"255.255.255.252", 3, "broadcast"}}) {
    TrafficProfile profile;
    profile.dst_ip = ip(edge.first);
    profile.flows = edge.before * kPortsPerAddress;
    EXPECT_TRUE(last_destination(profile, false)) << edge.first;
    ++profile.flows;
    const auto beyond = last_destination(profile, false);
    ASSERT_FALSE(beyond) << edge.first;
    EXPECT_EQ(beyond.error().kind, ErrorKind::kUsage);
    EXPECT_NE(beyond.error().message.find(edge.word), std::string::npos) << beyond.error().message;
    // The same where they are the reverse direction's, by exchange or by their own word.
    TrafficProfile back;
    back.flows = profile.flows;
    back.src_ip = ip(edge.first);
    EXPECT_NE(last_destination(back, true).error().message.find("--src-ip"), std::string::npos);
    back.reverse.dst_ip = ip(edge.first);
    back.src_ip.reset();
    EXPECT_NE(last_destination(back, true).error().message.find("--dst-ip"), std::string::npos);
  }
}

TEST(Profile, FlowsNeverWrap) {
  TrafficProfile profile;
  profile.ipv6 = true;
  profile.dst_ip = ip("2001:2::ffff:fffe");
  profile.flows = 2 * kPortsPerAddress;
  EXPECT_TRUE(last_destination(profile, false));
  ++profile.flows;
  EXPECT_NE(last_destination(profile, false).error().message.find("last address"),
            std::string::npos);
}

TEST(Profile, NetworksLie256AddressesApart) {
  TrafficProfile profile;
  profile.flows = 256;
  profile.networks = 256;
  EXPECT_EQ(*last_destination(profile, false), ip("198.19.255.1"));
  EXPECT_EQ(destination_prefix_length(profile, ip("198.19.0.1")), 16u);
  EXPECT_EQ(*last_destination(profile, true), ip("198.18.255.1"));
  profile.flows = kPortsPerAddress + 1;
  EXPECT_EQ(*last_destination(profile, false), ip("198.19.255.2"));
  profile.networks = 4;
  EXPECT_EQ(*last_destination(profile, false), ip("198.19.3.2"));
  EXPECT_EQ(header_spec(profile, false)->networks, 4u);
  profile.dst_ip = ip("223.255.254.1");
  EXPECT_NE(last_destination(profile, false).error().message.find("in 4 networks"),
            std::string::npos);
}

}  // namespace
}  // namespace wireproof

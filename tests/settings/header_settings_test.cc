#include <gtest/gtest.h>

#include "job/planned_headers.h"
#include "packet/headers.h"
#include "settings/asked.h"
#include "settings/loads.h"
#include "settings/ports.h"

namespace wireproof {
namespace {

TEST(HeaderSettings, ASecondValueIsTheReverseDirections) {
  Asked text = between("loopback:a", "loopback:b");
  text["bidirectional"] = "true";
  text["next-hop"] = "10.1.0.1,10.2.0.1";
  text["src-mac"] = "02:00:00:00:00:01,02:00:00:00:00:02";
  text["dst-ip"] = "10.3.0.1,10.4.0.1";
  const auto made = text.read();
  ASSERT_TRUE(made) << made.error().message;
  const TrafficProfile* profile = &made->test.profile;
  EXPECT_EQ(profile->next_hop, parse_ip("10.1.0.1"));
  EXPECT_EQ(profile->reverse.next_hop, parse_ip("10.2.0.1"));
  EXPECT_EQ(profile->reverse.src_mac, parse_mac("02:00:00:00:00:02"));
  EXPECT_EQ(profile->reverse.dst_ip, parse_ip("10.4.0.1"));
  EXPECT_FALSE(profile->reverse.src_ip) << "the exchange";
}

TEST(HeaderSettings, NeitherMoreNorLessThanTwo) {
  for (const char* text : {"10.1.0.1,", ",10.1.0.1", ",", "10.1.0.1,10.2.0.1,10.3.0.1"}) {
    Asked test = between("loopback:a", "loopback:b");
    test["bidirectional"] = "true";
    test["next-hop"] = text;
    const auto made = test.read();
    ASSERT_FALSE(made) << text;
    EXPECT_NE(made.error().message.find("--next-hop"), std::string::npos);
  }
}

TEST(HeaderSettings, TheWayBackIsNeverGuessed) {
  Asked test = between("loopback:a", "loopback:b");
  test["bidirectional"] = "true";
  test["dst-mac"] = "02:00:00:00:00:01";
  ASSERT_FALSE(test.read());
  EXPECT_NE(test.read().error().message.find("--bidirectional"), std::string::npos);
  test.erase("dst-mac");
  test["src-mac"] = "02:00:00:00:00:01";  // the other port has one of its own
  EXPECT_TRUE(test.read());
}

TEST(HeaderSettings, SocketsSayTheirFamilyThemselves) {
  EXPECT_FALSE(between("io_uring:127.0.0.1:1", "io_uring:127.0.0.1:2").read()->test.profile.ipv6);
  Asked v6 = between("io_uring:[::1]:1,engine=mmsg", "io_uring:[::1]:2");
  v6["size"] = "128";
  EXPECT_TRUE(v6.read()->test.profile.ipv6);
  EXPECT_EQ(socket_endpoint(v6["tx"])->l4_port, 1);
  EXPECT_FALSE(socket_endpoint("af_packet:t0"));
  EXPECT_FALSE(socket_endpoint("io_uring:nonsense"));
  EXPECT_FALSE(socket_endpoint("dpdk:0000:01:00.0"));
  EXPECT_FALSE(socket_endpoint("dpdk:net_memif0,socket=/tmp/10.0.0.1:9"));
}

TEST(HeaderSettings, QueuesOfSocketsTakeAPortEach) {
  Asked text = between("io_uring:127.0.0.1:7000", "io_uring:127.0.0.1:8000");
  text["flows"] = "2";
  text["queues"] = "2";
  const auto made = text.read();
  ASSERT_TRUE(made) << made.error().message;
  const auto headers = planned_headers(made->test, false);
  ASSERT_TRUE(headers) << headers.error().message;
  EXPECT_EQ(headers->dst_l4_port, 8000);
  EXPECT_EQ(headers->dst_l4_port_last, 8001);
}

TEST(HeaderSettings, MixesAreRaisedAndSaidAndCalibratedApart) {
  Asked text = between("loopback:a", "loopback:b");
  text["size"] = "aag";
  EXPECT_EQ(text.read()->test.sizes.front().key(), "aag");
  text["vlan"] = "5";
  const auto raised = text.read();
  ASSERT_TRUE(raised);
  const SizeChoice& mix = raised->test.sizes.front();
  EXPECT_EQ(mix.sizes, (std::vector<std::uint32_t>{68, 68, 1518}));
  EXPECT_EQ(mix.name, "aag");
  EXPECT_EQ(mix.key(), "aag from 68");
  EXPECT_EQ(raised->test.profile.sizes, mix.sizes);
  EXPECT_EQ(raised->test.notes.size(), 1u);
  text["size"] = "64";  // a size that was asked for is not another one
  EXPECT_EQ(text.read()->test.sizes.front().sizes, (std::vector<std::uint32_t>{64}));
}

TEST(HeaderSettings, Layer3LeavesTheTagOut) {
  TestSettings test;
  test.rate_layer = RateLayer::kL3;
  const Rate rate{.kind = Rate::Kind::kBps, .value = 10e6};
  EXPECT_DOUBLE_EQ(*rate_to_fps(rate, "--rate", test, 64, 0), 10e6 / 8 / 46);
  test.profile.vlan = 5;
  EXPECT_DOUBLE_EQ(*rate_to_fps(rate, "--rate", test, 68, 0), 10e6 / 8 / 46);
  test.rate_layer = RateLayer::kL2;
  EXPECT_DOUBLE_EQ(*rate_to_fps(rate, "--rate", test, 68, 0), 10e6 / 8 / 68);
}

TEST(HeaderSettings, EachNetworkHasAFlow) {
  Asked asked = between("af_packet:t0", "af_packet:t1");
  asked["networks"] = "256";
  EXPECT_EQ(asked.read()->test.profile.flows, 256u);
  asked["flows"] = "1000";
  EXPECT_EQ(asked.read()->test.profile.flows, 1'000u);
  EXPECT_EQ(asked.read()->test.profile.networks, 256u);
  asked["flows"] = "255";
  EXPECT_EQ(asked.read().error().message,
            "--networks 256: each network needs a flow, and --flows is 255");
  asked["networks"] = "100";
  EXPECT_EQ(asked.read().error().message, "--networks 100: not a power of two");
  Asked sockets = between("io_uring:127.0.0.1:9000", "io_uring:127.0.0.1:9001");
  sockets["networks"] = "2";
  EXPECT_EQ(sockets.read().error().message,
            "--networks 2: a socket sends to the address of the other port");
}

}  // namespace
}  // namespace wireproof

#include "io/steering_match.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"
#include "io/udp_location.h"

namespace wireproof {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes frame_to(const IpAddress& destination, std::uint16_t l4_port, bool vlan = false) {
  Bytes frame(90);
  std::size_t ip = 14;
  if (vlan) {
    frame[12] = 0x81;
    ip = 18;
  }
  frame[ip - 2] = destination.v6 ? 0x86 : 0x08;
  frame[ip - 1] = destination.v6 ? 0xdd : 0x00;
  frame[ip] = destination.v6 ? 0x60 : 0x45;
  frame[ip + (destination.v6 ? 6 : 9)] = 17;
  std::copy_n(destination.bytes.begin(), destination.v6 ? 16 : 4,
              frame.begin() + static_cast<long>(ip) + (destination.v6 ? 24 : 16));
  const std::size_t udp = ip + (destination.v6 ? 40 : 20);
  frame[udp + 2] = static_cast<std::uint8_t>(l4_port >> 8);
  frame[udp + 3] = static_cast<std::uint8_t>(l4_port);
  frame[udp + 5] = 20;
  return frame;
}

IpAddress ip(const char* text) {
  return *parse_ip(text);
}

TEST(SteeringMatch, PrefixesAndPort) {
  const SteeringMatch match({.destinations = {{ip("198.18.0.0"), 15},
                                              {ip("192.0.2.7"), 32},
                                              {ip("2001:db8::"), 32},
                                              {ip("10.0.0.0"), 30}},
                             .l4_port = 7001});
  EXPECT_FALSE(match.everything());
  for (const bool vlan : {false, true}) {
    for (const char* inside : {"198.18.0.1", "198.19.255.255", "192.0.2.7", "2001:db8::1",
                               "2001:db8:ffff::", "10.0.0.3"}) {
      EXPECT_TRUE(match.matches(frame_to(ip(inside), 7001, vlan))) << inside;
      EXPECT_FALSE(match.matches(frame_to(ip(inside), 7002, vlan))) << inside;
      EXPECT_FALSE(match.matches(frame_to(ip(inside), 0x591b, vlan))) << inside;
    }
    for (const char* outside :
         {"198.17.255.255", "198.20.0.0", "192.0.2.6", "2001:db9::", "10.0.0.4", "::"}) {
      EXPECT_FALSE(match.matches(frame_to(ip(outside), 7001, vlan))) << outside;
    }
  }
}

TEST(SteeringMatch, AlsoTakesTheMarkWhereverItIsAddressed) {
  SteeringMatch match({.destinations = {{ip("198.18.0.0"), 15}}, .l4_port = 7001});
  for (const bool vlan : {false, true}) {
    for (const char* to : {"10.0.0.1", "2001:db8::1", "198.18.0.1"}) {
      Bytes frame = frame_to(ip(to), 9, vlan);
      const std::size_t payload = find_udp(frame)->payload;
      std::copy_n("WPab", 4, frame.begin() + static_cast<long>(payload));
      EXPECT_FALSE(SteeringMatch(match).matches(frame)) << "no mark was given";
      match.also_take({'W', 'P', 'a', 'b'});
      EXPECT_TRUE(match.matches(frame)) << to;
      for (std::size_t i = 0; i < 4; ++i) {
        Bytes other = frame;
        other[payload + i] ^= 1;
        EXPECT_FALSE(match.matches(other)) << to;
      }
      const Bytes cut(frame.begin(), frame.begin() + static_cast<long>(payload) + 3);
      EXPECT_FALSE(match.matches(cut));
      match = SteeringMatch({.destinations = {{ip("198.18.0.0"), 15}}, .l4_port = 7001});
    }
  }
}

TEST(SteeringMatch, LooksBehindIpv4Options) {
  const SteeringMatch match({.destinations = {{ip("198.18.0.0"), 15}}, .l4_port = 7001});
  Bytes frame = frame_to(ip("198.18.0.1"), 1);
  frame[14] = 0x46;
  EXPECT_FALSE(match.matches(frame));
  frame[40] = 7001 >> 8;
  frame[41] = 7001 & 0xff;
  EXPECT_TRUE(match.matches(frame));
}

TEST(SteeringMatch, OtherFramesDoNotMatch) {
  const SteeringMatch match({.destinations = {{ip("0.0.0.0"), 0}}, .l4_port = 7001});
  Bytes frame = frame_to(ip("198.18.0.1"), 7001);
  EXPECT_TRUE(match.matches(frame));
  frame[23] = 6;
  EXPECT_FALSE(match.matches(frame));
  EXPECT_FALSE(match.matches({}));
  EXPECT_FALSE(SteeringMatch({.l4_port = 7001}).matches(frame_to(ip("198.18.0.1"), 7001)));
}

// The short way for plain IPv4 says what the parser says, for damaged frames too.
TEST(SteeringMatch, ShortAndLongWayAgree) {
  Random random(9);
  const IpPrefix prefix{ip("198.18.0.0"), 15};
  const SteeringMatch with_short_way({.destinations = {prefix}, .l4_port = 7001});
  const SteeringMatch parser({.destinations = {{ip("::1"), 128}, prefix}, .l4_port = 7001});
  const Bytes good = frame_to(ip("198.19.3.4"), 7001);
  int matched = 0;
  for (int round = 0; round < 50'000; ++round) {
    Bytes frame = good;
    for (std::uint64_t i = random.below(3); i > 0; --i) {
      frame[12 + random.below(30)] ^= static_cast<std::uint8_t>(1u << random.below(8));
    }
    frame.resize(random.chance(0.9) ? frame.size() : random.below(60));
    ASSERT_EQ(with_short_way.matches(frame), parser.matches(frame));
    matched += parser.matches(frame);
  }
  EXPECT_GT(matched, 10'000);
  EXPECT_LT(matched, 45'000);
}

}  // namespace
}  // namespace wireproof

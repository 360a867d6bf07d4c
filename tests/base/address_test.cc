#include "base/address.h"

#include <gtest/gtest.h>

namespace wireproof {
namespace {

TEST(Address, MacRoundTrip) {
  const auto mac = parse_mac("02:00:5e:10:00:fF");
  ASSERT_TRUE(mac.has_value());
  EXPECT_EQ(format_mac(*mac), "02:00:5e:10:00:ff");
  EXPECT_FALSE(mac->is_multicast());
  EXPECT_TRUE(parse_mac("ff:ff:ff:ff:ff:ff")->is_multicast());
}

TEST(Address, MacRefusesOtherShapes) {
  for (const char* text : {"", "02:00:5e:10:00", "02-00-5e-10-00-ff", "02:00:5e:10:00:fg",
                           "02:00:5e:10:00:ff ", "0200.5e10.00ff"}) {
    EXPECT_FALSE(parse_mac(text).has_value()) << text;
  }
}

TEST(Address, IpRoundTrip) {
  EXPECT_EQ(format_ip(*parse_ip("198.18.0.1")), "198.18.0.1");
  EXPECT_EQ(format_ip(*parse_ip("2001:2:0:0:0:0:0:1")), "2001:2::1");
  EXPECT_TRUE(parse_ip("ff02::1")->is_multicast());
  EXPECT_TRUE(parse_ip("224.0.0.1")->is_multicast());
}

TEST(Address, IpRefusesOtherShapes) {
  using namespace std::string_view_literals;
  for (const auto text :
       {""sv, "198.18.0"sv, "198.18.0.1/24"sv, "0x7f.1"sv, "fe80::1%eth0"sv, "198.18.0.1\0"sv}) {
    EXPECT_FALSE(parse_ip(text).has_value()) << text;
  }
}

TEST(Address, PrefixesHoldWhatBeginsLikeThem) {
  const IpPrefix tests = *parse_prefix("198.18.0.0/15");
  EXPECT_EQ(format_prefix(tests), "198.18.0.0/15");
  EXPECT_TRUE(tests.contains(*parse_ip("198.18.0.0")));
  EXPECT_TRUE(tests.contains(*parse_ip("198.19.255.255")));
  EXPECT_FALSE(tests.contains(*parse_ip("198.17.255.255")));
  EXPECT_FALSE(tests.contains(*parse_ip("198.20.0.0")));
  EXPECT_FALSE(tests.contains(*parse_ip("c612::")));  // the same first bytes
  const IpPrefix six = *parse_prefix("2001:2::/48");
  EXPECT_TRUE(six.contains(*parse_ip("2001:2:0:ffff::1")));
  EXPECT_FALSE(six.contains(*parse_ip("2001:2:1::")));
  EXPECT_TRUE(parse_prefix("0.0.0.0/0")->contains(*parse_ip("255.1.2.3")));
  EXPECT_EQ(*parse_prefix("10.0.0.1"), (IpPrefix{*parse_ip("10.0.0.1"), 32}));
  EXPECT_EQ(parse_prefix("::1")->length, 128);
}

TEST(Address, PrefixRefusesOtherShapes) {
  for (const char* text : {"", "/15", "198.18.0.0/", "198.18.0.0/33", "198.18.0.0/015",
                           "198.18.0.0/-1", "198.18.0.1/15", "2001:2::/129", "2001:2::1/48",
                           "198.18.0.0/15 ", "198.18.0.0/9999999999", "198.18.0.0/15/15"}) {
    EXPECT_FALSE(parse_prefix(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace wireproof

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

}  // namespace
}  // namespace wireproof

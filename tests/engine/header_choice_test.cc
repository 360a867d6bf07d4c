#include "engine/header_choice.h"

#include <gtest/gtest.h>

#include "engine/fake_device.h"

namespace wireproof {
namespace {

using fakes::FakeDevice;

MacAddress mac(std::uint8_t last) {
  return MacAddress{{0x02, 0, 0, 0, 0, last}};
}

class HeaderChoiceTest : public ::testing::Test {
 protected:
  HeaderChoiceTest() {
    a_.set_mac(mac(0xa));
    b_.set_mac(mac(0xb));
  }
  Result<HeaderSpec> choose(bool reverse) {
    return choose_headers(reverse ? back_ : forth_, profile_, reverse);
  }
  std::string refusal(bool reverse = false) {
    const auto headers = choose(reverse);
    return headers ? "" : headers.error().message;
  }

  FakeDevice a_, b_;
  const StreamEnds forth_{.from = a_, .to = &b_.facts()};
  const StreamEnds back_{.from = b_, .to = &a_.facts()};
  TrafficProfile profile_;
};

TEST_F(HeaderChoiceTest, APairOfPortsSpeaksToEachOther) {
  EXPECT_EQ(choose(false)->src_mac, mac(0xa));
  EXPECT_EQ(choose(false)->dst_mac, mac(0xb));
  EXPECT_EQ(choose(true)->src_mac, mac(0xb));
  EXPECT_EQ(choose(true)->dst_mac, mac(0xa));
}

TEST_F(HeaderChoiceTest, EachPortAsksForItsOwnNextHop) {
  profile_.next_hop = parse_ip("10.1.0.1");
  profile_.reverse.next_hop = parse_ip("10.2.0.1");
  a_.answers = {{"10.1.0.1", mac(1)}};
  b_.answers = {{"10.2.0.1", mac(2)}};
  EXPECT_EQ(choose(false)->dst_mac, mac(1));
  EXPECT_EQ(choose(true)->dst_mac, mac(2));
  const SentHeaders sent = sent_headers(*choose(true), back_, profile_, true);
  EXPECT_EQ(sent.src_mac, mac(0xb));
  EXPECT_EQ(sent.dst_mac, mac(2));
  EXPECT_EQ(sent.next_hop, parse_ip("10.2.0.1"));
  EXPECT_EQ(sent.src_ip, *parse_ip("198.19.0.1"));
  EXPECT_EQ(sent.dst_ip, *parse_ip("198.18.0.1"));
}

TEST_F(HeaderChoiceTest, SecondValuesAreTheReverseDirections) {
  profile_.src_mac = mac(0x11);
  profile_.dst_mac = mac(0x12);
  profile_.reverse.src_mac = mac(0x21);
  profile_.reverse.dst_mac = mac(0x22);
  EXPECT_EQ(choose(false)->src_mac, mac(0x11));
  EXPECT_EQ(choose(false)->dst_mac, mac(0x12));
  EXPECT_EQ(choose(true)->src_mac, mac(0x21));
  EXPECT_EQ(choose(true)->dst_mac, mac(0x22));
}

TEST_F(HeaderChoiceTest, NoFrameIsSentToWhereItComesFrom) {
  profile_.dst_mac = mac(0xa);
  EXPECT_NE(refusal().find("which sends"), std::string::npos) << refusal();
  profile_.dst_mac.reset();
  profile_.next_hop = parse_ip("10.1.0.1");
  a_.answers = {{"10.1.0.1", mac(0xa)}};
  EXPECT_NE(refusal().find("which sends"), std::string::npos) << refusal();
  profile_ = {};
  profile_.src_mac = profile_.dst_mac = mac(0x33);
  EXPECT_NE(refusal().find("the source MAC"), std::string::npos) << refusal();
  // Somebody sends them back as they are.
  profile_ = {};
  profile_.dst_mac = mac(0xa);
  EXPECT_TRUE(choose_headers({.from = a_, .to = &a_.facts()}, profile_, false));
}

TEST_F(HeaderChoiceTest, APortWithoutAMacNeedsOne) {
  a_.set_mac({});
  EXPECT_NE(refusal().find("source MAC"), std::string::npos) << refusal();
  EXPECT_NE(refusal(true).find("destination MAC"), std::string::npos) << refusal(true);
  profile_.src_mac = mac(0x11);
  EXPECT_EQ(refusal(), "");
}

// Frames of either direction are known at either port: which is the misdirected one, the direction
// bit says.
TEST_F(HeaderChoiceTest, TheDestinationsOfBothDirectionsAreOurs) {
  profile_.reverse.dst_ip = parse_ip("10.9.0.1");
  profile_.flows = 2 * kPortsPerAddress;
  for (const bool reverse : {false, true}) {
    const AddressMatch match = match_for(profile_, *choose(reverse), false);
    EXPECT_EQ(match.destinations[0].address, match_prefix(*parse_ip("198.19.0.0"), 30).address);
    EXPECT_EQ(match.destinations[1].address, match_prefix(*parse_ip("10.9.0.0"), 30).address);
  }
  const auto steering = steering_for(profile_);
  EXPECT_EQ(steering->destinations.at(1).address, *parse_ip("10.9.0.1"));
}

TEST_F(HeaderChoiceTest, WhatIsToldCoversAllFlows) {
  profile_.flows = kPortsPerAddress + 1;
  profile_.vlan = 5;
  const SentHeaders sent = sent_headers(*choose(false), forth_, profile_, false);
  EXPECT_EQ(sent.src_l4_ports, (std::vector<std::uint16_t>{49152, 65535}));
  EXPECT_TRUE(sent.src_l4_ports_are_range);
  EXPECT_EQ(sent.dst_ip, *parse_ip("198.19.0.1"));
  EXPECT_EQ(sent.dst_ip_last, *parse_ip("198.19.0.2"));
  EXPECT_EQ(sent.vlan, 5);
}

}  // namespace
}  // namespace wireproof

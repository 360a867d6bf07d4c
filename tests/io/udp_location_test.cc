#include "io/udp_location.h"

#include <gtest/gtest.h>

#include <bit>
#include <vector>

#include "base/random.h"

namespace wireproof {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes ipv4_frame(std::size_t size, bool vlan = false) {
  Bytes frame(size);
  std::size_t ip = 14;
  frame[12] = 0x08;
  if (vlan) {
    frame[12] = 0x81;
    frame[16] = 0x08;
    ip = 18;
  }
  frame[ip] = 0x45;
  frame[ip + 9] = 17;
  const std::size_t length = size - ip - 20;
  frame[ip + 24] = static_cast<std::uint8_t>(length >> 8);
  frame[ip + 25] = static_cast<std::uint8_t>(length);
  return frame;
}

Bytes ipv6_frame(std::size_t size) {
  Bytes frame(size);
  frame[12] = 0x86;
  frame[13] = 0xdd;
  frame[14] = 0x60;
  frame[20] = 17;
  frame[59] = static_cast<std::uint8_t>(size - 54);
  return frame;
}

TEST(UdpLocation, FindsThePayload) {
  const auto v4 = find_udp(ipv4_frame(60));
  ASSERT_TRUE(v4.has_value());
  EXPECT_EQ(v4->payload, 42);
  EXPECT_EQ(v4->payload_length, 18);
  const auto tagged = find_udp(ipv4_frame(64, true));
  ASSERT_TRUE(tagged.has_value());
  EXPECT_EQ(tagged->ip, 18);
  EXPECT_EQ(tagged->payload, 46);
  EXPECT_EQ(tagged->payload_length, 18);
  const auto v6 = find_udp(ipv6_frame(80));
  ASSERT_TRUE(v6.has_value());
  EXPECT_TRUE(v6->v6);
  EXPECT_EQ(v6->payload, 62);
  EXPECT_EQ(v6->payload_length, 18);
}

TEST(UdpLocation, StatedLengthIsCutAtTheFrameAndPaddingIsNotPayload) {
  Bytes padded = ipv4_frame(60);
  padded[39] = 8 + 4;
  EXPECT_EQ(find_udp(padded)->payload_length, 4);
  padded[38] = 0xff;
  EXPECT_EQ(find_udp(padded)->payload_length, 18);
  padded[38] = padded[39] = 0;
  EXPECT_EQ(find_udp(padded)->payload_length, 0);
  EXPECT_FALSE(flip_payload_bit(padded, 1));
}

TEST(UdpLocation, OtherFramesHaveNone) {
  Bytes arp(60);
  arp[12] = 0x08;
  arp[13] = 0x06;
  EXPECT_FALSE(find_udp(arp));
  Bytes tcp = ipv4_frame(60);
  tcp[23] = 6;
  EXPECT_FALSE(find_udp(tcp));
  Bytes fragment = ipv4_frame(60);
  fragment[21] = 1;
  EXPECT_FALSE(find_udp(fragment));
  Bytes double_tag = ipv4_frame(64, true);
  double_tag[16] = 0x81;
  EXPECT_FALSE(find_udp(double_tag));
}

// No input reads or writes beyond the frame (run under ASan), and a flip is one bit in the payload.
TEST(UdpLocation, AnyBytesAtAnyLength) {
  Random random(5);
  for (int round = 0; round < 20'000; ++round) {
    Bytes base = round % 2 == 0 ? ipv4_frame(60, round % 4 == 0) : ipv6_frame(80);
    for (std::uint64_t i = random.below(4); i > 0; --i) {
      base[random.below(base.size())] = static_cast<std::uint8_t>(random.next());
    }
    Bytes frame(base.begin(), base.begin() + static_cast<long>(random.below(base.size() + 1)));
    const Bytes before = frame;
    const auto udp = find_udp(frame);
    if (!flip_payload_bit(frame, random.next())) {
      ASSERT_EQ(frame, before);
      continue;
    }
    int flipped = 0;
    for (std::size_t i = 0; i < frame.size(); ++i) {
      const int bits = std::popcount(static_cast<unsigned>(frame[i] ^ before[i]));
      flipped += bits;
      if (bits != 0) {
        ASSERT_GE(i, udp->payload);
        ASSERT_LT(i, std::size_t{udp->payload} + udp->payload_length);
      }
    }
    ASSERT_EQ(flipped, 1);
  }
}

}  // namespace
}  // namespace wireproof

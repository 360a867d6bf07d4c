#include "io/neighbour_message.h"

#include <gtest/gtest.h>

#include <vector>

namespace wireproof {
namespace {

const MacAddress kOurs{{2, 0, 0, 0, 0, 1}};
const MacAddress kTheirs{{2, 0, 0, 0, 0, 2}};

std::span<const std::uint8_t> whole(const NeighbourFrame& frame, std::size_t length) {
  return std::span(frame).first(length);
}

struct Family {
  IpAddress ours, theirs;
};

Family family(bool v6) {
  return v6 ? Family{*parse_ip("2001:2:0:1::1"), *parse_ip("2001:2:0:1::fe")}
            : Family{*parse_ip("198.18.0.1"), *parse_ip("198.18.0.254")};
}

TEST(NeighbourMessage, AQuestionBearsTheTagThatItIsAskedUnder) {
  for (const bool v6 : {false, true}) {
    const auto [ours, theirs] = family(v6);
    NeighbourFrame frame;
    const std::size_t length = write_neighbour_request(frame, ours, kOurs, theirs, 5);
    const auto message = read_neighbour_message(whole(frame, length));
    ASSERT_TRUE(message) << v6;
    EXPECT_EQ(message->vlan, 5);
    EXPECT_EQ(message->target, theirs);
  }
}

// RFC 4861 section 4.3: an option with the link's address must not be in it.
TEST(NeighbourMessage, WhoHasNoAddressTellsNoLinkAddress) {
  NeighbourFrame frame;
  const auto [ours, theirs] = family(true);
  const std::size_t named = write_neighbour_request(frame, ours, kOurs, theirs);
  const std::size_t nameless = write_neighbour_request(frame, IpAddress{.v6 = true}, kOurs, theirs);
  EXPECT_EQ(nameless + 8, named);
  EXPECT_TRUE(read_neighbour_message(whole(frame, nameless)));
}

TEST(NeighbourMessage, AQuestionIsReadAsItWasAsked) {
  for (const bool v6 : {false, true}) {
    const auto [ours, theirs] = family(v6);
    NeighbourFrame frame;
    const std::size_t length = write_neighbour_request(frame, ours, kOurs, theirs);
    const auto message = read_neighbour_message(whole(frame, length));
    ASSERT_TRUE(message) << v6;
    EXPECT_TRUE(message->request);
    EXPECT_EQ(message->sender, ours);
    EXPECT_EQ(message->sender_mac, kOurs);
    EXPECT_EQ(message->target, theirs);
    EXPECT_FALSE(message->vlan);
  }
}

TEST(NeighbourMessage, TheAnswerGoesToWhoAskedUnderItsTag) {
  for (const bool v6 : {false, true}) {
    const auto [ours, theirs] = family(v6);
    const NeighbourMessage request{.request = true,
                                   .sender = theirs,
                                   .sender_mac = kTheirs,
                                   .target = ours,
                                   .vlan = std::uint16_t{42}};
    NeighbourFrame frame;
    const std::size_t length = write_neighbour_answer(frame, request, kOurs);
    EXPECT_TRUE(std::equal(kTheirs.bytes.begin(), kTheirs.bytes.end(), frame.begin()));
    const auto message = read_neighbour_message(whole(frame, length));
    ASSERT_TRUE(message) << v6;
    EXPECT_FALSE(message->request);
    EXPECT_EQ(message->target, ours);
    EXPECT_EQ(message->target_mac, kOurs);
    EXPECT_EQ(message->vlan, std::uint16_t{42});
  }
}

// Bytes written down by hand from RFC 826: a request of 10.0.0.1 for 10.0.0.2.
TEST(NeighbourMessage, ArpIsRfc826ByteByByte) {
  NeighbourFrame frame;
  const std::size_t length =
      write_neighbour_request(frame, *parse_ip("10.0.0.1"), kOurs, *parse_ip("10.0.0.2"));
  const std::vector<std::uint8_t> expected{
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0,  0, 0, 0, 1, 8, 6, 0, 1, 8, 0,  6, 4, 0,
      1,    2,    0,    0,    0,    0,    1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2};
  ASSERT_EQ(length, 60u);
  EXPECT_TRUE(read_neighbour_message(whole(frame, 42)));  // without padding
  EXPECT_FALSE(read_neighbour_message(whole(frame, 41)));
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), frame.begin()));
}

TEST(NeighbourMessage, ADamagedOrForwardedSolicitationIsNone) {
  const auto [ours, theirs] = family(true);
  NeighbourFrame good;
  const std::size_t length = write_neighbour_request(good, ours, kOurs, theirs);
  NeighbourFrame damaged = good;
  damaged[70] ^= 1;
  EXPECT_FALSE(read_neighbour_message(whole(damaged, length)));
  NeighbourFrame forwarded = good;
  forwarded[14 + 7] = 254;
  EXPECT_FALSE(read_neighbour_message(whole(forwarded, length)));
  NeighbourFrame another_version = good;
  another_version[14] ^= 0x20;
  EXPECT_FALSE(read_neighbour_message(whole(another_version, length)));
  for (std::size_t cut = 0; cut < length; ++cut) {
    EXPECT_FALSE(read_neighbour_message(whole(good, cut))) << cut;
  }
}

TEST(NeighbourMessage, AProbeIsAnsweredToAllNodes) {
  const auto [ours, theirs] = family(true);
  const NeighbourMessage probe{
      .request = true, .sender = {.v6 = true}, .sender_mac = kTheirs, .target = ours};
  NeighbourFrame frame;
  const std::size_t length = write_neighbour_answer(frame, probe, kOurs);
  const auto message = read_neighbour_message(whole(frame, length));
  ASSERT_TRUE(message);
  EXPECT_EQ(frame[14 + 24], 0xff);             // destination: a group
  EXPECT_EQ(frame[14 + 40 + 4] & 0x60, 0x20);  // override, not solicited
}

}  // namespace
}  // namespace wireproof

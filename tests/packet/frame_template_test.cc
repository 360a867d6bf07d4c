#include "packet/frame_template.h"

#include <gtest/gtest.h>

#include <array>

#include "base/random.h"
#include "packet/test_frame.h"
#include "support/slow_sum.h"

namespace wireproof {
namespace {

template <typename Bytes>
void patch(const FrameTemplate& made, Bytes& frame, std::uint32_t flow, const Signature& with) {
  made.patch().apply(frame.data(), {with.trial_id, with.sequence, with.transmit_time}, flow,
                     with.space);
}

HeaderSpec headers(bool ipv6) {
  HeaderSpec spec;
  spec.src_mac = *parse_mac("02:00:00:00:00:01");
  spec.dst_mac = *parse_mac("02:00:00:00:00:02");
  spec.src_ip = *parse_ip(ipv6 ? "2001:2:0:1::1" : "198.18.0.1");
  spec.dst_ip = *parse_ip(ipv6 ? "2001:2:0:2::1" : "198.19.0.1");
  return spec;
}

// True when the IP header checksum (IPv4) and the UDP checksum verify.
bool checksums_verify(const std::vector<std::uint8_t>& frame, bool ipv6, bool vlan) {
  const std::size_t ip_at = kEthernetLength + (vlan ? kVlanLength : 0);
  const std::size_t udp_at = ip_at + ip_length(ipv6);
  const auto at = [&](std::size_t i) { return frame.begin() + static_cast<std::ptrdiff_t>(i); };
  if (!ipv6 && slow_sum({at(ip_at), at(udp_at)}) != 0xffff) return false;
  std::vector<std::uint8_t> covered(at(ip_at + (ipv6 ? 8 : 12)), at(udp_at));
  const std::size_t length = frame.size() - udp_at;
  covered.insert(covered.end(), {0, kProtocolUdp, static_cast<std::uint8_t>(length >> 8),
                                 static_cast<std::uint8_t>(length)});
  covered.insert(covered.end(), at(udp_at), frame.end());
  return slow_sum(covered) == 0xffff && load_be16(frame.data() + udp_at + 6) != 0;
}

AddressMatch match(const HeaderSpec& spec) {
  AddressMatch made{.ipv6 = spec.dst_ip.v6, .l4_port = spec.dst_l4_port};
  made.destinations[0] = match_prefix(spec.dst_ip, spec.dst_ip.v6 ? 96 : 0);
  made.destinations[1] = made.destinations[0];
  return made;
}

TEST(FrameTemplate, EveryPatchedFrameVerifiesAndReadsBack) {
  Random random(7);
  for (int round = 0; round < 4000; ++round) {
    const bool ipv6 = random.chance(0.5);
    const bool vlan = random.chance(0.5);
    HeaderSpec spec = headers(ipv6);
    if (vlan) spec.vlan = 100;
    spec.dscp = static_cast<std::uint8_t>(random.below(64));
    const auto size = static_cast<std::uint32_t>(frame_size_min(ipv6, vlan) + random.below(1500));
    const auto made = FrameTemplate::make(spec, size, false);
    ASSERT_TRUE(made.has_value());
    std::vector<std::uint8_t> frame(size - kFcsLength);
    made->write(frame.data());
    // Twice into the same bytes: a patch must not depend on what was patched before.
    for (int again = 0; again < 2; ++again) {
      const Signature sent{.trial_id = static_cast<std::uint16_t>(random.next()),
                           .space = static_cast<std::uint32_t>(random.next()) & 0xffffff,
                           .sequence = random.next() & kSequenceMax,
                           .transmit_time = random.next() & kTransmitTimeMax};
      patch(*made, frame, static_cast<std::uint32_t>(random.below(1u << 20)), sent);
      ASSERT_TRUE(checksums_verify(frame, ipv6, vlan)) << "size " << size;
      Signature read;
      ASSERT_EQ(read_test_frame(match(spec), frame.data(), frame.size(), read), FrameClass::kOurs);
      EXPECT_EQ(read.trial_id, sent.trial_id);
      EXPECT_EQ(read.space, sent.space);
      EXPECT_EQ(read.sequence, sent.sequence);
      EXPECT_EQ(read.transmit_time, sent.transmit_time);
    }
  }
}

// RFC 791, RFC 8200, RFC 768 and IEEE 802.1Q by hand: each field where a device looks for it.
TEST(FrameTemplate, EachHeaderFieldIsInItsPlace) {
  for (const auto& [ipv6, vlan] :
       {std::pair{false, false}, {false, true}, {true, false}, {true, true}}) {
    HeaderSpec spec = headers(ipv6);
    spec.dscp = 46;
    spec.ttl = 7;
    spec.src_l4_port = 1000;
    spec.dst_l4_port = 2000;
    if (vlan) spec.vlan = 0x123;
    constexpr std::uint32_t kSize = 128;
    const auto made = FrameTemplate::make(spec, kSize, false);
    ASSERT_TRUE(made.has_value());
    ASSERT_EQ(made->buffer_len(), kSize - 4) << "the FCS is the NIC's";
    std::vector<std::uint8_t> frame(kSize - 4);
    made->write(frame.data());
    patch(*made, frame, 0, {});
    EXPECT_TRUE(std::equal(frame.begin(), frame.begin() + 6, spec.dst_mac.bytes.begin()));
    EXPECT_TRUE(std::equal(frame.begin() + 6, frame.begin() + 12, spec.src_mac.bytes.begin()));
    const std::uint8_t* at = frame.data() + 12;
    if (vlan) {
      EXPECT_EQ(at[0], 0x81);
      EXPECT_EQ(at[1], 0x00);
      EXPECT_EQ(at[2], 0x01);
      EXPECT_EQ(at[3], 0x23);
      at += 4;
    }
    EXPECT_EQ(load_be16(at), ipv6 ? 0x86dd : 0x0800);
    const std::uint8_t* ip = at + 2;
    const std::size_t ip_and_more = frame.size() - static_cast<std::size_t>(ip - frame.data());
    const std::uint8_t* udp = ip + (ipv6 ? 40 : 20);
    if (ipv6) {
      EXPECT_EQ(load_be32(ip), 0x6b800000u) << "version 6, DSCP 46, no ECN, no flow label";
      EXPECT_EQ(load_be16(ip + 4), ip_and_more - 40);
      EXPECT_EQ(ip[6], 17);
      EXPECT_EQ(ip[7], 7);
      EXPECT_TRUE(std::equal(ip + 8, ip + 24, spec.src_ip.bytes.begin()));
      EXPECT_TRUE(std::equal(ip + 24, ip + 40, spec.dst_ip.bytes.begin()));
    } else {
      EXPECT_EQ(ip[0], 0x45);
      EXPECT_EQ(ip[1], 46 << 2);
      EXPECT_EQ(load_be16(ip + 2), ip_and_more);
      EXPECT_EQ(load_be16(ip + 6), 0x4000) << "don't fragment";
      EXPECT_EQ(ip[8], 7);
      EXPECT_EQ(ip[9], 17);
      EXPECT_EQ(load_be32(ip + 12), 0xc6120001u);
      EXPECT_EQ(load_be32(ip + 16), 0xc6130001u);
    }
    EXPECT_EQ(load_be16(udp), 1000);
    EXPECT_EQ(load_be16(udp + 2), 2000);
    EXPECT_EQ(load_be16(udp + 4), ip_and_more - (ipv6 ? 40 : 20));
  }
}

// The interface of an address may be the same in two networks, and the network the same for two
// interfaces: either half is compared.
TEST(FrameTemplate, AnAddressIsComparedAsFarAsItsPrefixReaches) {
  HeaderSpec spec = headers(true);
  const AddressMatch wanted = match(spec);  // 2001:2:0:2::/96
  for (const auto& [destination, ours] :
       std::initializer_list<std::pair<const char*, bool>>{{"2001:2:0:2::1", true},
                                                           {"2001:2:0:2::77", true},
                                                           {"2001:2:0:3::1", false},
                                                           {"2001:db8::1", false},
                                                           {"2001:2:0:2:1::1", false}}) {
    spec.dst_ip = *parse_ip(destination);
    const auto made = FrameTemplate::make(spec, 100, false);
    std::vector<std::uint8_t> frame(96);
    made->write(frame.data());
    patch(*made, frame, 0, {});
    Signature read;
    EXPECT_EQ(read_test_frame(wanted, frame.data(), frame.size(), read),
              ours ? FrameClass::kOurs : FrameClass::kOthers)
        << destination;
  }
}

// Among 65,536 numbers one makes the sum of a datagram zero, which is sent as all ones.
TEST(FrameTemplate, NoFrameIsWithoutAChecksum) {
  const auto made = FrameTemplate::make(headers(false), 64, false);
  std::vector<std::uint8_t> frame(60);
  made->write(frame.data());
  unsigned all_ones = 0;
  for (std::uint64_t sequence = 0; sequence < 65'536; ++sequence) {
    patch(*made, frame, 0, {.sequence = sequence});
    const std::uint16_t checksum = load_be16(frame.data() + 40);
    ASSERT_NE(checksum, 0);
    all_ones += checksum == 0xffff ? 1 : 0;
  }
  EXPECT_GT(all_ones, 0u);
}

TEST(FrameTemplate, TheLatenessIsUnderTheChecksumAsWell) {
  const auto made = FrameTemplate::make(headers(false), 64, false);
  std::vector<std::uint8_t> frame(60);
  made->write(frame.data());
  for (const std::uint16_t lateness : std::array<std::uint16_t, 4>{0, 1, 255, 4095}) {
    made->patch().apply(frame.data(), {7, 8, 9}, 0, 3, lateness);
    EXPECT_TRUE(checksums_verify(frame, false, false)) << lateness;
    Signature read;
    ASSERT_EQ(read_test_frame(match(headers(false)), frame.data(), frame.size(), read),
              FrameClass::kOurs);
    EXPECT_EQ(read.lateness, lateness);
    EXPECT_EQ(read.space, 3u);
    EXPECT_EQ(read.transmit_time, 9u);
  }
}

TEST(FrameTemplate, FlowsDifferInPortThenAddress) {
  const HeaderSpec spec = headers(false);
  const auto made = FrameTemplate::make(spec, 64, false);
  std::vector<std::uint8_t> frame(60);
  made->write(frame.data());
  patch(*made, frame, kPortsPerAddress + 5, {});
  EXPECT_EQ(load_be16(frame.data() + 34), 49152 + 5);
  EXPECT_EQ(load_be32(frame.data() + 30), 0xc6130002u);  // 198.19.0.2
}

TEST(FrameTemplate, FlowsAreSentToTheNetworksInTurn) {
  for (const bool ipv6 : {false, true}) {
    HeaderSpec spec = headers(ipv6);
    spec.networks = 256;
    const auto made = FrameTemplate::make(spec, 128, false);
    const std::size_t udp_at = ipv6 ? 54 : 34;
    std::vector<std::uint8_t> frame(124);
    made->write(frame.data());
    patch(*made, frame, 0, {});
    const std::uint32_t first = load_be32(frame.data() + udp_at - 4);
    for (const std::uint32_t flow : {1u, 255u, 256u, 1'000u, kPortsPerAddress + 5}) {
      patch(*made, frame, flow, {});
      EXPECT_EQ(load_be32(frame.data() + udp_at - 4),
                first + flow % 256 * 256 + flow / kPortsPerAddress)
          << flow;
      EXPECT_EQ(load_be16(frame.data() + udp_at), 49152 + flow % kPortsPerAddress);
      Signature read;
      AddressMatch all = match(spec);
      all.destinations[0] = match_prefix(spec.dst_ip, ipv6 ? 112 : 16);
      EXPECT_EQ(read_test_frame(all, frame.data(), frame.size(), read), FrameClass::kOurs)
          << "the checksums hold";
    }
  }
}

TEST(FrameTemplate, RefusesFramesTooSmallForTheSignature) {
  for (const auto& [ipv6, vlan, least] :
       {std::tuple{false, false, 64u}, {false, true, 68u}, {true, false, 84u}, {true, true, 88u}}) {
    HeaderSpec spec = headers(ipv6);
    if (vlan) spec.vlan = 1;
    EXPECT_TRUE(FrameTemplate::make(spec, least, false).has_value());
    const auto refused = FrameTemplate::make(spec, least - 1, false);
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().hint.find(std::to_string(least)), std::string::npos);
  }
}

TEST(FrameTemplate, AnySingleFlippedBitOfTheDatagramIsSeen) {
  const HeaderSpec spec = headers(false);
  const auto made = FrameTemplate::make(spec, 80, false);
  std::vector<std::uint8_t> frame(76);
  made->write(frame.data());
  patch(*made, frame, 3, {.trial_id = 1, .sequence = 77});
  for (std::size_t bit = 42 * 8; bit < frame.size() * 8; ++bit) {  // of the UDP payload
    std::vector<std::uint8_t> damaged = frame;
    damaged[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    Signature read;
    EXPECT_EQ(read_test_frame(match(spec), damaged.data(), damaged.size(), read),
              FrameClass::kCorrupt);
  }
}

TEST(TestFrame, ShortAndStrangeFramesAreNeverOurs) {
  const HeaderSpec spec = headers(false);
  const auto made = FrameTemplate::make(spec, 64, false);
  std::vector<std::uint8_t> frame(60);
  made->write(frame.data());
  patch(*made, frame, 0, {});
  Signature read;
  for (std::size_t length = 0; length < frame.size(); ++length) {
    const std::vector<std::uint8_t> cut(frame.begin(),
                                        frame.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_NE(read_test_frame(match(spec), cut.data(), cut.size(), read), FrameClass::kOurs);
  }
  Random random(3);
  for (int i = 0; i < 20'000; ++i) {  // random bytes behind a right Ethernet type
    std::vector<std::uint8_t> noise(14 + random.below(100));
    for (auto& byte : noise) byte = static_cast<std::uint8_t>(random.next());
    store_be16(noise.data() + 12, random.chance(0.3) ? kEtherTypeVlan : kEtherTypeIpv4);
    EXPECT_NE(read_test_frame(match(spec), noise.data(), noise.size(), read), FrameClass::kOurs);
  }
}

// A receive buffer still holds what followed: nothing behind the frame's length is the frame's.
TEST(TestFrame, AFrameCutShortIsNotOursWhateverLiesBehindIt) {
  const HeaderSpec spec = headers(false);
  const auto made = FrameTemplate::make(spec, 200, false);
  std::vector<std::uint8_t> frame(196);
  made->write(frame.data());
  patch(*made, frame, 0, {});
  const FrameReader reader(match(spec));
  Signature read;
  ASSERT_TRUE(reader.is_plain(frame.data(), frame.size()));
  ASSERT_EQ(reader.read(frame.data(), frame.size(), read), FrameClass::kOurs);
  for (std::size_t length = 0; length < frame.size(); ++length) {
    ASSERT_FALSE(reader.is_plain(frame.data(), length)) << length;
    ASSERT_NE(reader.read(frame.data(), length, read), FrameClass::kOurs) << length;
  }
}

TEST(TestFrame, ForeignAndOthersAreToldApart) {
  const HeaderSpec spec = headers(false);
  const auto made = FrameTemplate::make(spec, 64, false);
  std::vector<std::uint8_t> frame(60);
  made->write(frame.data());
  patch(*made, frame, 0, {});
  // Another magic, with the checksum made right for it (0x5750 - 1 moves into the checksum).
  std::vector<std::uint8_t> foreign = frame;
  store_be16(foreign.data() + 42, kSignatureMagic - 1);
  store_be16(foreign.data() + 40, static_cast<std::uint16_t>(load_be16(frame.data() + 40) + 1));
  Signature read;
  EXPECT_EQ(read_test_frame(match(spec), foreign.data(), foreign.size(), read),
            FrameClass::kForeign);
  std::vector<std::uint8_t> other_port = frame;
  store_be16(other_port.data() + 36, 10);
  EXPECT_EQ(read_test_frame(match(spec), other_port.data(), other_port.size(), read),
            FrameClass::kOthers);
}

}  // namespace
}  // namespace wireproof

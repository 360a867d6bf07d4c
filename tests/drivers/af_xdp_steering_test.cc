// Which frames the XDP program takes, by running it on made-up frames: it drops a frame that is
// ours while no socket is there, and passes the others.
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include "af_xdp/steer_program.h"
#include "support/bpf.h"
#include "support/netns.h"
#include "support/raw_port.h"
#include "support/udp_frame.h"

namespace wireproof::af_xdp {
namespace {

const std::vector<std::pair<std::uint16_t, std::uint16_t>> kTagged{{0x8100, 42}};

class AfXdpSteering : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_namespaces(); !why.empty()) GTEST_SKIP() << why;
  }
  void load(const Steering& steering) {
    auto loaded = SteerProgram::load(steering, 1);
    ASSERT_TRUE(loaded) << loaded.error().message;
    program_ = std::move(*loaded);
  }
  [[nodiscard]] bool takes(const UdpFrame& spec) const { return takes_bytes(udp_frame(spec)); }
  [[nodiscard]] bool takes_bytes(const Bytes& frame) const {
    const int verdict = run_xdp_program(program_->program_fd(), frame);
    EXPECT_TRUE(verdict == XDP_DROP || verdict == XDP_PASS) << verdict;
    return verdict == XDP_DROP;
  }
  static IpPrefix prefix(const std::string& address, std::uint8_t length) {
    return {.address = parse_ip(address).value(), .length = length};
  }

  std::unique_ptr<SteerProgram> program_;
};

TEST_F(AfXdpSteering, TakesUdpToItsPrefixAndPortAlone) {
  load({.destinations = {prefix("198.18.0.0", 15)}, .l4_port = 7711});
  EXPECT_TRUE(takes({}));
  EXPECT_TRUE(takes({.to = "198.19.255.255"}));
  EXPECT_FALSE(takes({.to = "198.20.0.0"}));
  EXPECT_FALSE(takes({.to = "198.17.255.255"}));
  EXPECT_FALSE(takes({.to_port = 7712}));
  EXPECT_FALSE(takes({.to_port = 0x1f1e}));  // 7711 with its bytes swapped
  EXPECT_FALSE(takes({.protocol = 6}));
  EXPECT_FALSE(takes({.to = "2001:2::1"}));
}

TEST_F(AfXdpSteering, LooksThroughOneVlanTagAndIpOptions) {
  load({.destinations = {prefix("198.18.0.2", 32), prefix("2001:2::", 48)}, .l4_port = 7711});
  EXPECT_TRUE(takes({.tags = kTagged}));
  EXPECT_TRUE(takes({.tags = kTagged, .ip_options_words = 10}));
  EXPECT_TRUE(takes({.ip_options_words = 1}));
  EXPECT_TRUE(takes({.to = "2001:2::1", .tags = kTagged}));
  EXPECT_FALSE(takes({.to = "198.18.0.3", .tags = kTagged}));
  Bytes two_tags = udp_frame({.tags = kTagged});
  const Bytes tag{0x81, 0x00, 0x00, 0x07};
  two_tags.insert(two_tags.begin() + 12, tag.begin(), tag.end());
  EXPECT_FALSE(takes_bytes(two_tags));
}

TEST_F(AfXdpSteering, KnowsFourDestinationsOfBothFamilies) {
  load({.destinations = {prefix("10.0.0.1", 32), prefix("2001:2::", 48), prefix("0.0.0.0", 1),
                         prefix("fd00::42", 128)},
        .l4_port = 9});
  const auto at = [](const std::string& to) {
    return UdpFrame{.from = to[0] == '1' ? "10.9.9.9" : "::1", .to = to, .to_port = 9};
  };
  EXPECT_TRUE(takes(at("10.0.0.1")));
  EXPECT_TRUE(takes(at("127.255.255.255")));  // in 0.0.0.0/1
  EXPECT_FALSE(takes(at("128.0.0.1")));
  EXPECT_TRUE(takes(at("2001:2:0:ffff::1")));
  EXPECT_FALSE(takes(at("2001:2:1::1")));
  EXPECT_TRUE(takes(at("fd00::42")));
  EXPECT_FALSE(takes(at("fd00::43")));
}

TEST_F(AfXdpSteering, LeavesTruncatedFramesAndLaterFragmentsToTheHost) {
  load({.destinations = {prefix("0.0.0.0", 0), prefix("::", 0)}, .l4_port = 7711});
  EXPECT_TRUE(takes({}));
  EXPECT_FALSE(takes({.fragment_offset = 185}));
  for (const UdpFrame& spec :
       {UdpFrame{}, UdpFrame{.tags = kTagged}, UdpFrame{.to = "::2", .tags = kTagged}}) {
    const Bytes whole = udp_frame(spec);
    const std::size_t headers = whole.size() - 18;
    for (std::size_t length = 14; length < whole.size(); ++length) {
      const Bytes part(whole.begin(), whole.begin() + static_cast<long>(length));
      EXPECT_EQ(takes_bytes(part), length >= headers) << length << " of " << whole.size();
    }
  }
}

TEST_F(AfXdpSteering, TakesEverythingWhenTold) {
  load({.everything = true});
  EXPECT_TRUE(takes({.protocol = 6}));
  EXPECT_TRUE(takes_bytes(Bytes(60, 0)));
}

TEST_F(AfXdpSteering, TakesNothingWithoutDestinations) {
  load({});
  EXPECT_FALSE(takes({.to_port = 0}));
  EXPECT_FALSE(takes({.to = "::2", .to_port = 0}));
}

TEST_F(AfXdpSteering, CountsWhatFindsNoSocket) {
  load({.everything = true});
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(takes({}));
  EXPECT_EQ(program_->counts().no_socket, 5u);
}

TEST_F(AfXdpSteering, RefusesMoreDestinationsThanItKnows) {
  Steering steering;
  for (int i = 0; i < 5; ++i) steering.destinations.push_back(prefix("10.0.0.0", 8));
  const auto loaded = SteerProgram::load(steering, 1);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().kind, ErrorKind::kUsage);
  EXPECT_NE(loaded.error().message.find("at most 4"), std::string::npos);
}

}  // namespace
}  // namespace wireproof::af_xdp

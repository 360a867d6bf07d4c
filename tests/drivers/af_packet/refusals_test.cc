// What AF_PACKET refuses, each in one sentence with the cure.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sys/resource.h>

#include <fstream>

#include "af_packet/af_packet.h"
#include "support/child.h"
#include "support/netns.h"

namespace wireproof {
namespace {

const MonotonicClock kAxis;

OpenSpec plain_spec() {
  OpenSpec spec;
  spec.clock = &kAxis;
  spec.ring_frames = 1024;
  spec.steering.destinations = {{*parse_ip("198.18.0.0"), 15}};
  spec.steering.l4_port = 7711;
  return spec;
}

Result<std::unique_ptr<Device>> plain_open(const std::string& device, const OpenSpec& spec,
                                           std::map<std::string, std::string> options = {}) {
  return make_af_packet_backend()->open({"af_packet", device, std::move(options)}, spec);
}

class AfPacketRefusals : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_namespaces(); !why.empty()) GTEST_SKIP() << why;
  }
};

TEST_F(AfPacketRefusals, WithoutNetRawProbeAndOpenSaySo) {
  VethPair veth;
  EXPECT_EQ(in_child([&] {
              keep_only_capabilities({});
              const Probe probe = make_af_packet_backend()->probe();
              const auto refused = plain_open(veth.near(), plain_spec());
              return !probe.usable && probe.reason.find("CAP_NET_RAW") != std::string::npos &&
                     !probe.cure.empty() && !refused && refused.error().message == probe.reason;
            }),
            0);
  EXPECT_TRUE(make_af_packet_backend()->probe().usable);
}

TEST_F(AfPacketRefusals, RingThatDoesNotFitIsRefused) {
  VethPair veth;
  EXPECT_EQ(in_child([&] {
              std::size_t pages_in_use = 0;
              std::ifstream("/proc/self/statm") >> pages_in_use;
              const rlim_t limit = pages_in_use * 4096 + (32u << 20);
              const rlimit little{.rlim_cur = limit, .rlim_max = limit};
              setrlimit(RLIMIT_AS, &little);
              OpenSpec spec = plain_spec();
              spec.ring_frames = 1 << 15;  // of 2 KiB
              const auto refused = plain_open(veth.near(), spec);
              return !refused && refused.error().kind == ErrorKind::kPrecondition &&
                     refused.error().message.find("64 MiB") != std::string::npos &&
                     refused.error().hint.find("smaller") != std::string::npos;
            }),
            0);
}

TEST_F(AfPacketRefusals, RefusalsNameTheThingAndTheCure) {
  VethPair veth;
  const auto refusal = [&](const std::string& device, const OpenSpec& spec,
                           std::map<std::string, std::string> options = {}) {
    const auto opened = plain_open(device, spec, std::move(options));
    EXPECT_FALSE(opened.has_value());
    return opened ? Error{} : opened.error();
  };
  EXPECT_EQ(refusal(veth.near(), plain_spec(), {{"gard", "off"}}).hint, "did you mean 'guard'?");
  EXPECT_EQ(refusal(veth.near(), plain_spec(), {{"guard", "tcxx"}}).hint, "did you mean 'tcx'?");
  EXPECT_EQ(refusal(veth.near(), plain_spec(), {{"promiscuous", "1"}}).kind, ErrorKind::kUsage);
  EXPECT_EQ(refusal(veth.near() + "x", plain_spec()).hint,
            fmt::format("did you mean '{}'?", veth.near()));
  OpenSpec spec = plain_spec();
  spec.queues = 65;
  EXPECT_EQ(refusal(veth.near(), spec).kind, ErrorKind::kUsage);
  spec = plain_spec();
  spec.buffer_len_max = 1515;
  EXPECT_NE(refusal(veth.near(), spec).message.find("MTU of 1500"), std::string::npos);
  shell(fmt::format("ip link set {} down", veth.near()));
  EXPECT_NE(refusal(veth.near(), plain_spec()).message.find("is down"), std::string::npos);
}

}  // namespace
}  // namespace wireproof

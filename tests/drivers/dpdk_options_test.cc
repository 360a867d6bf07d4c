#include "dpdk/options.h"

#include <gtest/gtest.h>

namespace wireproof::dpdk {
namespace {

using Words = std::vector<std::string>;

Options parsed(const std::string& device, const std::map<std::string, std::string>& options) {
  const Result<Options> made = parse_options({"dpdk", device, options});
  EXPECT_TRUE(made) << made.error().message;
  return made ? *made : Options{};
}

Error refusal(const std::string& device, const std::map<std::string, std::string>& options) {
  const Result<Options> made = parse_options({"dpdk", device, options});
  EXPECT_FALSE(made) << device;
  return made ? Error{} : made.error();
}

TEST(DpdkOptions, TheInterfacesOfTheKernelAreKnown) {
  EXPECT_EQ(parsed("net_af_packet0", {{"iface", "e1"}}).interfaces, Words{"e1"});
  EXPECT_EQ(parsed("net_pcap0", {{"rx_iface", "e1"}, {"tx_iface", "e2"}}).interfaces,
            (Words{"e1", "e2"}));
  EXPECT_TRUE(parsed("net_pcap0", {{"rx_pcap", "file"}}).interfaces.empty());
  EXPECT_TRUE(parsed("net_vhost0", {{"iface", "/tmp/s"}}).interfaces.empty()) << "a path";
  EXPECT_TRUE(parsed("0000:03:00.0", {}).interfaces.empty());
}

// DPDK counts its taps from 0 in each process, so that a second process would share the first's.
TEST(DpdkOptions, ATapIsNamedAfterItsNumber) {
  EXPECT_EQ(parsed("net_tap3", {}).makes, Words{"dtap3"});
  EXPECT_EQ(parsed("net_tap3", {}).arguments, "net_tap3,iface=dtap3");
  EXPECT_EQ(parsed("net_tap3", {{"iface", "t"}}).makes, Words{"t"});
  EXPECT_EQ(parsed("net_tap3", {{"iface", "t"}}).arguments, "net_tap3,iface=t");
}

TEST(DpdkOptions, WhoListensAtASocketFileIsKnown) {
  EXPECT_EQ(parsed("net_vhost0", {{"iface", "/tmp/s"}}).listens_at, "/tmp/s");
  EXPECT_EQ(parsed("net_vhost0", {{"iface", "/tmp/s"}, {"client", "1"}}).listens_at, "");
  EXPECT_EQ(parsed("net_virtio_user0", {{"path", "/tmp/s"}}).listens_at, "");
  EXPECT_EQ(parsed("net_virtio_user0", {{"path", "/tmp/s"}, {"server", "1"}}).listens_at, "/tmp/s");
  EXPECT_EQ(parsed("net_memif0", {{"role", "server"}, {"socket", "s"}}).listens_at, "");
  EXPECT_EQ(parsed("net_memif0", {{"role", "server"}, {"socket", "s"}, {"socket-abstract", "no"}})
                .listens_at,
            "s");
}

TEST(DpdkOptions, RingsThatNobodyCountsTheDropsOfAreShortOnes) {
  EXPECT_EQ(parsed("net_memif0", {{"role", "client"}}).ring_holds, 256u);
  EXPECT_EQ(parsed("net_memif0", {{"rsize", "6"}}).ring_holds, 64u);
  EXPECT_EQ(parsed("net_virtio_user0", {{"path", "/tmp/s"}, {"queue_size", "128"}}).ring_holds,
            128u);
  EXPECT_EQ(parsed("net_virtio_user0", {{"path", "/tmp/s"}, {"queue_size", "1024"}}).ring_holds,
            256u);
  EXPECT_EQ(parsed("net_ring0", {}).ring_holds, 0u);
}

TEST(DpdkOptions, WhatCannotBeGuaranteedIsRefused) {
  const Error xdp = refusal("net_af_xdp0", {{"iface", "e1"}});
  EXPECT_EQ(xdp.kind, ErrorKind::kUsage);
  EXPECT_EQ(xdp.hint, "use af_xdp:e1, which sees them");
  EXPECT_EQ(refusal("net_af_xdp_mine0", {{"iface", "e1"}}).hint, xdp.hint)
      << "DPDK takes it for it";
  EXPECT_EQ(refusal("net_af_packet_mine0", {{"iface", "e1"}}).hint,
            "did you mean 'net_af_packet'?");
  EXPECT_EQ(refusal("net_tap0", {{"remote", "e1"}}).hint, "leave remote out");
  EXPECT_EQ(refusal("net_tap0", {{"persist", ""}}).hint, "leave persist out");
  EXPECT_EQ(refusal("net_af_packet0", {}).hint, "write dpdk:net_af_packet0,iface=...");
  EXPECT_EQ(refusal("net_virtio_user0", {}).kind, ErrorKind::kUsage);
}

}  // namespace
}  // namespace wireproof::dpdk

#include "io/port_claim.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "io/backend.h"
#include "io/backend_set.h"
#include "tools/backends.h"

namespace wireproof {
namespace {

const std::string kName = "test/" + std::to_string(getpid());

// A child that holds the name until it is killed.
class Holder {
 public:
  explicit Holder(const std::string& name) {
    std::array<int, 2> held{};
    if (pipe(held.data()) != 0) throw std::runtime_error("pipe");
    pid_ = fork();
    if (pid_ == 0) {
      const auto claim = PortClaim::take(name, "p0");
      const char done = claim ? 'y' : 'n';
      if (write(held[1], &done, 1) != 1) _exit(1);
      for (;;) pause();
    }
    char done = 0;
    if (::read(held[0], &done, 1) != 1 || done != 'y') throw std::runtime_error("not held");
    close(held[0]);
    close(held[1]);
  }
  ~Holder() { end(); }
  void end() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    pid_ = 0;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
};

TEST(PortClaim, AnotherProcessIsRefusedAndTheHolderNamed) {
  Holder holder(kName);
  for (int i = 0; i < 3; ++i) {  // asking takes nothing away
    const auto refused = PortClaim::take(kName, "p0");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kPrecondition);
    EXPECT_NE(refused.error().message.find("p0 is in use by another run"), std::string::npos);
    EXPECT_NE(refused.error().message.find("pid " + std::to_string(holder.pid())),
              std::string::npos)
        << refused.error().message;
    EXPECT_FALSE(refused.error().hint.empty());
  }
  EXPECT_TRUE(PortClaim::take(kName + "x", "p1"));
  holder.end();  // by SIGKILL
  EXPECT_TRUE(PortClaim::take(kName, "p0"));
}

TEST(PortClaim, LastsAsLongAsItsOwner) {
  {
    const auto claim = PortClaim::take(kName, "p0");
    ASSERT_TRUE(claim);
    const auto refused = PortClaim::take(kName, "p0");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("already a port of this run"), std::string::npos);
  }
  EXPECT_TRUE(PortClaim::take(kName, "p0"));
}

TEST(PortClaim, AnInterfaceIsTheSameWhateverItIsOpenedWith) {
  const std::string index = std::to_string(if_nametoindex("lo"));
  const BackendSet backends = enabled_backends();
  std::vector<PortNature> ways{{.interfaces = {"lo"}}, {.interfaces = {"lo", "lo"}}};
  for (const auto& backend : backends.backends) {
    if (backend->opens_interfaces()) ways.push_back(backend->nature({.device = "lo"}));
  }
  if (const Backend* dpdk = backends.find("dpdk")) {
    for (const PortSpec& port :
         {PortSpec{.device = "net_af_packet0", .options = {{"iface", "lo"}}},
          PortSpec{.device = "net_tap0", .options = {{"iface", "x"}, {"remote", "lo"}}},
          PortSpec{.device = "net_pcap0", .options = {{"rx_iface", "lo"}, {"tx_iface", "lo"}}}}) {
      ways.push_back(dpdk->nature(port));
    }
  }
  for (const PortNature& first : ways) {
    for (const PortNature& second : ways) {
      const auto held = claim_port(first);
      ASSERT_TRUE(held);
      EXPECT_EQ(held->size(), 1u);
      EXPECT_FALSE(claim_port(second));
    }
  }
  const auto held = claim_port(ways.front());
  for (const PortSpec& other : {PortSpec{.backend = "io_uring", .device = "127.0.0.1:7"},
                                PortSpec{.backend = "loopback", .device = "a"},
                                PortSpec{.backend = "dpdk", .device = "net_null0"},
                                PortSpec{.backend = "dpdk", .device = "0000:ff:1f.7"},
                                PortSpec{.backend = "af_packet", .device = "nosuch0"}}) {
    if (backends.find(other.backend) == nullptr) continue;
    const auto none = claim_port(nature_of(backends, other));
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->empty()) << other.backend;
  }
}

// What is asked of a backend instead of its name.
TEST(PortNature, IsKnownByTheWordsOfThePort) {
  using Reach = PortNature::Reach;
  const BackendSet backends = enabled_backends();
  const auto nature = [&](const char* words) {
    return nature_of(backends, *parse_port_spec(backends, words));
  };
  EXPECT_EQ(nature("loopback:a7,loss=1%").partner, "b7");
  EXPECT_EQ(nature("loopback:b").partner, "a");
  EXPECT_TRUE(nature("loopback:b").in_memory());
  EXPECT_TRUE(nature("loopback:a").interfaces.empty());
  EXPECT_EQ(nature("eth7").interfaces, std::vector<std::string>{"eth7"});
  EXPECT_EQ(nature("eth7").reach, Reach::kWire);
  if (backends.find("io_uring") != nullptr) {
    EXPECT_TRUE(nature("io_uring:127.0.0.1:7").sockets);
    EXPECT_TRUE(nature("io_uring:127.0.0.1:7").interfaces.empty());
  }
  if (backends.find("dpdk") == nullptr) return;
  EXPECT_EQ(nature("dpdk:net_ring0").reach, Reach::kItself);
  EXPECT_EQ(nature("dpdk:net_null0").reach, Reach::kNobody);
  EXPECT_EQ(nature("dpdk:net_tap0,iface=x,remote=y").interfaces,
            (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(nature("dpdk:0000:03:00.0").pci, "0000:03:00.0");
}

}  // namespace
}  // namespace wireproof

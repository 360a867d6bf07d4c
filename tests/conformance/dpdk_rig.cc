#include "conformance/conformance.h"
#include "dpdk/backend.h"
#include "support/netns.h"

namespace wireproof {
namespace {

// DPDK's ports on a real wire: net_af_packet at both ends of a veth pair. (Its memif ports cannot
// be closed and opened in one process; tests/system/dpdk_test.py has those.)
class DpdkRig final : public Rig {
 public:
  DpdkRig() {
    queues_most = 1;     // the number of its queues is an option of the port
    drops_told = false;  // the driver does not read the kernel's drop counters
  }
  [[nodiscard]] std::string name() const override { return "net_af_packet"; }
  [[nodiscard]] std::string cannot() const override { return no_namespaces(); }
  [[nodiscard]] Backend& backend() override { return *backend_; }
  [[nodiscard]] PortSpec port(unsigned side) override {
    if (!veth_) veth_ = std::make_unique<VethPair>();
    return {"dpdk",
            side == 0 ? "net_af_packet0" : "net_af_packet1",
            {{"iface", side == 0 ? veth_->near() : veth_->far()}}};
  }
  [[nodiscard]] std::string mode() const override { return "poll mode, "; }

 private:
  std::unique_ptr<VethPair> veth_;
  std::unique_ptr<Backend> backend_ = dpdk::make_backend();
};

std::unique_ptr<Rig> make_dpdk_rig() {
  return std::make_unique<DpdkRig>();
}

INSTANTIATE_TEST_SUITE_P(dpdk, Conformance, testing::Values(&make_dpdk_rig), rig_name);

}  // namespace
}  // namespace wireproof

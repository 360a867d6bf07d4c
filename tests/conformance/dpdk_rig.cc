#include "dpdk/backend.h"

#include <unistd.h>

#include "conformance/conformance.h"

namespace wireproof {
namespace {

// Two ports of one process, connected by net_memif: the same shared memory as between two.
class MemifRig final : public Rig {
 public:
  [[nodiscard]] std::string name() const override { return "memif"; }
  [[nodiscard]] std::string cannot() const override { return {}; }
  [[nodiscard]] Backend& backend() override { return *backend_; }
  // A pair is new each time: DPDK closes a memif's socket some time after the port.
  [[nodiscard]] PortSpec port(unsigned side) override {
    static unsigned pairs = 0;
    if (side == 0) ++pairs;
    return {"dpdk",
            "net_memif" + std::to_string(2 * pairs + side),
            {{"role", side == 0 ? "server" : "client"},
             {"socket", "wireproof-" + std::to_string(getpid()) + "-" + std::to_string(pairs)},
             {"mac", side == 0 ? "02:00:00:00:00:01" : "02:00:00:00:00:02"}}};
  }
  [[nodiscard]] std::string mode() const override { return "poll mode, "; }

 private:
  std::unique_ptr<Backend> backend_ = dpdk::make_backend();
};

std::unique_ptr<Rig> make_memif_rig() {
  return std::make_unique<MemifRig>();
}

INSTANTIATE_TEST_SUITE_P(dpdk, Conformance, testing::Values(&make_memif_rig), rig_name);

}  // namespace
}  // namespace wireproof

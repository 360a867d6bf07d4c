#include "af_packet/af_packet.h"
#include "conformance/conformance.h"
#include "support/netns.h"

namespace wireproof {
namespace {

class AfPacketRig final : public Rig {
 public:
  // The stamp is the kernel's wall clock, moved to the monotonic axis by a reading of both.
  AfPacketRig() { stamp_slack = 20 * kMicrosecond; }
  [[nodiscard]] std::string name() const override { return "veth"; }
  [[nodiscard]] std::string cannot() const override { return no_namespaces(); }
  [[nodiscard]] Backend& backend() override { return *backend_; }
  [[nodiscard]] PortSpec port(unsigned side) override {
    if (!veth_) veth_ = std::make_unique<VethPair>();
    return {"af_packet", side == 0 ? veth_->near() : veth_->far(), {}};
  }
  [[nodiscard]] std::string mode() const override { return "ring v2, guard "; }

 private:
  std::unique_ptr<VethPair> veth_;
  std::unique_ptr<Backend> backend_ = make_af_packet_backend();
};

std::unique_ptr<Rig> make_af_packet_rig() {
  return std::make_unique<AfPacketRig>();
}

INSTANTIATE_TEST_SUITE_P(af_packet, Conformance, testing::Values(&make_af_packet_rig), rig_name);

}  // namespace
}  // namespace wireproof

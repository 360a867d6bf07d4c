#include "af_xdp/af_xdp.h"
#include "conformance/conformance.h"
#include "support/netns.h"

namespace wireproof {
namespace {

// A pair of veths of two queues, with the XDP program in the driver (native) or behind it.
class AfXdpRig final : public Rig {
 public:
  explicit AfXdpRig(std::string attach) : attach_(std::move(attach)) {}
  [[nodiscard]] std::string name() const override { return "veth_" + attach_; }
  [[nodiscard]] std::string cannot() const override { return no_namespaces(); }
  [[nodiscard]] Backend& backend() override { return *backend_; }
  [[nodiscard]] PortSpec port(unsigned side) override {
    if (!veth_) veth_ = std::make_unique<VethPair>(VethSpec{.queues = queues_most});
    return {"af_xdp", side == 0 ? veth_->near() : veth_->far(), {{"mode", attach_}}};
  }
  [[nodiscard]] std::string mode() const override { return "copy, " + attach_ + " xdp"; }

 private:
  std::string attach_;
  std::unique_ptr<VethPair> veth_;
  std::unique_ptr<Backend> backend_ = make_af_xdp_backend();
};

std::unique_ptr<Rig> make_native() {
  return std::make_unique<AfXdpRig>("native");
}
std::unique_ptr<Rig> make_generic() {
  return std::make_unique<AfXdpRig>("generic");
}

INSTANTIATE_TEST_SUITE_P(af_xdp, Conformance, testing::Values(&make_native, &make_generic),
                         rig_name);

}  // namespace
}  // namespace wireproof

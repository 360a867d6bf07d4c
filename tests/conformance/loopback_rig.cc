#include "conformance/conformance.h"
#include "loopback/loopback.h"

namespace wireproof {
namespace {

class LoopbackRig final : public Rig {
 public:
  [[nodiscard]] std::string name() const override { return "clean"; }
  [[nodiscard]] std::string cannot() const override { return {}; }
  [[nodiscard]] Backend& backend() override { return *backend_; }
  [[nodiscard]] PortSpec port(unsigned side) override {
    return {"loopback", side == 0 ? "a" : "b", {}};
  }
  [[nodiscard]] std::string mode() const override { return "memory"; }

 private:
  std::unique_ptr<Backend> backend_ = make_loopback_backend();
};

// The same wire through the model: a delay too small to see.
class DelayedRig final : public Rig {
 public:
  DelayedRig() { stamp_slack = 1; }
  [[nodiscard]] std::string name() const override { return "through_model"; }
  [[nodiscard]] std::string cannot() const override { return {}; }
  [[nodiscard]] Backend& backend() override { return *backend_; }
  [[nodiscard]] PortSpec port(unsigned side) override {
    return {"loopback", side == 0 ? "a" : "b", {{"delay", "1ns"}}};
  }
  [[nodiscard]] std::string mode() const override { return "memory, impaired"; }

 private:
  std::unique_ptr<Backend> backend_ = make_loopback_backend();
};

template <typename R>
std::unique_ptr<Rig> make() {
  return std::make_unique<R>();
}

INSTANTIATE_TEST_SUITE_P(loopback, Conformance,
                         testing::Values(&make<LoopbackRig>, &make<DelayedRig>), rig_name);

}  // namespace
}  // namespace wireproof

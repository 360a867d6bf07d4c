#include "io_uring/io_uring.h"

#include "conformance/conformance.h"

namespace wireproof {
namespace {

class SocketRig : public Rig {
 public:
  SocketRig(std::string name, std::string address, std::string engine, std::string mode)
      : name_(std::move(name)),
        address_(std::move(address)),
        engine_(std::move(engine)),
        mode_(std::move(mode)) {
    // The difference of the two clocks is read at each poll, within tens of nanoseconds; under
    // valgrind or on a busy machine the readings lie further apart.
    stamp_slack = 50 * kMicrosecond;
    starving_frames = 100'000;
  }
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::string cannot() const override { return {}; }
  [[nodiscard]] Backend& backend() override { return *backend_; }
  [[nodiscard]] PortSpec port(unsigned /*side*/) override {
    return {"io_uring", address_ + ":0", {{"engine", engine_}}};
  }
  [[nodiscard]] std::string mode() const override { return mode_; }

 private:
  std::string name_, address_, engine_, mode_;
  std::unique_ptr<Backend> backend_ = make_io_uring_backend();
};

std::unique_ptr<Rig> make_mmsg_rig() {
  return std::make_unique<SocketRig>("mmsg", "127.0.0.1", "mmsg", "sendmmsg");
}
std::unique_ptr<Rig> make_mmsg_ipv6_rig() {
  return std::make_unique<SocketRig>("mmsg_ipv6", "[::1]", "mmsg", "sendmmsg");
}
std::unique_ptr<Rig> make_ring_rig() {
  return std::make_unique<SocketRig>("ring", "127.0.0.1", "io_uring", "io_uring send");
}

INSTANTIATE_TEST_SUITE_P(io_uring, Conformance,
                         testing::Values(&make_mmsg_rig, &make_mmsg_ipv6_rig, &make_ring_rig),
                         rig_name);

}  // namespace
}  // namespace wireproof

#include "af_xdp/af_xdp.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "af_xdp/device.h"
#include "af_xdp/options.h"
#include "af_xdp/privilege.h"
#include "af_xdp/socket.h"
#include "base/system_error.h"
#include "base/unique_fd.h"
#include "io/linux_interface.h"

namespace wireproof {
namespace {

class AfXdpBackend final : public Backend {
 public:
  [[nodiscard]] std::string_view name() const override { return "af_xdp"; }
  [[nodiscard]] std::string_view summary() const override {
    return "AF_XDP sockets with the tester's own XDP program: the fastest way through the Linux "
           "kernel";
  }
  [[nodiscard]] Probe probe() const override;
  [[nodiscard]] bool opens_interfaces() const override { return true; }
  [[nodiscard]] Status check(const PortSpec& port, const OpenSpec& spec) const override;
  [[nodiscard]] Result<std::unique_ptr<Device>> open(const PortSpec& port,
                                                     const OpenSpec& spec) override;
};

Probe AfXdpBackend::probe() const {
  if (const auto missing = af_xdp::missing_capabilities(); !missing.empty()) {
    const std::string names = fmt::format("{}", fmt::join(missing, ", "));
    return {.reason = fmt::format("it lacks {}", names),
            .cure = fmt::format("run as root, or grant {}", names)};
  }
  const UniqueFd socket(::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (!socket) {
    const Error error =
        system_error("the kernel gives no AF_XDP socket", errno,
                     "needs a kernel with CONFIG_XDP_SOCKETS, and leave to use it in a container");
    return {.reason = error.message, .cure = error.hint};
  }
  return {.usable = true};
}

// The frames before the program: what no mode of XDP carries is not to be told to try another mode.
Status AfXdpBackend::check(const PortSpec& port, const OpenSpec& spec) const {
  const Result<af_xdp::Options> options = af_xdp::parse_options(port);
  if (!options) return tl::unexpected(options.error());
  const auto layout = af_xdp::plan_umem(spec.buffer_len_max, spec.ring_frames);
  if (!layout) return tl::unexpected(layout.error());
  const auto interface = usable_interface(port.device, spec.buffer_len_max, spec.tagged);
  return interface ? Status() : tl::unexpected(interface.error());
}

Result<std::unique_ptr<Device>> AfXdpBackend::open(const PortSpec& port, const OpenSpec& spec) {
  if (const Status good = check(port, spec); !good) return tl::unexpected(good.error());
  const Result<af_xdp::Options> options = af_xdp::parse_options(port);
  if (const Probe probed = probe(); !probed.usable) {
    return fail(ErrorKind::kPrecondition, "af_xdp cannot be used here: " + probed.reason,
                probed.cure);
  }
  return af_xdp::XdpDevice::open(port.device, *options, spec);
}

}  // namespace

std::unique_ptr<Backend> make_af_xdp_backend() {
  return std::make_unique<AfXdpBackend>();
}

}  // namespace wireproof

#include "backend.h"

#include "device.h"
#include "eal.h"
#include "host.h"
#include "kernel_port.h"
#include "options.h"

namespace wireproof::dpdk {
namespace {

class DpdkBackend final : public Backend {
 public:
  std::string_view name() const override { return "dpdk"; }
  std::string_view summary() const override {
    return "NICs and virtual devices through DPDK, bypassing the kernel (a loadable module)";
  }
  Probe probe() const override { return {.usable = true}; }
  Status check(const PortSpec& port, const OpenSpec&) const override {
    const Result<Options> options = parse_options(port);
    if (!options) return tl::unexpected(options.error());
    return {};
  }
  Result<std::unique_ptr<Device>> open(const PortSpec& port, const OpenSpec& spec) override {
    const Result<Options> options = parse_options(port);
    if (!options) return tl::unexpected(options.error());
    if (options->nic) {
      if (const Status ok = nic_is_free("/", options->name); !ok) {
        return tl::unexpected(ok.error());
      }
    }
    Result<KernelPort> below = KernelPort::find(*options, spec.buffer_len_max, spec.tagged);
    if (!below) return tl::unexpected(below.error());
    if (const Status ok = clear_socket(options->listens_at); !ok) {
      return tl::unexpected(ok.error());
    }
    const Result<Eal*> eal =
        Eal::start({.pci_address = options->nic ? options->name : std::string(),
                    .shares = options->name.starts_with("net_memif")});
    if (!eal) return tl::unexpected(eal.error());
    if (options->nic && (*eal)->pages() == Pages::kOrdinary) {
      return fail(ErrorKind::kPrecondition,
                  "DPDK was started without hugepages for the first port, and a NIC needs them",
                  "as root: echo 512 > /proc/sys/vm/nr_hugepages");
    }
    const Result<std::uint16_t> attached = (*eal)->attach(options->name, options->arguments);
    if (!attached) return tl::unexpected(attached.error());
    return open_device(*attached, *options, spec, (*eal)->pages(), std::move(*below));
  }
};

}  // namespace

std::unique_ptr<Backend> make_backend() {
  return std::make_unique<DpdkBackend>();
}

}  // namespace wireproof::dpdk

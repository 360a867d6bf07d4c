#include "dpdk/dpdk.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <vector>

#include "boundary_id.h"
#include "module.h"
#include "module_folder.h"

namespace wireproof {
namespace dpdk {
namespace {

constexpr const char* kInstall =
    "install the package wireproof-dpdk, or libdpdk-dev and build again (docs/dependencies.md)";

std::string folder_of_program() {
  std::array<char, PATH_MAX> path;
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) return ".";
  const std::string program(path.data(), static_cast<std::size_t>(length));
  return program.substr(0, program.rfind('/'));
}

// The build tree's own beside a program that lies in one, else the installed one; nothing that an
// environment variable or the working directory could name.
std::string module_path() {
  std::string built = folder_of_program() + "/../drivers/dpdk/" + kModuleFile;
  if (access(built.c_str(), F_OK) == 0) return built;
  return fmt::format("{}/{}", kModuleFolder, kModuleFile);
}

class DpdkLoader final : public Backend {
 public:
  std::string_view name() const override { return "dpdk"; }
  std::string_view summary() const override {
    return "NICs and virtual devices through DPDK, bypassing the kernel (a loadable module)";
  }
  Probe probe() const override {
    const Result<Backend*> loaded = load();
    if (!loaded) return {.reason = loaded.error().message, .cure = loaded.error().hint};
    return (*loaded)->probe();
  }
  // Without the module: by the names of DPDK's virtual devices.
  PortNature nature(const PortSpec& port) const override {
    PortNature nature{.pci = port.device};
    if (port.device.starts_with("net_ring")) nature.reach = PortNature::Reach::kItself;
    if (port.device.starts_with("net_null")) nature.reach = PortNature::Reach::kNobody;
    // net_pcap, net_tap and others take the interface that they sit on as an option.
    for (const char* key : {"iface", "remote", "rx_iface", "rx_iface_in", "tx_iface"}) {
      const auto option = port.options.find(key);
      if (option != port.options.end()) nature.interfaces.push_back(option->second);
    }
    return nature;
  }
  Status check(const PortSpec& port, const OpenSpec& spec) const override {
    const Result<Backend*> loaded = load();
    if (!loaded) return tl::unexpected(loaded.error());
    return (*loaded)->check(port, spec);
  }
  Result<std::unique_ptr<Device>> open(const PortSpec& port, const OpenSpec& spec) override {
    const Result<Backend*> loaded = load();
    if (!loaded) return tl::unexpected(loaded.error());
    return (*loaded)->open(port, spec);
  }

 private:
  // Once; a failure is tried again. The module stays loaded: DPDK's threads run in it.
  Result<Backend*> load() const {
    if (module_) return module_.get();
    const std::string path = module_path();
    if (access(path.c_str(), F_OK) != 0) {
      return fail(ErrorKind::kPrecondition,
                  fmt::format("the DPDK module {} is not installed", kModuleFile), kInstall);
    }
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      return fail(ErrorKind::kPrecondition,
                  fmt::format("the DPDK module does not load: {}", error()),
                  "install the DPDK 22.11 runtime libraries (apt-get install libdpdk-dev)");
    }
    const auto entry = reinterpret_cast<ModuleEntry>(dlsym(library, kModuleEntry));
    if (entry == nullptr) {
      return fail(ErrorKind::kPrecondition, fmt::format("{} is not a module of wireproof", path),
                  kInstall);
    }
    module_.reset(entry(kBoundaryId));
    if (!module_) {
      return fail(ErrorKind::kPrecondition,
                  fmt::format("{} was built for another version of this program", path),
                  "install both from one build");
    }
    return module_.get();
  }
  static std::string error() {
    const char* text = dlerror();
    return text == nullptr ? "unknown reason" : text;
  }

  mutable std::unique_ptr<Backend> module_;
};

}  // namespace
}  // namespace dpdk

std::unique_ptr<Backend> make_dpdk_backend() {
  return std::make_unique<dpdk::DpdkLoader>();
}

}  // namespace wireproof

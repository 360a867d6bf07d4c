#include "io/backend_set.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/nearest.h"
#include "base/open_files.h"
#include "base/units.h"
#include "io/port_claim.h"

namespace wireproof {
namespace {

std::vector<std::string> names_of(const BackendSet& set) {
  std::vector<std::string> names;
  for (const auto& backend : set.backends) names.emplace_back(backend->name());
  return names;
}

std::string refusal(const Backend& backend, const Probe& probe) {
  return fmt::format("backend {} cannot be used here: {}", backend.name(), probe.reason);
}

Result<Backend*> named_backend(const BackendSet& set, const std::string& name) {
  if (Backend* backend = set.find(name)) return backend;
  for (const LeftOut& absent : set.left_out) {
    if (absent.name == name) {
      return fail(ErrorKind::kPrecondition,
                  fmt::format("backend {} is not in this build: {}", name, absent.reason),
                  "install what it needs and build again, or see 'wireproof backends'");
    }
  }
  return fail(ErrorKind::kUsage, "unknown backend " + quote(name),
              did_you_mean(name, names_of(set)));
}

// What the kernel's interfaces are opened with (netlink, programs and their maps, libraries) has no
// words of its own for want of descriptors: room for it is asked for first. A port in memory opens
// none.
Status check_room(const PortSpec& port, const PortNature& nature, unsigned queues) {
  constexpr std::uint64_t kForPort = 32;
  constexpr std::uint64_t kForQueue = 4;
  if (nature.in_memory()) return {};
  return check_files(kForPort + kForQueue * queues, fmt::format("port {}", port.device));
}

// A port that another run uses is refused before the driver touches it.
Result<std::unique_ptr<Device>> open_claimed(Backend& backend, const PortSpec& port,
                                             const OpenSpec& spec) {
  Result<std::vector<PortClaim>> claims = claim_port(backend.nature(port));
  if (!claims) return tl::unexpected(claims.error());
  Result<std::unique_ptr<Device>> device = backend.open(port, spec);
  if (device) (*device)->keep(std::move(*claims));
  return device;
}

}  // namespace

Backend* BackendSet::find(std::string_view name) const {
  for (const auto& backend : backends) {
    if (backend->name() == name) return backend.get();
  }
  return nullptr;
}

PortNature nature_of(const BackendSet& set, const PortSpec& port) {
  const Backend* backend = set.find(port.backend);
  return backend != nullptr ? backend->nature(port) : PortNature{.interfaces = {port.device}};
}

Result<Backend*> choose_backend(const BackendSet& set, const PortSpec& port) {
  if (!port.backend.empty()) {
    Result<Backend*> backend = named_backend(set, port.backend);
    if (!backend) return tl::unexpected(backend.error());
    const Probe probe = (*backend)->probe();
    if (!probe.usable) return fail(ErrorKind::kPrecondition, refusal(**backend, probe), probe.cure);
    return backend;
  }
  std::string refusals;
  for (const auto& backend : set.backends) {
    if (!backend->opens_interfaces()) continue;
    const Probe probe = backend->probe();
    if (probe.usable) return backend.get();
    refusals += (refusals.empty() ? "" : "; ") + refusal(*backend, probe);
  }
  if (refusals.empty()) refusals = "this build has no backend that opens network interfaces";
  return fail(ErrorKind::kPrecondition,
              fmt::format("no backend can open {}: {}", quote(port.device), refusals),
              "see 'wireproof backends'");
}

Result<std::unique_ptr<Device>> open_port(const BackendSet& set, const PortSpec& port,
                                          const OpenSpec& spec) {
  if (Status room = check_room(port, nature_of(set, port), spec.queues); !room)
    return tl::unexpected(room.error());
  const Result<Backend*> backend = choose_backend(set, port);
  if (!backend) return tl::unexpected(backend.error());
  return open_claimed(**backend, port, spec);
}

Result<PortSpec> parse_port_spec(const BackendSet& set, std::string_view text) {
  PortSpec port;
  std::string_view rest = text;
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    const std::string name(text.substr(0, colon));
    // Only the text before the first colon can name a backend; anything shaped like a word there
    // is taken for one, so that a misspelt backend is refused by name and not looked for as a NIC.
    const bool word =
        !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
    const bool absent = std::any_of(set.left_out.begin(), set.left_out.end(),
                                    [&](const LeftOut& left) { return left.name == name; });
    if (word || set.find(name) != nullptr || absent) {
      port.backend = name;
      rest.remove_prefix(colon + 1);
      if (const auto known = named_backend(set, name); !known) return tl::unexpected(known.error());
    }
  }
  std::size_t comma = rest.find(',');
  port.device = std::string(rest.substr(0, comma));
  if (port.device.empty()) {
    return fail(ErrorKind::kUsage, fmt::format("port {} names no device", quote(text)),
                "write BACKEND:DEVICE[,key=value...], for example af_xdp:eth0");
  }
  while (comma != std::string_view::npos) {
    rest.remove_prefix(comma + 1);
    comma = rest.find(',');
    const std::string_view option = rest.substr(0, comma);
    const std::size_t equals = option.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return fail(ErrorKind::kUsage,
                  fmt::format("port {}: option {} is not key=value", quote(text), quote(option)),
                  "write BACKEND:DEVICE,key=value, for example loopback:a,loss=1%");
    }
    const bool fresh =
        port.options
            .emplace(std::string(option.substr(0, equals)), std::string(option.substr(equals + 1)))
            .second;
    if (!fresh) {
      return fail(ErrorKind::kUsage,
                  fmt::format("port {}: option {} is given twice", quote(text),
                              quote(option.substr(0, equals))),
                  "give it once");
    }
  }
  return port;
}

}  // namespace wireproof

#include "io_uring/io_uring.h"

#include <fmt/format.h>

#include <cassert>

#include "base/nearest.h"
#include "base/units.h"
#include "io_uring/device.h"
#include "io_uring/endpoint.h"
#include "io_uring/ring_sender.h"

namespace wireproof {
namespace sockets {
namespace {

constexpr unsigned kMostQueues = 64;

Result<Engine> parse_engine(const std::string& text) {
  if (text == "mmsg") return Engine::kMmsg;
  if (text == "auto") return no_io_uring().empty() ? Engine::kIoUring : Engine::kMmsg;
  if (text == "io_uring") return Engine::kIoUring;
  return fail(ErrorKind::kUsage, fmt::format("engine: {} is not known", quote(text)),
              did_you_mean(text, {"auto", "mmsg", "io_uring"}));
}

Status check_queues(const PortSpec& port, const IpEndpoint& endpoint, unsigned queues) {
  if (queues < 1 || queues > kMostQueues) {
    return fail(ErrorKind::kUsage,
                fmt::format("io_uring:{}: {} queues asked for", port.device, queues),
                fmt::format("a port of sockets has 1 to {}", kMostQueues));
  }
  if (endpoint.l4_port + queues - 1 > 65535) {
    return fail(ErrorKind::kUsage,
                fmt::format("io_uring:{}: {} queues end behind port 65535", port.device, queues),
                "each queue takes one port, beginning with the one named: name a lower one");
  }
  return {};
}

struct Wanted {
  Engine engine;
  IpEndpoint endpoint;
};

Result<Wanted> read(const PortSpec& port, const OpenSpec& spec) {
  std::string asked = "auto";
  for (const auto& [key, value] : port.options) {
    if (key != "engine") {
      return fail(ErrorKind::kUsage, "io_uring has no option " + quote(key),
                  did_you_mean(key, {"engine"}));
    }
    asked = value;
  }
  const Result<Engine> engine = parse_engine(asked);
  if (!engine) return tl::unexpected(engine.error());
  const Result<IpEndpoint> endpoint = parse_endpoint(port.device);
  if (!endpoint) return tl::unexpected(endpoint.error());
  if (const Status status = check_queues(port, *endpoint, spec.queues); !status) {
    return tl::unexpected(status.error());
  }
  return Wanted{*engine, *endpoint};
}

class SocketBackend final : public Backend {
 public:
  [[nodiscard]] std::string_view name() const override { return "io_uring"; }
  [[nodiscard]] std::string_view summary() const override {
    return "UDP sockets (sendmmsg or io_uring); no privilege, the kernel owns the headers";
  }
  [[nodiscard]] Probe probe() const override { return {.usable = true}; }
  // Sockets know their own: two of port 0 are two.
  [[nodiscard]] PortNature nature(const PortSpec& /*port*/) const override {
    return {.sockets = true};
  }
  [[nodiscard]] Status check(const PortSpec& port, const OpenSpec& spec) const override {
    const auto wanted = read(port, spec);
    return wanted ? Status() : tl::unexpected(wanted.error());
  }
  [[nodiscard]] Result<std::unique_ptr<Device>> open(const PortSpec& port,
                                                     const OpenSpec& spec) override;
};

Result<std::unique_ptr<Device>> SocketBackend::open(const PortSpec& port, const OpenSpec& spec) {
  assert(spec.clock != nullptr);
  const Result<Wanted> wanted = read(port, spec);
  if (!wanted) return tl::unexpected(wanted.error());
  return open_sockets({port.device, wanted->endpoint, wanted->engine}, spec);
}

}  // namespace
}  // namespace sockets

std::unique_ptr<Backend> make_io_uring_backend() {
  return std::make_unique<sockets::SocketBackend>();
}

}  // namespace wireproof

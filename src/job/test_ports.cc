#include "job/test_ports.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "engine/header_choice.h"
#include "io/linux_interface.h"
#include "packet/frame_template.h"

namespace wireproof {
namespace {

Result<OpenSpec> open_spec(const TestSettings& test, const JobContext& context) {
  Result<Steering> steering = steering_for(test.profile);
  if (!steering) return tl::unexpected(steering.error());
  std::uint32_t largest = 0;
  for (const SizeChoice& choice : test.sizes) {
    largest = std::max(largest, *std::max_element(choice.sizes.begin(), choice.sizes.end()));
  }
  return OpenSpec{.queues = test.trial.queues,
                  .ring_frames = test.ring_frames,
                  .buffer_len_max = static_cast<std::uint16_t>(largest - kFcsLength),
                  .tagged = test.profile.vlan.has_value(),
                  .steering = std::move(*steering),
                  .vlan = test.profile.vlan,
                  .dscp = test.profile.dscp,
                  .ttl = test.profile.ttl,
                  .clock = &context.clock,
                  .stop = &context.cancelled};
}

// Before anything is opened: a size that cannot be sent is refused before others are.
Status check_frames(const TestSettings& test) {
  const auto headers = header_spec(test.profile, false);
  if (!headers) return tl::unexpected(headers.error());
  for (const SizeChoice& choice : test.sizes) {
    for (const std::uint32_t size : choice.sizes) {
      const auto made = FrameTemplate::make(*headers, size, false);
      if (!made) return tl::unexpected(made.error());
    }
  }
  return {};
}

struct NamedPorts {
  NamedPort tx;
  std::optional<NamedPort> rx;  // nullopt: --rx none
};

// What it sends comes back to it: by its nature, or because it is a port with whole frames that is
// named twice in the same words, where the user says to whom they go, who is then to send them
// back.
bool is_loop(const PortNature& port, const TestSettings& test) {
  if (port.reach == PortNature::Reach::kItself) return true;
  const bool addressed = test.profile.dst_mac || test.profile.next_hop;
  return addressed && test.tx == test.rx && !port.in_memory();
}

// One interface under two names: what it sends does not come back into it.
Status check_different(const PortNature& tx, const PortNature& rx) {
  for (const std::string& name : tx.interfaces) {
    const auto& others = rx.interfaces;
    if (std::find(others.begin(), others.end(), name) == others.end()) continue;
    return fail(ErrorKind::kUsage, fmt::format("--tx and --rx are the same interface, {}", name),
                "name the port the frames come out of");
  }
  return {};
}

Result<NamedPort> name_port(const std::string& words, const BackendSet& backends) {
  Result<PortSpec> spec = parse_port_spec(backends, words);
  if (!spec) return tl::unexpected(spec.error());
  PortNature nature = nature_of(backends, *spec);
  return NamedPort{std::move(*spec), std::move(nature)};
}

Result<NamedPorts> name_ports(const TestSettings& test, const JobContext& context) {
  Result<NamedPort> tx = name_port(test.tx, context.backends);
  if (!tx) return tl::unexpected(tx.error());
  NamedPorts named{.tx = std::move(*tx)};
  if (!test.rx) return named;
  Result<NamedPort> rx = name_port(*test.rx, context.backends);
  if (!rx) return tl::unexpected(rx.error());
  named.rx = std::move(*rx);
  if (named.tx.nature.sockets) return named;
  const std::string& device = named.tx.spec.device;
  if (named.rx->spec.device != device) {
    if (const Status ok = check_different(named.tx.nature, named.rx->nature); !ok) {
      return tl::unexpected(ok.error());
    }
    return named;
  }
  if (!is_loop(named.tx.nature, test)) {
    return fail(ErrorKind::kUsage, fmt::format("--tx and --rx are the same port, {}", device),
                "name the port the frames come out of, or the --dst-mac that sends them back");
  }
  if (test.bidirectional) {
    return fail(ErrorKind::kUsage,
                fmt::format("--bidirectional: the frames of {} come back to it", device),
                "leave --bidirectional out: each frame goes both ways");
  }
  return named;
}

std::string name_of(const PortSpec& port) {
  return fmt::format("{}:{}", port.backend, port.device);
}

// Whether frames can pass from one to the other at all.
Status check_pair(const NamedPort& tx, const NamedPort& rx) {
  if (tx.nature.sockets != rx.nature.sockets) {
    const auto& [sockets, frames] = tx.nature.sockets ? std::tie(tx, rx) : std::tie(rx, tx);
    return fail(ErrorKind::kUsage,
                fmt::format("{} carries UDP payloads, and {} whole frames", name_of(sockets.spec),
                            name_of(frames.spec)),
                "use backends of one layer on both ports");
  }
  if (tx.nature.in_memory() != rx.nature.in_memory()) {
    const PortSpec& memory = tx.nature.in_memory() ? tx.spec : rx.spec;
    return fail(
        ErrorKind::kUsage,
        fmt::format("{} and {} are not connected", name_of(tx.spec), name_of(rx.spec)),
        fmt::format("{0} is a wire in memory: both of its ends are {0} ports", memory.backend));
  }
  if (tx.nature.in_memory() && rx.spec.device != tx.nature.partner) {
    return fail(ErrorKind::kUsage,
                fmt::format("{} and {} are not the two ends of one wire", name_of(tx.spec),
                            name_of(rx.spec)),
                fmt::format("the other end of {} is {}:{}", name_of(tx.spec), tx.spec.backend,
                            tx.nature.partner));
  }
  for (const NamedPort* one : {&tx, &rx}) {
    const bool swallows = one->nature.reach == PortNature::Reach::kNobody;
    if (!swallows && one->nature.reach != PortNature::Reach::kItself) continue;
    return fail(ErrorKind::kUsage,
                fmt::format("{} and {} are not connected", tx.spec.device, rx.spec.device),
                swallows ? one->spec.device + " drops every frame it is sent: use it with --rx none"
                         : one->spec.device +
                               " returns every frame it is sent: name it as --tx and as --rx");
  }
  return {};
}

// Names the backend of the port and lets it look, without opening anything.
Status prepare_port(NamedPort& port, const TestSettings& test, const OpenSpec& spec,
                    const JobContext& context) {
  if (Status ok = check_management(port.nature, test.allow_mgmt_interface); !ok) return ok;
  const Result<Backend*> backend = choose_backend(context.backends, port.spec);
  if (!backend) return tl::unexpected(backend.error());
  port.spec.backend = std::string((*backend)->name());
  return (*backend)->check(port.spec, spec);
}

bool comes_back(const PreparedTest& prepared, const TestSettings& test) {
  return prepared.rx && prepared.rx->spec.device == prepared.tx.spec.device &&
         !prepared.tx.nature.sockets && is_loop(prepared.tx.nature, test);
}

// Absent where only the driver of the open port knows.
std::optional<double> line_rate_of(const NamedPort& port, const BackendSet& backends) {
  if (port.nature.in_memory() || port.nature.sockets) return 0.0;
  const Backend* backend = backends.find(port.spec.backend);
  if (backend == nullptr || !backend->opens_interfaces()) return std::nullopt;
  const Result<LinuxInterface> interface = read_interface(port.spec.device);
  if (!interface) return std::nullopt;
  return static_cast<double>(interface->speed_bps);
}

std::optional<double> line_rate_of(const PreparedTest& prepared, const TestSettings& test,
                                   const BackendSet& backends) {
  if (test.line_rate_bps > 0) return test.line_rate_bps;
  const std::optional<double> here = line_rate_of(prepared.tx, backends);
  const std::optional<double> there = prepared.rx ? line_rate_of(*prepared.rx, backends) : here;
  if (!here || !there) return std::nullopt;
  return std::min(*here, *there);
}

// Spinning pays where every loop has a core and one is left for the rest of the machine.
IdlePolicy idle_policy(const TestSettings& test, const CorePlan& cores, std::size_t allowed) {
  if (test.idle != Idle::kAuto) {
    return test.idle == Idle::kSpin ? IdlePolicy::kSpin : IdlePolicy::kSleep;
  }
  const std::size_t loops = cores.tx.size() + cores.rx.size();
  return cores.shared || allowed <= loops ? IdlePolicy::kSleep : IdlePolicy::kSpin;
}

// What an interface's MAC is, is known before it is opened.
Status check_destinations(const PreparedTest& prepared, const TestSettings& test) {
  const TrafficProfile& profile = test.profile;
  for (const auto& [sender, from, to] :
       {std::tuple{&prepared.tx, profile.src_mac, profile.dst_mac},
        std::tuple{&*prepared.rx, profile.reverse.src_mac, profile.reverse.dst_mac}}) {
    if (!to) continue;
    const Result<LinuxInterface> interface = read_interface(sender->spec.device);
    if (interface && interface->mac == *to) {
      return tl::unexpected(goes_nowhere(*to, sender->spec.device));
    }
    if (from == to) return tl::unexpected(goes_nowhere(*to, std::nullopt));
  }
  return {};
}

// The clock is compared on all cores with loops, then some are isolated, then this thread goes to
// its own.
Status settle_cores(const TestSettings& test, const PreparedTest& prepared,
                    const JobContext& context, TestCores& cores) {
  const CpuList used = cores.cores.with_loops();
  context.clock.check_cores(used, &context.cancelled);
  if (test.isolate) {
    std::vector<std::string> names;
    for (const NamedPort* port : {&prepared.tx, prepared.rx ? &*prepared.rx : nullptr}) {
      if (port == nullptr) continue;
      const std::vector<std::string>& interfaces = port->nature.interfaces;
      names.insert(names.end(), interfaces.begin(), interfaces.end());
      if (!port->nature.pci.empty()) names.push_back(port->nature.pci);
    }
    auto isolation = Isolation::make(used, names);
    if (!isolation) return tl::unexpected(isolation.error());
    cores.isolation = std::move(*isolation);
    cores.cores.partition = &cores.isolation->partition();
  }
  // A matter of accuracy: where it is refused nothing else is lost.
  if (auto control = ScopedCpus::make(cores.cores.control))
    cores.control.emplace(*std::move(control));
  return {};
}

}  // namespace

Status check_management(const PortNature& port, bool allowed) {
  if (allowed) return {};
  for (const std::string& name : port.interfaces) {
    const Result<LinuxInterface> interface = read_interface(name);
    if (!interface || !interface->carries_default_route) continue;  // unknown: the driver says so
    return fail(ErrorKind::kPrecondition,
                fmt::format("{} carries the default route of this host", name),
                "test on another interface, or give --allow-mgmt-interface");
  }
  return {};
}

Result<CorePlan> plan_cores_of(const TestSettings& test, const CpuList& allowed, int numa_node) {
  const unsigned directions = test.bidirectional ? 2 : 1;
  return plan_cores({.allowed = allowed,
                     .near = numa_node < 0 ? CpuList{} : CpuFacts{}.cpus_of_node(numa_node),
                     .tx_cores = test.tx_cores,
                     .rx_cores = test.rx_cores,
                     .tx_loops = directions * test.trial.queues,
                     .rx_loops = !test.rx ? 0 : directions * test.trial.queues,
                     .isolate = test.isolate});
}

Result<PreparedTest> prepare_test(const TestSettings& test, const JobContext& context) {
  if (const Status ok = check_frames(test); !ok) return tl::unexpected(ok.error());
  Result<OpenSpec> spec = open_spec(test, context);
  if (!spec) return tl::unexpected(spec.error());
  Result<NamedPorts> named = name_ports(test, context);
  if (!named) return tl::unexpected(named.error());
  PreparedTest prepared{
      .tx = std::move(named->tx), .rx = std::move(named->rx), .open = std::move(*spec)};
  if (const Status ok = prepare_port(prepared.tx, test, prepared.open, context); !ok) {
    return tl::unexpected(ok.error());
  }
  if (prepared.rx) {
    if (const Status ok = prepare_port(*prepared.rx, test, prepared.open, context); !ok) {
      return tl::unexpected(ok.error());
    }
    const bool loop = comes_back(prepared, test);
    const Status ok = loop ? Status() : check_pair(prepared.tx, *prepared.rx);
    if (!ok) return tl::unexpected(ok.error());
    const Status sent = loop ? Status() : check_destinations(prepared, test);
    if (!sent) return tl::unexpected(sent.error());
  }
  if (const auto cores = plan_cores_of(test, context.cores, -1); !cores)
    return tl::unexpected(cores.error());
  if (const Status able = test.isolate ? CorePartition::check() : Status(); !able)
    return tl::unexpected(able.error());
  prepared.line_rate_bps = line_rate_of(prepared, test, context.backends);
  return prepared;
}

Result<OpenPorts> open_ports(const TestSettings& test, const PreparedTest& prepared,
                             const JobContext& context) {
  OpenSpec spec = prepared.open;
  OpenPorts ports;
  // Steering names where the frames of each direction go: a's to the second port, b's to the first.
  spec.own_addresses = spec.steering.destinations.back();
  auto opened = open_port(context.backends, prepared.tx.spec, spec);
  if (!opened) return tl::unexpected(opened.error());
  ports.a = std::move(*opened);
  ports.loop = comes_back(prepared, test);
  if (prepared.rx && !ports.loop) {
    spec.own_addresses = spec.steering.destinations.front();
    opened = open_port(context.backends, prepared.rx->spec, spec);
    if (!opened) return tl::unexpected(opened.error());
    ports.b = std::move(*opened);
  }
  for (Device* device : {ports.a.get(), ports.b.get()}) {
    if (device == nullptr) continue;
    if (const Status ok = device->await_link(); !ok) return tl::unexpected(ok.error());
  }
  Result<CorePlan> cores = plan_cores_of(test, context.cores, ports.a->facts().numa_node);
  if (!cores) return tl::unexpected(cores.error());
  ports.cores = std::move(*cores);
  ports.trial = test.trial;
  ports.trial.idle = idle_policy(test, ports.cores, context.cores.size());
  ports.line_rate_bps = test.line_rate_bps;
  if (ports.line_rate_bps == 0) {
    const std::uint64_t here = ports.a->facts().line_rate_bps;
    const std::uint64_t there = ports.b ? ports.b->facts().line_rate_bps : here;
    ports.line_rate_bps = static_cast<double>(std::min(here, there));
  }
  if (const Status ok = settle_cores(test, prepared, context, ports); !ok)
    return tl::unexpected(ok.error());
  return ports;
}

Result<std::unique_ptr<PacketMeasurer>> make_measurer(const TestSettings& test,
                                                      const TrafficProfile& profile,
                                                      const OpenPorts& ports,
                                                      const JobContext& context,
                                                      IntervalObserver observer) {
  auto made =
      PacketMeasurer::make(ports.trial, profile, ports.pair(test.bidirectional), ports.cores,
                           context.clock, context.cancelled, std::move(observer));
  if (!made) return made;
  (*made)->on_silence(
      [&context](const std::string& sentence) { context.events.warning(sentence); });
  return made;
}

}  // namespace wireproof

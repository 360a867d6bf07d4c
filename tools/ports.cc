#include "tools/ports.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "engine/header_choice.h"
#include "io/linux_interface.h"
#include "packet/frame_template.h"
#include "tools/interrupt.h"
#include "tools/planned_headers.h"
#include "tools/standard_streams.h"
#include "traffic/schedule.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

Result<OpenSpec> open_spec(const TestSettings& test, const Clock& clock) {
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
                  .clock = &clock,
                  .stop = &interrupted()};
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
  PortSpec tx;
  std::optional<PortSpec> rx;  // nullopt: --rx none
};

// What it sends comes back to it: DPDK's ring device by itself; any port with whole frames that is
// named twice in the same words, where the user says to whom they go, who is then to send them
// back.
bool is_loop(const PortSpec& port, const TestSettings& test) {
  if (port.backend == "dpdk" && port.device.starts_with("net_ring")) return true;
  const bool addressed = test.profile.dst_mac || test.profile.next_hop;
  return addressed && test.tx == test.rx && port.backend != "loopback";
}

// What of the host a port may be: its own name, and the interfaces that a virtual device of DPDK
// names as options.
std::vector<std::string> names_of(const PortSpec& port) {
  std::vector<std::string> names{port.device};
  for (const char* key : {"iface", "rx_iface", "rx_iface_in", "tx_iface"}) {
    const auto option = port.options.find(key);
    if (option != port.options.end()) names.push_back(option->second);
  }
  return names;
}

// One interface under two names: what it sends does not come back into it.
Status check_different(const PortSpec& tx, const PortSpec& rx) {
  const std::vector<std::string> others = names_of(rx);
  for (const std::string& name : names_of(tx)) {
    if (std::find(others.begin(), others.end(), name) == others.end()) continue;
    return fail(ErrorKind::kUsage, fmt::format("--tx and --rx are the same interface, {}", name),
                "name the port the frames come out of");
  }
  return {};
}

Result<NamedPorts> name_ports(const TestSettings& test, const Session& session) {
  NamedPorts named;
  Result<PortSpec> port = parse_port_spec(session.backends, test.tx);
  if (!port) return tl::unexpected(port.error());
  named.tx = std::move(*port);
  if (!test.rx) return named;
  port = parse_port_spec(session.backends, *test.rx);
  if (!port) return tl::unexpected(port.error());
  named.rx = std::move(*port);
  const bool sockets = named.tx.backend == "io_uring";  // two of port 0 are two sockets
  if (sockets) return named;
  if (named.rx->device != named.tx.device) {
    if (const Status ok = check_different(named.tx, *named.rx); !ok) {
      return tl::unexpected(ok.error());
    }
    return named;
  }
  if (!is_loop(named.tx, test)) {
    return fail(ErrorKind::kUsage,
                fmt::format("--tx and --rx are the same port, {}", named.tx.device),
                "name the port the frames come out of, or the --dst-mac that sends them back");
  }
  if (test.bidirectional) {
    return fail(ErrorKind::kUsage,
                fmt::format("--bidirectional: the frames of {} come back to it", named.tx.device),
                "leave --bidirectional out: each frame goes both ways");
  }
  return named;
}

// A socket carries UDP payloads, every other port whole frames.
bool is_socket(const PortSpec& port) {
  return port.backend == "io_uring";
}

std::string name_of(const PortSpec& port) {
  return fmt::format("{}:{}", port.backend, port.device);
}

// Whether frames can pass from one to the other at all.
Status check_pair(const PortSpec& tx, const PortSpec& rx) {
  if (is_socket(tx) != is_socket(rx)) {
    return fail(ErrorKind::kUsage,
                fmt::format("{} carries UDP payloads, and {} whole frames",
                            name_of(is_socket(tx) ? tx : rx), name_of(is_socket(tx) ? rx : tx)),
                "use backends of one layer on both ports");
  }
  constexpr std::string_view kMemory = "loopback";
  if ((tx.backend == kMemory) != (rx.backend == kMemory)) {
    return fail(ErrorKind::kUsage,
                fmt::format("no frame gets from {} to {}", name_of(tx), name_of(rx)),
                "loopback is a wire in memory: both of its ends are loopback ports");
  }
  // Its ends are named a... and b...
  const auto other_end = [](const PortSpec& port) {
    return (port.device.starts_with('a') ? "b" : "a") + port.device.substr(1);
  };
  if (tx.backend == kMemory && rx.device != other_end(tx)) {
    return fail(ErrorKind::kUsage,
                fmt::format("{} and {} are not the two ends of one wire", name_of(tx), name_of(rx)),
                fmt::format("the other end of {} is {}:{}", name_of(tx), kMemory, other_end(tx)));
  }
  // DPDK's net_null swallows what it is sent, net_ring gives it back.
  for (const PortSpec* one : {&tx, &rx}) {
    const bool swallows = one->device.starts_with("net_null");
    if (one->backend != "dpdk" || !(swallows || one->device.starts_with("net_ring"))) continue;
    return fail(ErrorKind::kUsage, fmt::format("no frame gets from {} to {}", tx.device, rx.device),
                swallows ? "net_null swallows what it is sent: use it with --rx none"
                         : "net_ring gives back what it is sent: name it as --tx and as --rx");
  }
  return {};
}

// Names the backend of the port and lets it look, without opening anything.
Status prepare_port(PortSpec& port, const TestSettings& test, const OpenSpec& spec,
                    const Session& session) {
  if (Status ok = check_management(port, test.allow_mgmt_interface); !ok) return ok;
  const Result<Backend*> backend = choose_backend(session.backends, port);
  if (!backend) return tl::unexpected(backend.error());
  port.backend = std::string((*backend)->name());
  return (*backend)->check(port, spec);
}

bool comes_back(const PreparedTest& prepared, const TestSettings& test) {
  return prepared.rx && prepared.rx->device == prepared.tx.device && !is_socket(prepared.tx) &&
         is_loop(prepared.tx, test);
}

// Absent where only the driver of the open port knows.
std::optional<double> line_rate_of(const PortSpec& port) {
  if (port.backend == "loopback" || is_socket(port)) return 0.0;
  if (port.backend != "af_xdp" && port.backend != "af_packet") return std::nullopt;
  const Result<LinuxInterface> interface = read_interface(port.device);
  if (!interface) return std::nullopt;
  return static_cast<double>(interface->speed_bps);
}

std::optional<double> line_rate_of(const PreparedTest& prepared, const TestSettings& test) {
  if (test.line_rate_bps > 0) return test.line_rate_bps;
  const std::optional<double> here = line_rate_of(prepared.tx);
  const std::optional<double> there = prepared.rx ? line_rate_of(*prepared.rx) : here;
  if (!here || !there) return std::nullopt;
  return std::min(*here, *there);
}

Result<CorePlan> plan(const TestSettings& test, int numa_node) {
  const unsigned directions = test.bidirectional ? 2 : 1;
  return plan_cores({.allowed = allowed_cpus(),
                     .near = numa_node < 0 ? CpuList{} : CpuFacts{}.cpus_of_node(numa_node),
                     .tx_cores = test.tx_cores,
                     .rx_cores = test.rx_cores,
                     .tx_loops = directions * test.trial.queues,
                     .rx_loops = !test.rx ? 0 : directions * test.trial.queues});
}

// Spinning pays where every loop has a core and one is left for the rest of the machine.
IdlePolicy idle_policy(const TestSettings& test, const CorePlan& cores) {
  if (test.idle != Idle::kAuto) {
    return test.idle == Idle::kSpin ? IdlePolicy::kSpin : IdlePolicy::kSleep;
  }
  const std::size_t loops = cores.tx.size() + cores.rx.size();
  return cores.shared || allowed_cpus().size() <= loops ? IdlePolicy::kSleep : IdlePolicy::kSpin;
}

// The control thread keeps off the cores that send.
void keep_off_senders(const CorePlan& cores) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const unsigned cpu : cores.control) CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);  // an accuracy matter: failing costs nothing else
}

NicFacts nic_facts(const Device& device, std::uint32_t ring_frames) {
  const DeviceFacts& facts = device.facts();
  NicFacts nic;
  nic.port = facts.device;
  nic.backend = facts.backend;
  nic.device = facts.device;
  nic.udp_payload = facts.layer == Layer::kUdpPayload;
  if (!nic.udp_payload) nic.mac = facts.mac;
  if (nic.udp_payload) {
    const std::string ip = format_ip(facts.endpoint.ip);
    nic.endpoint = fmt::format("{}:{}", facts.endpoint.ip.v6 ? fmt::format("[{}]", ip) : ip,
                               facts.endpoint.l4_port);
  }
  nic.mtu = facts.mtu;
  nic.line_rate_bps = facts.line_rate_bps;
  nic.numa_node = facts.numa_node;
  nic.driver = facts.kernel_driver;
  nic.mode = facts.mode;
  nic.rx_stamp = facts.rx_stamp;
  nic.queues = facts.queues;
  nic.ring_frames = ring_frames;
  return nic;
}

}  // namespace

Status check_management(const PortSpec& port, bool allowed) {
  if (allowed) return {};
  for (const std::string& name : names_of(port)) {
    const Result<LinuxInterface> interface = read_interface(name);
    if (!interface || !interface->carries_default_route) continue;  // unknown: the driver says so
    return fail(ErrorKind::kPrecondition,
                fmt::format("{} carries the default route of this host", name),
                "test on another interface, or say --allow-mgmt-interface");
  }
  return {};
}

void describe_port(const Device& device, std::uint32_t ring_frames, RunReport& report) {
  report.environment.nics.push_back(nic_facts(device, ring_frames));
  for (const std::string& note : device.facts().notes) {
    report.notes.push_back(fmt::format("{}: {}", device.facts().device, note));
  }
}

namespace {
// What an interface's MAC is, is known before it is opened.
Status check_destinations(const PreparedTest& prepared, const TestSettings& test) {
  const TrafficProfile& profile = test.profile;
  for (const auto& [sender, from, to] :
       {std::tuple{&prepared.tx, profile.src_mac, profile.dst_mac},
        std::tuple{&*prepared.rx, profile.reverse.src_mac, profile.reverse.dst_mac}}) {
    if (!to) continue;
    const Result<LinuxInterface> interface = read_interface(sender->device);
    if (interface && interface->mac == *to) {
      return tl::unexpected(goes_nowhere(*to, sender->device));
    }
    if (from == to) return tl::unexpected(goes_nowhere(*to, std::nullopt));
  }
  return {};
}
}  // namespace

Result<PreparedTest> prepare_test(const TestSettings& test, const Session& session) {
  if (const Status ok = check_frames(test); !ok) return tl::unexpected(ok.error());
  Result<OpenSpec> spec = open_spec(test, session.clock);
  if (!spec) return tl::unexpected(spec.error());
  Result<NamedPorts> named = name_ports(test, session);
  if (!named) return tl::unexpected(named.error());
  PreparedTest prepared{
      .tx = std::move(named->tx), .rx = std::move(named->rx), .open = std::move(*spec)};
  if (const Status ok = prepare_port(prepared.tx, test, prepared.open, session); !ok) {
    return tl::unexpected(ok.error());
  }
  if (prepared.rx) {
    if (const Status ok = prepare_port(*prepared.rx, test, prepared.open, session); !ok) {
      return tl::unexpected(ok.error());
    }
    const bool loop = comes_back(prepared, test);
    const Status ok = loop ? Status() : check_pair(prepared.tx, *prepared.rx);
    if (!ok) return tl::unexpected(ok.error());
    const Status sent = loop ? Status() : check_destinations(prepared, test);
    if (!sent) return tl::unexpected(sent.error());
  }
  if (const auto cores = plan(test, -1); !cores) return tl::unexpected(cores.error());
  prepared.line_rate_bps = line_rate_of(prepared, test);
  return prepared;
}

Result<OpenPorts> open_ports(const TestSettings& test, const PreparedTest& prepared,
                             const Session& session) {
  OpenSpec spec = prepared.open;
  OpenPorts ports;
  // Steering names where the frames of each direction go: a's to the second port, b's to the first.
  spec.own_addresses = spec.steering.destinations.back();
  auto opened = open_port(session.backends, prepared.tx, spec);
  if (!opened) return tl::unexpected(opened.error());
  ports.a = std::move(*opened);
  ports.loop = comes_back(prepared, test);
  if (prepared.rx && !ports.loop) {
    spec.own_addresses = spec.steering.destinations.front();
    opened = open_port(session.backends, *prepared.rx, spec);
    if (!opened) return tl::unexpected(opened.error());
    ports.b = std::move(*opened);
  }
  for (Device* device : {ports.a.get(), ports.b.get()}) {
    if (device == nullptr) continue;
    if (const Status ok = device->await_link(); !ok) return tl::unexpected(ok.error());
  }
  Result<CorePlan> cores = plan(test, ports.a->facts().numa_node);
  if (!cores) return tl::unexpected(cores.error());
  ports.cores = std::move(*cores);
  ports.trial = test.trial;
  ports.trial.idle = idle_policy(test, ports.cores);
  ports.line_rate_bps = test.line_rate_bps;
  if (ports.line_rate_bps == 0) {
    const std::uint64_t here = ports.a->facts().line_rate_bps;
    const std::uint64_t there = ports.b ? ports.b->facts().line_rate_bps : here;
    ports.line_rate_bps = static_cast<double>(std::min(here, there));
  }
  std::vector<unsigned> used = ports.cores.tx;
  used.insert(used.end(), ports.cores.rx.begin(), ports.cores.rx.end());
  session.clock.check_cores(used, &interrupted());
  keep_off_senders(ports.cores);
  return ports;
}

void describe_ports(const OpenPorts& ports, const TestSettings& test, RunReport& report) {
  report.line_rate_bps = ports.line_rate_bps;
  report.notes.insert(report.notes.end(), test.notes.begin(), test.notes.end());
  for (const Device* device : {ports.a.get(), ports.b.get()}) {
    if (device != nullptr) describe_port(*device, test.ring_frames, report);
  }
  std::map<unsigned, std::string> roles;
  for (const unsigned cpu : ports.cores.tx) roles[cpu] = "tx";
  for (const unsigned cpu : ports.cores.rx)
    roles[cpu] = roles.contains(cpu) && roles[cpu] != "rx" ? "tx+rx" : "rx";
  for (const auto& [cpu, role] : roles) report.environment.cores_used.push_back({cpu, role});
  report.config.push_back({"idle", std::string(word_of(kIdlePolicyWords, ports.trial.idle))});
}

void describe_counters(const DeviceCounters& counters, NicFacts& nic) {
  nic.counters = counters.detail;
  // A port that only received has nothing to tell.
  if (counters.tx_stamps && counters.tx_stamps->asked > 0) nic.tx_stamps = counters.tx_stamps;
}

void describe_counters(const OpenPorts& ports, RunReport& report) {
  std::size_t index = 0;
  for (Device* device : {ports.a.get(), ports.b.get()}) {
    if (device == nullptr) continue;
    NicFacts& nic = report.environment.nics.at(index++);
    if (const auto counters = device->counters()) describe_counters(*counters, nic);
    nic.rx_stamp = device->facts().rx_stamp;  // reading may be what finds it out
  }
}

void tell_of_silence(PacketMeasurer& measurer, const Session& session) {
  if (session.output.quiet) return;
  measurer.on_silence([](const std::string& sentence) {
    const char* clear = isatty(STDERR_FILENO) != 0 ? "\r\x1b[K" : "";  // the progress
    say(fmt::format("{}wireproof: {}\n", clear, sentence));
  });
}

Config describe_test(const TestSettings& test) {
  const TrafficProfile& profile = test.profile;
  std::vector<std::string> sizes;
  for (const SizeChoice& choice : test.sizes) sizes.push_back(choice.name);
  Config config{{"tx", test.tx},
                {"rx", test.rx.value_or("none")},
                {"bidirectional", test.bidirectional},
                {"sizes", std::move(sizes)},
                {"flows", profile.flows},
                {"flow_order", profile.permuted_order ? "permuted" : "sequential"},
                {"ipv6", profile.ipv6}};
  std::vector<std::uint64_t> sent_sizes;
  for (const SizeChoice& choice : test.sizes) {
    sent_sizes.insert(sent_sizes.end(), choice.sizes.begin(), choice.sizes.end());
  }
  config.push_back({"frame_sizes", std::move(sent_sizes)});
  const Config headers = describe_headers(test);
  if (!headers.empty()) {
    // The forward direction's also under their own names, as they always were.
    for (const ConfigEntry& one : std::get<Config>(headers.front().value.value)) {
      if (one.key != "ip_version") config.push_back(one);
    }
    config.push_back({"headers", headers});
  }
  config.push_back({"queues", test.trial.queues});
  config.push_back({"ring_frames", test.ring_frames});
  config.push_back({"burst", test.trial.burst});
  config.push_back({"tx_stamp", std::string(word_of(kTxStampWords, test.trial.tx_stamp))});
  config.push_back({"pacing", std::string(word_of(kPacingWords, test.trial.pacing))});
  config.push_back({"schedule", std::string(word_of(kScheduleWords, test.trial.schedule))});
  if (test.trial.schedule == ScheduleKind::kBursty) {
    config.push_back({"burst_size", test.trial.burst_size});
  }
  config.push_back({"latency_every", test.trial.delay_every});
  config.push_back({"warm_up_ns", test.trial.warm_up});
  config.push_back({"drain_ns", test.trial.waiting_time});
  config.push_back({"end_when_complete", test.trial.end_when_complete});
  config.push_back({"unsent_tolerance", test.trial.unsent_ratio});
  return config;
}

namespace {

// "12.500 kpps, 8.400 Mbps L1, 6.400 Mbps L2, 25,000 frames"
std::string describe_rate(const TestSettings& test, double fps, double frame_size,
                          Nanoseconds duration) {
  return fmt::format(
      "            {}, {} L1, {} L2, {} frames{}\n", format_rate(fps),
      format_bps(layer1_bps(fps, frame_size)), format_bps(layer2_bps(fps, frame_size)),
      format_count(frames_in(fps, duration)), test.bidirectional ? " in each direction" : "");
}

std::string describe_named(const char* label, const std::string& typed, const PortSpec& port) {
  const std::string by = typed.starts_with(port.backend + ":") ? "" : " by " + port.backend;
  return fmt::format("{}     {}{} (this process has the privileges it needs)\n", label, typed, by);
}

}  // namespace

std::string describe_plan(const TestSettings& test, const PreparedTest& prepared,
                          const std::string& load, const std::vector<double>& loads_fps,
                          Nanoseconds duration) {
  std::string text = describe_named("tx port", test.tx, prepared.tx);
  if (prepared.rx) text += describe_named("rx port", *test.rx, *prepared.rx);
  text += fmt::format("load        {}\n", load);
  if (!prepared.line_rate_bps) {
    text += "            a share of line rate is known, and checked, when the port is open\n";
  }
  for (std::size_t i = 0; i < test.sizes.size(); ++i) {
    const SizeChoice& choice = test.sizes[i];
    TrafficProfile profile = test.profile;
    profile.sizes = choice.sizes;
    const double mean = mean_frame_size(profile);
    text += fmt::format("frames      {} bytes with FCS, {} flow{}{}\n", choice.name, profile.flows,
                        profile.flows == 1 ? "" : "s",
                        choice.sizes.size() > 1 ? fmt::format(", mean {:.1f}", mean) : "");
    if (i < loads_fps.size()) text += describe_rate(test, loads_fps[i], mean, duration);
  }
  text += plan_headers_text(test);
  for (const std::string& note : test.notes) text += fmt::format("note        {}\n", note);
  if (const auto cores = plan(test, -1)) {
    text += fmt::format("cores       sending {}, receiving {}\n", fmt::join(cores->tx, ","),
                        cores->rx.empty() ? "none" : fmt::format("{}", fmt::join(cores->rx, ",")));
  }
  return text + "dry run: nothing was opened and nothing was sent\n";
}

}  // namespace wireproof

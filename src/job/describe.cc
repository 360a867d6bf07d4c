#include "job/describe.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "job/planned_headers.h"
#include "settings/loads.h"
#include "traffic/schedule.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

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

void describe_port(const Device& device, std::uint32_t ring_frames, RunReport& report) {
  report.here().nics.push_back(nic_facts(device, ring_frames));
  for (const std::string& note : device.facts().notes) {
    report.notes.push_back(fmt::format("{}: {}", device.facts().device, note));
  }
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
  for (const auto& [cpu, role] : roles) report.here().cores_used.push_back({cpu, role});
  if (ports.isolation) {
    report.here().isolation = ports.isolation->facts();
    const std::vector<std::string>& notes = ports.isolation->notes();
    report.notes.insert(report.notes.end(), notes.begin(), notes.end());
  }
  report.config.push_back({"idle", std::string(word_of(kIdlePolicyWords, ports.trial.idle))});
}

void describe_counters(const DeviceCounters& counters, NicFacts& nic) {
  nic.counters = counters.detail;
  // A port that only received has nothing to tell.
  if (counters.tx_stamps && counters.tx_stamps->asked > 0) nic.tx_stamps = counters.tx_stamps;
}

void describe_counters(const OpenPorts& ports, RunReport& report) {
  if (ports.isolation) {
    if (std::string back = ports.isolation->interrupts_came_back(); !back.empty())
      report.notes.push_back(std::move(back));
  }
  std::size_t index = 0;
  for (Device* device : {ports.a.get(), ports.b.get()}) {
    if (device == nullptr) continue;
    NicFacts& nic = report.here().nics.at(index++);
    if (const auto counters = device->counters()) describe_counters(*counters, nic);
    nic.rx_stamp = device->facts().rx_stamp;  // reading may be what finds it out
  }
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
                {"networks", profile.networks},
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
  config.push_back({"waiting_time_ns", test.trial.waiting_time});
  config.push_back({"drain_ns", test.trial.waiting_time});  // its name until 0.1
  config.push_back({"end_when_complete", test.trial.end_when_complete});
  config.push_back({"unsent_tolerance", test.trial.unsent_ratio});
  return config;
}

namespace {

// "12.500 kpps, 8.400 Mbps L1, 6.400 Mbps L2, 25,000 frames"
std::string describe_rate(const TestSettings& test, const TrialSpec& load, double frame_size) {
  if (load.max_rate) return {};
  const double fps = load.intended_fps;
  const RateStep step = load.step.value_or(RateStep{.at = load.duration});
  const std::uint64_t frames =
      frames_in(fps, step.at) + frames_in(step.fps, load.duration - step.at);
  return fmt::format("            {}, {} L1, {} L2, {} frames{}\n", format_rate(fps),
                     format_bps(layer1_bps(fps, frame_size)),
                     format_bps(layer2_bps(fps, frame_size)), format_count(frames),
                     test.bidirectional ? " in each direction" : "");
}

std::string describe_named(const char* label, const std::string& typed, const PortSpec& port) {
  const std::string by = typed.starts_with(port.backend + ":") ? "" : " by " + port.backend;
  return fmt::format("{}     {}{} (this process has the privileges it needs)\n", label, typed, by);
}

}  // namespace

std::string plan_text(const TestSettings& test, const PreparedTest& prepared,
                      const JobContext& context, const std::string& load,
                      const std::vector<TrialSpec>& loads) {
  std::string text = describe_named("tx port", test.tx, prepared.tx.spec);
  if (prepared.rx) text += describe_named("rx port", *test.rx, prepared.rx->spec);
  text += fmt::format("load        {}\n", load);
  if (!prepared.line_rate_bps) {
    text += "            a share of line rate is known, and checked, when the port is open\n";
  }
  for (std::size_t i = 0; i < test.sizes.size(); ++i) {
    const SizeChoice& choice = test.sizes[i];
    const TrafficProfile profile = profile_of(test, choice);
    const double mean = mean_frame_size(profile);
    text += fmt::format("frames      {} bytes with FCS, {} flow{}{}\n", choice.name, profile.flows,
                        profile.flows == 1 ? "" : "s",
                        choice.sizes.size() > 1 ? fmt::format(", mean {:.1f}", mean) : "");
    if (i < loads.size()) text += describe_rate(test, loads[i], mean);
  }
  text += plan_headers_text(test);
  for (const std::string& note : test.notes) text += fmt::format("note        {}\n", note);
  if (const auto cores = plan_cores_of(test, context.cores, -1)) {
    text += fmt::format("cores       sending {}, receiving {}{}\n", fmt::join(cores->tx, ","),
                        cores->rx.empty() ? "none" : fmt::format("{}", fmt::join(cores->rx, ",")),
                        test.isolate ? ", to be isolated from other programs" : "");
  }
  return text + "dry run: nothing was opened and nothing was sent\n";
}

}  // namespace wireproof

// Ports, what is sent, and who sends it: the rows that all tests share.
#include <algorithm>

#include "settings/table.h"
#include "traffic/pacer.h"

namespace wireproof {
namespace {

using forms::choice;
using forms::count;
using forms::on;
using forms::word;

constexpr std::uint32_t kFrameSizeMax = 9'216;  // jumbo, as most switches have it
constexpr std::uint64_t kQueuesMax = 64;
constexpr std::string_view kNoReceiver = "none";
constexpr Verbs kMeasured{Verb::kTrial, Verb::kSearch,
                          Verb::kRfc2544};  // whose rates may be in bits

constexpr Verbs kNeedPorts{Verb::kTrial, Verb::kRfc2544, Verb::kCalibrate};

template <auto kMember>
auto test() {
  return in<&Settings::test, kMember>();
}
template <auto kMember>
auto profile() {
  return in<&Settings::test, &TestSettings::profile, kMember>();
}
template <auto kMember>
auto packet_trial() {
  return in<&Settings::test, &TestSettings::trial, kMember>();
}

Form receiver() {
  return {.values = "a port, or none",
          .read = [](std::string_view, const std::string& text, Settings& into) -> Status {
            // The bare word alone: an interface called so is named with its backend.
            into.test.rx.reset();
            if (text != kNoReceiver) into.test.rx = text;
            return {};
          },
          .write = [](const Settings& from) -> std::optional<ConfigValue> {
            if (from.test.tx.empty()) return std::nullopt;  // of another tester
            return ConfigValue(from.test.rx.value_or(std::string(kNoReceiver)));
          }};
}

Result<std::vector<SizeChoice>> read_sizes(std::string_view name, const std::string& text) {
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') {
    const auto mix = parse_size_mix(text);
    if (!mix) return tl::unexpected(mix.error());
    return std::vector<SizeChoice>{{text, *mix}};
  }
  // What fits behind which headers is the template's to say, with the least size that works.
  const auto sizes = parse_size_list(name, text, 1, kFrameSizeMax);
  if (!sizes) return tl::unexpected(sizes.error());
  std::vector<SizeChoice> choices;
  for (const std::uint32_t size : *sizes) choices.push_back({std::to_string(size), {size}});
  return choices;
}

std::string sizes_text(const std::vector<SizeChoice>& choices) {
  std::string text;
  for (const SizeChoice& choice : choices) text += (text.empty() ? "" : ",") + choice.name;
  return text;
}

Form line_rate() {
  const auto at = test<&TestSettings::line_rate_bps>();
  Form made = forms::form(
      "bits a second", at,
      [](std::string_view name, const std::string& text) -> Result<double> {
        const auto rate = parse_rate(name, text);
        if (!rate) return tl::unexpected(rate.error());
        if (rate->kind == Rate::Kind::kBps) return rate->value;
        return fail(ErrorKind::kUsage, fmt::format("{} {}: not bits a second", name, quote(text)),
                    "write it as 10Gbps");
      },
      [](double value) {
        return exact_rate({Rate::Kind::kBps, value});
      });
  made.write = [at](const Settings& from) -> std::optional<ConfigValue> {
    if (at(from) <= 0) return std::nullopt;
    return ConfigValue(exact_rate({Rate::Kind::kBps, at(from)}));
  };
  return made;
}

Result<std::uint32_t> read_latency(std::string_view name, const std::string& text) {
  if (text == "all") return 1u;
  if (text == "off") return 0u;
  if (text == "1/") {
    return fail(ErrorKind::kUsage, fmt::format("{} 1/: N is missing", name),
                "write all, 1/100 or off");
  }
  if (!text.starts_with("1/")) {
    return fail(ErrorKind::kUsage, fmt::format("{} {}: unknown", name, quote(text)),
                "write all, 1/100 or off");
  }
  const auto every = parse_count(std::string(name) + " 1/N", text.substr(2), 1, 1'000'000);
  if (!every) return tl::unexpected(every.error());
  return static_cast<std::uint32_t>(*every);
}

std::string latency_text(std::uint32_t every) {
  if (every <= 1) return every == 1 ? "all" : "off";
  return fmt::format("1/{}", every);
}

Result<MacAddress> read_mac(std::string_view name, const std::string& text) {
  const auto mac = parse_mac(text);
  if (!mac) {
    return fail(ErrorKind::kUsage, fmt::format("{} {}: not a MAC address", name, quote(text)),
                "write it as 02:00:5e:10:00:01");
  }
  if (mac->is_zero() || mac->is_multicast()) {
    return fail(ErrorKind::kUsage, fmt::format("{} {}: not a unicast address", name, text),
                "give the MAC address of one station");
  }
  return *mac;
}

Result<IpAddress> read_ip(std::string_view name, const std::string& text) {
  if (const auto ip = parse_ip(text)) return *ip;
  return fail(ErrorKind::kUsage, fmt::format("{} {}: not an IP address", name, quote(text)),
              "write it as 198.18.0.1 or 2001:2::1");
}

// A value for each direction, the reverse one's behind a comma.
template <typename T>
Form of_each_way(Result<T> (*read)(std::string_view, const std::string&),
                 std::string (*show)(const T&), Place<std::optional<T>> there,
                 Place<std::optional<T>> back) {
  return {
      .read = [=](std::string_view name, const std::string& text, Settings& into) -> Status {
        const std::size_t comma = text.find(',');
        const std::string first = text.substr(0, comma);
        const std::string second = comma == text.npos ? "" : text.substr(comma + 1);
        if (comma != text.npos &&
            (first.empty() || second.empty() || second.find(',') != text.npos)) {
          return fail(ErrorKind::kUsage, fmt::format("{} {}: not two values", name, quote(text)),
                      "write one, or one for each direction: A,B");
        }
        for (const auto& [one, at] : {std::pair{&first, &there(into)}, {&second, &back(into)}}) {
          if (one->empty()) continue;
          const Result<T> value = read(name, *one);
          if (!value) return tl::unexpected(value.error());
          *at = *value;
        }
        return {};
      },
      .write = [=](const Settings& from) -> std::optional<ConfigValue> {
        if (!there(from)) return std::nullopt;
        return ConfigValue(show(*there(from)) + (back(from) ? "," + show(*back(from)) : ""));
      }};
}

template <auto kMember>
auto reverse() {
  return in<&Settings::test, &TestSettings::profile, &TrafficProfile::reverse, kMember>();
}

Form macs(Place<std::optional<MacAddress>> there, Place<std::optional<MacAddress>> back) {
  return of_each_way<MacAddress>(
      read_mac, [](const MacAddress& mac) { return format_mac(mac); }, there, back);
}

Form ips(Place<std::optional<IpAddress>> there, Place<std::optional<IpAddress>> back) {
  return of_each_way<IpAddress>(
      read_ip, [](const IpAddress& ip) { return format_ip(ip); }, there, back);
}

constexpr Words<bool, 2> kFlowOrderWords{{{true, "permuted"}, {false, "sequential"}}};

}  // namespace

SettingRows port_settings() {
  return {
      needed(kNeedPorts, {"tx", "PORT", "sending port: BACKEND:DEVICE[,key=value...]", kTests,
                          Scope::kJob, word(test<&TestSettings::tx>())}),
      needed(kNeedPorts, {"rx", "PORT", "receiving port", kTests, Scope::kJob, receiver()}),
      of_calibration({"bidirectional", "", "both ways at once, at the same rate", kTests,
                      Scope::kJob, on(test<&TestSettings::bidirectional>())}),
      {"allow-mgmt-interface", "", "send even on the interface that carries the default route",
       kTests, Scope::kJob, on(test<&TestSettings::allow_mgmt_interface>())},
  };
}

SettingRows traffic_settings() {
  return {
      {"rate-layer", "LAYER",
       "which bits a rate in bits counts: l1 frame and 20 bytes, l2 frame, l3 packet", kMeasured,
       Scope::kJob, choice(kRateLayerWords, test<&TestSettings::rate_layer>())},
      {"size", "SIZES", "frame sizes with FCS: 64 or 64,512,1518 or imix or genome", kTests,
       Scope::kJob, forms::form("", test<&TestSettings::sizes>(), read_sizes, sizes_text)},
      {"line-rate", "RATE", "line rate of the port, if the port does not report one: 10Gbps",
       kTests, Scope::kJob, line_rate()},
      {"flows", "N", "number of distinct 5-tuples", kTests, Scope::kJob,
       count(1, kFlowsMax, profile<&TrafficProfile::flows>())},
      {"networks", "N",
       "networks of 256 addresses that the flows are sent to in turn, a power of two", kTests,
       Scope::kJob, count(1, kNetworksMax, profile<&TrafficProfile::networks>(), "256")},
      {"flow-order", "ORDER", "order of the flows: permuted or one after the other", kTests,
       Scope::kJob, choice(kFlowOrderWords, profile<&TrafficProfile::permuted_order>())},
      {"src-mac", "MAC", "source MAC; default: the sending port's", kTests, Scope::kJob,
       macs(profile<&TrafficProfile::src_mac>(), reverse<&ReverseAddresses::src_mac>())},
      {"dst-mac", "MAC", "destination MAC; default: the receiving port's", kTests, Scope::kJob,
       macs(profile<&TrafficProfile::dst_mac>(), reverse<&ReverseAddresses::dst_mac>())},
      {"next-hop", "ADDRESS", "resolve this address for the destination MAC", kTests, Scope::kJob,
       ips(profile<&TrafficProfile::next_hop>(), reverse<&ReverseAddresses::next_hop>())},
      {"src-ip", "ADDRESS", "source IP address; default: 198.18.0.1 or 2001:2:0:1::1", kTests,
       Scope::kJob, ips(profile<&TrafficProfile::src_ip>(), reverse<&ReverseAddresses::src_ip>())},
      {"dst-ip", "ADDRESS", "destination IP address; default: 198.19.0.1 or 2001:2:0:2::1", kTests,
       Scope::kJob, ips(profile<&TrafficProfile::dst_ip>(), reverse<&ReverseAddresses::dst_ip>())},
      {"src-port", "PORT", "first UDP source port", kTests, Scope::kJob,
       count(1, 65'535, profile<&TrafficProfile::src_l4_port>())},
      {"dst-port", "PORT", "UDP destination port", kTests, Scope::kJob,
       count(1, 65'535, profile<&TrafficProfile::dst_l4_port>())},
      {"vlan", "ID", "802.1Q id", kTests, Scope::kJob,
       count(1, 4'094, profile<&TrafficProfile::vlan>())},
      {"dscp", "N", "DSCP of the IP header", kTests, Scope::kJob,
       count(0, 63, profile<&TrafficProfile::dscp>())},
      {"ttl", "N", "TTL of the IP header, or IPv6 hop limit", kTests, Scope::kJob,
       count(1, 255, profile<&TrafficProfile::ttl>())},
      {"ipv6", "", "IPv6 instead of IPv4", kTests, Scope::kJob,
       on(profile<&TrafficProfile::ipv6>())},
  };
}

SettingRows tester_settings() {
  return {
      of_calibration({"queues", "N", "queue pairs for each port, each with its own loops", kTests,
                      Scope::kJob, count(1, kQueuesMax, packet_trial<&PacketTrialSpec::queues>())}),
      of_calibration({"ring", "N", "receive ring of each queue in frames, a power of two", kTests,
                      Scope::kJob,
                      count(kRingMin, kRingMax, test<&TestSettings::ring_frames>(), "4096")}),
      {"tx-cores", "CPUS", "cores that send: 1 or 2-3", kTests, Scope::kJob,
       forms::cpus(test<&TestSettings::tx_cores>())},
      {"rx-cores", "CPUS", "cores that receive", kTests, Scope::kJob,
       forms::cpus(test<&TestSettings::rx_cores>())},
      of_calibration({"isolate", "",
                      "keep all other programs and the ports' interrupts off these cores during "
                      "the run (root)",
                      kTests, Scope::kJob, on(test<&TestSettings::isolate>())}),
      of_calibration(
          {"burst", "N",
           "frames that the device can take at once; most that are caught up after a stall", kTests,
           Scope::kJob, count(1, Pacer::kBurstMax, test<&TestSettings::burst>())}),
      {"tx-stamp", "EACH", "one TX timestamp for each burst, or for each frame", kTests,
       Scope::kJob, choice(kTxStampWords, packet_trial<&PacketTrialSpec::tx_stamp>())},
      of_calibration({"pacing", "HOW",
                      "due frames leave together (burst) or one at a time (precise)", kTests,
                      Scope::kJob, choice(kPacingWords, packet_trial<&PacketTrialSpec::pacing>())}),
      of_calibration({"schedule", "KIND",
                      "when frames are due: constant gaps, Poisson, or N at once (bursty)", kTests,
                      Scope::kJob,
                      choice(kScheduleWords, packet_trial<&PacketTrialSpec::schedule>())}),
      of_calibration({"burst-size", "N", "frames in each burst of a bursty schedule", kTests,
                      Scope::kJob, count(2, Pacer::kBurstMax, test<&TestSettings::burst_size>())}),
      {"idle", "HOW", "loops without work spin or sleep; auto: sleep where cores are few", kTests,
       Scope::kJob, choice(kIdleWords, test<&TestSettings::idle>())},
      of_calibration({"latency", "PART",
                      "frames whose delay is recorded: all, every N-th (1/N) or none (off)", kTests,
                      Scope::kJob,
                      forms::form("all, 1/N, off", packet_trial<&PacketTrialSpec::delay_every>(),
                                  read_latency, latency_text)}),
      {"warm-up", "TIME", "duration of the warm-up, traffic before the count; 0 for none", kTests,
       Scope::kJob, forms::duration(0, 3600 * kSecond, packet_trial<&PacketTrialSpec::warm_up>())},
      formerly("drain", {"waiting-time", "TIME",
                         "time after the last frame was sent; frames that arrive later are late",
                         kTests, Scope::kJob,
                         forms::duration(kMillisecond, kDelayMax,
                                         packet_trial<&PacketTrialSpec::waiting_time>())}),
      {"interval", "TIME", "time step of the live series", kTests, Scope::kJob,
       forms::duration(10 * kMillisecond, 3600 * kSecond,
                       packet_trial<&PacketTrialSpec::interval>())},
      {"end-when-complete", "",
       "end the waiting time when every frame has arrived; later copies are not counted", kMeasured,
       Scope::kJob, on(packet_trial<&PacketTrialSpec::end_when_complete>())},
      {"no-calibration", "", "do not show the back-to-back baseline beside the result", kMeasured,
       Scope::kJob, on(test<&TestSettings::no_calibration>())},
  };
}

}  // namespace wireproof

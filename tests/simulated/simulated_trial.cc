// One trial through a device that logs what it does, all of it in simulated time: the real loops
// that send and receive, the real forwarder, wires in memory. Prints what the program says as the
// event of a trial (report/json.h) and writes what the device did (docs/dut-log.md); judges
// nothing.
//
//   simulated_trial LOG [KEY=VALUE...]
//
// Keys: those of io/wire_options.h, which are the device's, and those that read_case() reads.
#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <map>
#include <string>

#include "base/units.h"
#include "engine/forwarder.h"
#include "engine/header_choice.h"
#include "engine/packet_trial.h"
#include "io/backend_set.h"
#include "io/wire_options.h"
#include "loopback/loopback.h"
#include "report/json.h"
#include "simulated/ports.h"
#include "support/simulated_time.h"

namespace wireproof {
namespace {

constexpr std::uint32_t kRing = 4096;

// A value that means nothing ends the program: its caller is a test.
[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "simulated_trial: {}\n", why);
  std::exit(2);
}

template <typename T>
T sure(Result<T> result) {
  if (!result) give_up(result.error().message);
  return std::move(*result);
}

struct Case {
  TrafficProfile profile;
  PacketTrialSpec trial;
  TrialSpec spec;
  WireSpec wire;
  unsigned queues = 1;
  bool both_ways = false;
  bool strangers = false;
  std::optional<std::uint64_t> picky_seed;
  std::vector<std::pair<Nanoseconds, Nanoseconds>> pre_empted;  // from the start, for how long
};

using Words = std::map<std::string, std::string>;

Words read_words(int argc, char** argv) {
  Words words;
  for (int i = 2; i < argc; ++i) {
    const std::string word = argv[i];
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) give_up(word + " is not KEY=VALUE");
    words[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return words;
}

// Takes words out of the map, so that what is left over was not understood.
class Reader {
 public:
  explicit Reader(Words& words) : words_(words) {}

  std::string text(const std::string& key, const std::string& otherwise) {
    const auto found = words_.find(key);
    if (found == words_.end()) return otherwise;
    std::string value = found->second;
    words_.erase(found);
    return value;
  }
  std::uint64_t count(const std::string& key, std::uint64_t otherwise) {
    return sure(parse_count(key, text(key, std::to_string(otherwise)), 0, 1'000'000'000));
  }
  Nanoseconds time(const std::string& key, const std::string& otherwise) {
    return sure(parse_duration(key, text(key, otherwise), 0, 100 * kSecond));
  }

 private:
  Words& words_;
};

ScheduleKind schedule_of(const std::string& word) {
  if (const auto kind = value_of(kScheduleWords, word)) return *kind;
  give_up("no schedule is called " + word);
}

void read_profile(Reader& reader, TrafficProfile& profile) {
  profile.size_name = reader.text("size", "64");
  const bool digits = profile.size_name.find_first_not_of("0123456789") == std::string::npos;
  profile.sizes = digits ? std::vector{static_cast<std::uint32_t>(std::stoul(profile.size_name))}
                         : sure(parse_size_mix(profile.size_name));
  profile.flows = static_cast<std::uint32_t>(reader.count("flows", 1));
  profile.ipv6 = reader.count("ipv6", 0) != 0;
  if (const auto vlan = reader.count("vlan", 0)) profile.vlan = static_cast<std::uint16_t>(vlan);
}

Case read_case(Words words) {
  Case made;
  Reader reader(words);
  read_profile(reader, made.profile);
  made.queues = made.trial.queues = static_cast<unsigned>(reader.count("queues", 1));
  made.trial.warm_up = reader.time("warm-up", "0ms");
  made.trial.burst = static_cast<std::uint32_t>(reader.count("burst", made.trial.burst));
  made.trial.waiting_time = reader.time("waiting", "20ms");
  made.trial.schedule = schedule_of(reader.text("schedule", "constant"));
  made.trial.burst_size = static_cast<std::uint32_t>(reader.count("burst-size", 1));
  if (reader.count("precise", 0) != 0) made.trial.pacing = PacingMode::kPrecise;
  if (reader.count("stamp-each", 0) != 0) made.trial.tx_stamp = TxStamp::kFrame;
  made.spec.id = 1;
  made.spec.frame_size = largest_frame_size(made.profile);
  made.spec.intended_fps = static_cast<double>(reader.count("fps", 200'000));
  made.spec.duration = reader.time("duration", "100ms");
  made.spec.goal_loss_ratio = sure(parse_ratio("goal", reader.text("goal", "0")));
  made.both_ways = reader.count("both-ways", 0) != 0;
  made.strangers = reader.count("strangers", 0) != 0;
  if (const auto seed = reader.count("picky", 0)) made.picky_seed = seed;
  if (const Nanoseconds length = reader.time("pre-empted-for", "0ms")) {
    // Once while frames flow, and once more near the end.
    made.pre_empted = {{made.spec.duration / 3, length}, {made.spec.duration * 7 / 8, length}};
  }
  made.wire = sure(parse_wire_options(words));
  for (const std::string& name : wire_option_names()) words.erase(name);
  if (!words.empty()) give_up("no such key: " + words.begin()->first);
  return made;
}

// A device as `wireproof dut` is one, looked at whenever time passes.
class SimulatedDevice final : public Step {
 public:
  SimulatedDevice(const Case& of, Device& a, Device& b, const Clock& clock)
      : log_(records_for(of)), forwarder_(a, b, spec_for(of), clock, &log_) {}

  Nanoseconds run() override { return forwarder_.step() > 0 ? Step::kBusy : Step::kWhenever; }
  // What is inside stays there.
  void end() { forwarder_.finish(); }
  [[nodiscard]] const ForwardLog& log() const { return log_; }
  [[nodiscard]] std::string trouble() const {
    if (log_.overflow() > 0) return "the device's log is full";
    for (const DutCounts* counts : {&forwarder_.a_to_b(), &forwarder_.b_to_a()}) {
      if (std::string broken = check_identity(*counts); !broken.empty()) return broken;
      if (counts->pool_dropped > 0) return "the device had no buffer left";
    }
    return {};
  }

 private:
  static std::uint32_t records_for(const Case& of) {
    const auto time = static_cast<double>(of.spec.duration + of.trial.warm_up);
    return static_cast<std::uint32_t>(4 * of.spec.intended_fps * time / 1e9) + 10'000;
  }
  static ForwarderSpec spec_for(const Case& of) {
    const auto pool = pool_frames_needed(of.wire, of.spec.intended_fps);
    ForwardPathSpec path{.wire = of.wire, .pool_frames = static_cast<std::uint32_t>(pool)};
    ForwarderSpec spec{.a_to_b = path, .drain_time = 0};
    path.b_to_a = true;
    path.wire.seed += 1'000'000;
    spec.b_to_a = path;
    return spec;
  }

  ForwardLog log_;
  Forwarder forwarder_;
};

std::unique_ptr<Device> open_end(BackendSet& backends, const std::string& end, OpenSpec open) {
  return sure(open_port(backends, sure(parse_port_spec(backends, "loopback:" + end)), open));
}

// Sixteen that need not be there, one for each loop: nobody is pinned to them.
CorePlan cores_for(const Case& of) {
  CpuList cores;
  for (unsigned i = 0; i < 16; ++i) cores.push_back(i);
  const unsigned loops = of.queues * (of.both_ways ? 2 : 1);
  return sure(plan_cores({.allowed = cores, .tx_loops = loops, .rx_loops = loops}));
}

void write_log(const ForwardLog& log, const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) give_up(path + " cannot be written");
  const bool written = log.write_csv(file, path).has_value();
  if (std::fclose(file) != 0 || !written) give_up(path + " could not be written");
}

void run_case(const Case& of, const std::string& log) {
  SimulatedTime clock;
  BackendSet backends;
  backends.backends.push_back(make_loopback_backend());
  OpenSpec open{.queues = of.queues,
                .ring_frames = kRing,
                .buffer_len_max = 1518,
                .steering = sure(steering_for(of.profile)),
                .clock = &clock};
  const auto tester_a = open_end(backends, "a", open);
  const auto tester_b = open_end(backends, "a1", open);
  open.steering = {.everything = true};
  const auto device_a = open_end(backends, "b", open);
  const auto device_b = open_end(backends, "b1", open);
  TesterPort from(*tester_a, of.picky_seed);
  TesterPort to(*tester_b, of.picky_seed ? std::optional(*of.picky_seed + 100) : std::nullopt);
  DevicePort near(*device_a);
  DevicePort far(*device_b);
  SimulatedDevice device(of, near, far, clock);
  if (of.strangers) {
    far.let_in_strangers(&from);
    if (of.both_ways) near.let_in_strangers(&to);
  }
  clock.always(device);
  for (const auto& [at, length] : of.pre_empted) clock.pre_empt(clock.now() + at, length);

  const std::atomic<bool> interrupted{false};
  const auto measurer = sure(PacketMeasurer::make(
      of.trial, of.profile, {.a = &from, .b = &to, .bidirectional = of.both_ways}, cores_for(of),
      clock, interrupted, {}));
  measurer->run_on(clock.workers());
  const TrialResult trial = sure(measurer->measure(of.spec));
  device.end();
  if (const std::string trouble = device.trouble(); !trouble.empty()) give_up(trouble);
  write_log(device.log(), log);
  fmt::print("{}", trial_event(trial, Hosts(1)));
}

}  // namespace
}  // namespace wireproof

int main(int argc, char** argv) {
  if (argc < 2) wireproof::give_up("usage: simulated_trial LOG [KEY=VALUE...]");
  wireproof::run_case(wireproof::read_case(wireproof::read_words(argc, argv)), argv[1]);
}

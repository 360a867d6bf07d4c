// One end of a direction in a process of its own, for halves.py. What it has to know it is told on
// standard input, and what it has to tell it prints, a line each:
//
//   half send|receive PORT FLOWS FPS FRAMES TRIAL_ID DST_MAC CLOCK_OFFSET STREAMS HEADERS
//       prints `ready NOW`, reads `go EPOCH` and prints `begun`; a sender prints `ended AT` when
//       its last frame has left, a receiver reads that. Each then prints the report of each stream,
//       a form feed behind each, and ends. Times are nanoseconds of the process's own clock, which
//       is off by CLOCK_OFFSET. Of 2 STREAMS the other one has two flows and a quarter of the rate.
//       HEADERS: ipv4, or ipv6 behind a VLAN tag.
//   half fold SENT RECEIVED
//       files with these reports; prints the counts of the direction, and what spoiled them.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "base/host_clock.h"
#include "engine/fold.h"
#include "engine/growth.h"
#include "engine/header_choice.h"
#include "engine/receiver.h"
#include "engine/sender.h"
#include "engine/worker.h"
#include "io/backend_set.h"
#include "report/end_reports.h"
#include "support/other_clock.h"
#include "tools/backends.h"

namespace wireproof {
namespace {

constexpr Nanoseconds kWaitingTime = 300 * kMillisecond;
constexpr const char* kReportEnd = "\f";

// Whatever fails ends the program: its caller is a test.
[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "half: {}\n", why);
  std::exit(2);
}

template <typename T>
T sure(Result<T> result) {
  if (!result) give_up(result.error().message);
  return std::move(*result);
}

void sure(const Status& status) {
  if (!status) give_up(status.error().message);
}

void say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

// The number behind `word` in the next line.
Nanoseconds hear(const std::string& word) {
  std::string said;
  Nanoseconds value = 0;
  if (!(std::cin >> said >> value) || said != word) give_up("no " + word);
  return value;
}

bool something_to_hear() {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return ::poll(&input, 1, 0) > 0;
}

// What is sent at once: all of these, each with so many flows and such a rate.
struct Part {
  std::uint32_t flows;
  double fps;
  std::uint32_t size;
};

struct Half {
  explicit Half(char** words) : clock(host_clock, std::stoll(words[7])) {
    const auto flows = static_cast<std::uint32_t>(std::stoul(words[2]));
    const double fps = std::stod(words[3]);
    parts = {{.flows = flows, .fps = fps, .size = ipv6(words) ? 96u : 64u}};
    if (words[8] == std::string("2")) parts.push_back({.flows = 2, .fps = fps / 4, .size = 200});
    const auto duration =
        static_cast<Nanoseconds>(std::llround(std::stod(words[4]) * kSecond / fps));
    OpenSpec spec{.steering = sure(steering_for(profile_of(parts[0], words))), .clock = &clock};
    const BackendSet backends = enabled_backends();
    port = sure(open_port(backends, sure(parse_port_spec(backends, words[1])), spec));
    sure(port->await_link());
    const DeviceFacts elsewhere;  // the other end's: one queue, as here
    for (const Part& part : parts) {
      const TrafficProfile profile = profile_of(part, words);
      // A receiver asks for no neighbour, and is told what the sender sends: here by the same
      // words.
      Stream stream = words[0] == std::string("send")
                          ? sure(plan_stream({.from = *port, .to = &elsewhere}, profile, false))
                          : Stream{.profile = profile,
                                   .headers = sure(header_spec(profile, false)),
                                   .spaces = profile.flows};
      stream.number = static_cast<std::uint32_t>(streams.size());
      streams.push_back(std::move(stream));
      runs.push_back({.fps = part.fps,
                      .duration = duration,
                      .burst = 1024,
                      .trial_id = static_cast<std::uint16_t>(std::stoul(words[5]))});
    }
    before = sure(port->counters());
  }

  static bool ipv6(char** words) { return words[9] == std::string("ipv6"); }

  static TrafficProfile profile_of(const Part& part, char** words) {
    TrafficProfile profile{.sizes = {part.size}, .flows = part.flows};
    profile.dst_mac = parse_mac(words[6]);
    if (ipv6(words)) {
      profile.ipv6 = true;
      profile.vlan = 7;
    }
    return profile;
  }

  // Runs `steps` until `over`, between the caller's `go` and the end of all threads.
  void work(std::vector<Step*> steps, const std::vector<Collector*>& series, const auto& start,
            const auto& over) {
    WorkerGroup group({{.steps = std::move(steps)}}, IdlePolicy::kSleep, clock);
    sure(group.wait_until_ready());
    say(fmt::format("ready {}", clock.now()));
    const Nanoseconds epoch = hear("go");
    for (StreamRun& run : runs) run.epoch = epoch;
    start();
    group.go();
    say("begun");
    while (!over()) {
      clock.sleep_until(clock.now() + kMillisecond);
      clock.maintain();
      for (Collector* one : series) one->sample(clock.now());
    }
    group.stop();
    for (Collector* one : series) one->finish(clock.now());
  }

  HostClock host_clock;
  OtherClock clock;
  std::vector<Part> parts;
  std::vector<Stream> streams;
  std::vector<StreamRun> runs;  // of each
  std::unique_ptr<Device> port;
  DeviceCounters before;
};

void send(Half half) {
  std::vector<std::unique_ptr<Sender>> senders;
  std::vector<Step*> steps;
  std::vector<Collector*> series;
  for (const Stream& stream : half.streams) {
    senders.push_back(sure(Sender::make({.port = half.port.get()}, stream, half.clock)));
    steps.push_back(senders.back()->loops().front().get());
    series.push_back(&senders.back()->series());
  }
  half.work(
      steps, series,
      [&] {
        for (std::size_t i = 0; i < senders.size(); ++i) senders[i]->start(half.runs[i], nullptr);
      },
      [&] {
        return std::all_of(senders.begin(), senders.end(),
                           [](const auto& one) { return one->last_frame().has_value(); });
      });
  Nanoseconds last = 0;
  for (const auto& sender : senders) {
    sender->stop(half.clock.now());
    last = std::max(last, *sender->last_frame());
  }
  say(fmt::format("ended {}", last));
  for (const auto& sender : senders) {
    SentReport report = sender->report();
    report.port = growth_of(half.before, sure(half.port->counters()));
    say(to_json(report) + kReportEnd);
  }
}

void receive(Half half) {
  std::vector<std::unique_ptr<Receiver>> receivers;
  std::vector<Collector*> series;
  for (const Stream& stream : half.streams) {
    const ReceiverSpec spec{.port = half.port.get(),
                            .waiting_time = kWaitingTime,
                            .beside = receivers.empty() ? nullptr : receivers.front().get()};
    receivers.push_back(std::make_unique<Receiver>(spec, stream, half.clock));
    series.push_back(&receivers.back()->series());
  }
  Nanoseconds until = kNotYet;
  half.work(
      {receivers.front()->loops().front().get()}, series,
      [&] {
        for (std::size_t i = 0; i < receivers.size(); ++i) receivers[i]->start(half.runs[i]);
      },
      [&] {
        if (until == kNotYet && something_to_hear()) {
          const Nanoseconds last = hear("ended");
          for (const auto& one : receivers) one->late_after().sending_ended(last);
          until = receivers.front()->late_after().at() + 20 * kMillisecond;
        }
        return half.clock.now() >= until;
      });
  for (const auto& receiver : receivers) {
    receiver->stop(true);
    ReceivedReport report = receiver->report();
    report.port = growth_of(half.before, sure(half.port->counters()));
    say(to_json(report) + kReportEnd);
  }
}

std::string text_of(const char* name) {
  std::ifstream file(name);
  return {std::istreambuf_iterator<char>(file), {}};
}

void fold_files(const char* sent, const char* received) {
  const Folded folded = fold(sure(read_sent_report(text_of(sent))),
                             sure(read_received_report(text_of(received))), {});
  const Counts& counts = folded.result.counts;
  say(fmt::format(R"({{"spoiled": "{}", "offered": {}, "received": {}, "unique": {}, )"
                  R"("duplicate": {}, "reordered": {}, "lost": {}, "late": {}, "corrupt": {}, )"
                  R"("dut": {}, "behind_bursts": {}, "delay_ns_min": {}, "delay_ns_max": {}}})",
                  folded.spoiled, counts.offered, counts.received, counts.unique, counts.duplicate,
                  counts.reordered, counts.lost, counts.late, counts.corrupt,
                  folded.result.attribution.dut, folded.result.pacing.lost_behind,
                  folded.result.delay->actual.min, folded.result.delay->actual.max));
}

int work(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  if (role == "fold" && argc == 4) {
    fold_files(argv[2], argv[3]);
  } else if (role == "send" && argc == 11) {
    send(Half(argv + 1));
  } else if (role == "receive" && argc == 11) {
    receive(Half(argv + 1));
  } else {
    give_up("usage: see its head");
  }
  return 0;
}

}  // namespace
}  // namespace wireproof

int main(int argc, char** argv) {
  return wireproof::work(argc, argv);
}

#include "tools/options.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <map>

#include "base/nearest.h"
#include "base/units.h"
#include "tools/version.h"

namespace wireproof {
namespace {

constexpr const char* kDescription =
    "Proves what a wire, or a box between two wires, can carry: sends numbered frames at a known "
    "rate, counts every one, and says how many came back and where the others died.";

// CLI11 keeps references to these texts; they outlive the parse.
void bind_json(CLI::App& verb, OutputText& output, std::string& json) {
  verb.add_option("-J,--json", json, "write the result as one JSON document to FILE or stdout")
      ->expected(0, 1)
      ->type_name("[FILE]");
  verb.add_flag("-q,--quiet", output.quiet, "no progress and no text");
  verb.add_flag("--no-color", output.no_color, "no colour; there is none in this version's text");
}

void bind_dry_run(CLI::App& verb, OutputText& output, const char* text) {
  verb.add_flag("--dry-run", output.dry_run, text);
}

void bind_output(CLI::App& verb, OutputText& output, std::string& json) {
  bind_json(verb, output, json);
  verb.add_flag("--json-stream", output.json_stream, "one JSON object a line while it runs");
  verb.add_flag("-v,--verbose", output.verbose, "every trial, counters by the driver's own names");
  bind_dry_run(verb, output, "say what would be sent, and send nothing");
}

void bind_ports(CLI::App& verb, TestText& test, bool required) {
  auto* tx = verb.add_option("--tx", test.tx, "sending port: BACKEND:DEVICE[,key=value...]");
  auto* rx = verb.add_option("--rx", test.rx, "receiving port, or none");
  tx->type_name("PORT")->required(required);
  rx->type_name("PORT")->required(required);
  verb.add_flag("--bidirectional", test.bidirectional, "both ways at once, at the same rate");
  verb.add_flag("--allow-mgmt-interface", test.allow_mgmt_interface,
                "send even on the interface that carries the default route");
}

void bind_traffic(CLI::App& verb, TestText& test) {
  verb.add_option("--size", test.size, "frame sizes with FCS: 64 or 64,512,1518 or imix or genome");
  verb.add_option("--rate-layer", test.rate_layer, "what bits count: l1 (frame + 20), l2 or l3");
  verb.add_option("--line-rate", test.line_rate, "of the port, where it does not say: 10Gbps");
  verb.add_option("--flows", test.flows, "distinct 5-tuples, up to 1,048,576");
  verb.add_option("--flow-order", test.flow_order, "permuted or sequential");
  verb.add_option("--src-mac", test.src_mac, "default: the sending port's");
  verb.add_option("--dst-mac", test.dst_mac, "default: the receiving port's");
  verb.add_option("--next-hop", test.next_hop, "resolve this address for the destination MAC");
  verb.add_option("--src-ip", test.src_ip, "default: 198.18.0.1 or 2001:2:0:1::1");
  verb.add_option("--dst-ip", test.dst_ip, "default: 198.19.0.1 or 2001:2:0:2::1");
  verb.add_option("--src-port", test.src_port, "first UDP source port (49152)");
  verb.add_option("--dst-port", test.dst_port, "UDP destination port (9)");
  verb.add_option("--vlan", test.vlan, "802.1Q id, 1 to 4094");
  verb.add_option("--dscp", test.dscp, "0 to 63");
  verb.add_option("--ttl", test.ttl, "1 to 255 (64)");
  verb.add_flag("--ipv6", test.ipv6, "IPv6 instead of IPv4");
}

void bind_tester(CLI::App& verb, TestText& test) {
  verb.add_option("--queues", test.queues, "queue pairs a port, each with loops of its own");
  verb.add_option("--ring", test.ring, "receive room a queue, frames, a power of two");
  verb.add_option("--tx-cores", test.tx_cores, "cores that send: 1 or 2-3");
  verb.add_option("--rx-cores", test.rx_cores, "cores that receive");
  verb.add_option("--burst", test.burst,
                  "frames at once that the device must bear after a stall, 1 to 1,024");
  verb.add_option("--tx-stamp", test.tx_stamp, "the clock is read for each burst, or frame");
  verb.add_option("--pacing", test.pacing, "burst: what is due leaves together; or precise");
  verb.add_option("--schedule", test.schedule, "constant, poisson, or bursty: N frames at once");
  verb.add_option("--burst-size", test.burst_size, "the N of a bursty schedule, 2 to 1,024");
  verb.add_option("--idle", test.idle, "spin, sleep, or auto: sleep where cores are few");
  verb.add_option("--latency", test.latency, "frames whose delay is recorded: all, 1/N or off");
  verb.add_option("--warm-up", test.warm_up, "traffic before the count, 0 for none");
  verb.add_option("--drain", test.drain, "waiting time: what comes later is late");
  verb.add_option("--interval", test.interval, "of the live series");
}

void bind_trial(CLI::App& verb, TrialText& trial) {
  bind_ports(verb, trial.test, true);
  verb.add_option("--rate", trial.rate, "1.5Mpps, 10Gbps, 50% of line rate, or max")->required();
  verb.add_option("--duration", trial.duration, "of the counted traffic: 10s, 500ms, 1m");
  verb.add_option("--fail-if", trial.fail_if,
                  "exit 1 when this holds: loss>0.1%, delay_p99>1ms, ...; repeatable")
      ->allow_extra_args(false);
  verb.add_option("--frame-log", trial.frame_log, "CSV of every frame that arrived");
  verb.add_option("--frame-log-frames", trial.frame_log_frames,
                  "room of each receive queue for it (1M)");
  bind_traffic(verb, trial.test);
  bind_tester(verb, trial.test);
}

void bind_search(CLI::App& verb, SearchText& search) {
  bind_ports(verb, search.test, false);
  verb.add_option("--goal", search.goals, "ndr (no loss), pdr (0.5 %), loss=X; repeatable")
      ->allow_extra_args(false);
  verb.add_option("--precision", search.precision, "width of the answer, relative");
  verb.add_option("--trial-duration", search.trial_duration, "of each trial");
  verb.add_option("--final-duration", search.final_duration, "of the trial that confirms");
  verb.add_option("--max-rate", search.max_rate, "never offer more than this");
  verb.add_option("--min-rate", search.min_rate, "give up below this");
  verb.add_option("--time-limit", search.time_limit, "stop after this long with what is known");
  verb.add_option("--trial-command", search.trial_command,
                  "run CMD for each trial instead of sending frames");
  bind_traffic(verb, search.test);
  bind_tester(verb, search.test);
}

void bind_no_calibration(CLI::App& verb, TestText& test) {
  verb.add_flag("--no-calibration", test.no_calibration,
                "do not show what wireproof calibrate found beside the result");
}

void bind_calibrate(CLI::App& verb, CalibrateText& calibrate) {
  bind_ports(verb, calibrate.test, true);
  verb.add_option("--rate", calibrate.rate, "of the floor: 10kpps, or 1 % of line rate if less");
  verb.add_option("--duration", calibrate.duration, "of the floor: 3 s or 20,000 frames");
  verb.add_option("--precision", calibrate.precision, "width of the ceiling, relative");
  verb.add_option("--trial-duration", calibrate.trial_duration, "of each trial of the ceiling");
  bind_traffic(verb, calibrate.test);
  bind_tester(verb, calibrate.test);
}

// Kept in a map: the same words are the options of a loopback port.
void bind_wire(CLI::App& verb, std::map<std::string, std::string>& wire) {
  const std::map<std::string, const char*> meaning{
      {"loss", "part of the frames that are dropped: 0.1% or 0.001"},
      {"duplicate", "part that leaves twice"},
      {"corrupt", "part of which one bit of the UDP payload is flipped"},
      {"reorder", "part that is held back ..."},
      {"reorder-by", "... until this many later frames have left (3)"},
      {"delay", "of every frame: 50us, 10ms, up to 10 s"},
      {"jitter", "on top of it, uniform from 0 to this, in order: 5ms, up to 10 s"},
      {"rate", "capacity in frames a second: 100kpps"},
      {"queue", "frames that may wait for --rate (64)"},
      {"seed", "of every choice; the same seed, the same choices (1)"}};
  for (const auto& [name, text] : meaning) verb.add_option("--" + name, wire[name], text);
}

void bind_dut(CLI::App& verb, DutText& dut) {
  verb.add_option("--a", dut.a, "one port: BACKEND:DEVICE[,key=value...]")
      ->type_name("PORT")
      ->required();
  verb.add_option("--b", dut.b, "the other port")->type_name("PORT")->required();
  verb.add_flag("--allow-mgmt-interface", dut.allow_mgmt_interface,
                "take even the interface that carries the default route");
  bind_wire(verb, dut.wire);
  verb.add_option("--only", dut.only, "impair one direction alone: a-to-b or b-to-a");
  verb.add_option("--log", dut.log, "CSV of what was done to each frame, written at the end");
  verb.add_option("--log-frames", dut.log_frames, "records to make room for (4M)");
  verb.add_option("--duration", dut.duration, "end by itself; default: on SIGINT or SIGTERM");
  verb.add_option("--core", dut.core, "run on this core");
  verb.add_option("--idle", dut.idle, "spin or sleep when nothing comes");
  verb.add_option("--ring", dut.ring, "receive room a port, frames, a power of two");
}

using VerbApps = std::map<const CLI::App*, Verb>;

VerbApps bind_verbs(CLI::App& app, CommandLine& line, std::string& json) {
  VerbApps verbs;
  const auto add = [&](const char* name, const char* purpose, Verb verb) -> CLI::App& {
    CLI::App* added = app.add_subcommand(name, purpose);
    added->fallthrough();  // --config is the program's, and may stand behind the verb
    verbs[added] = verb;
    return *added;
  };
  CLI::App& trial = add("trial", "one load, one duration", Verb::kTrial);
  bind_output(trial, line.output, json);
  bind_trial(trial, line.trial);
  bind_no_calibration(trial, line.trial.test);
  CLI::App& search = add("search", "the highest load that meets a loss goal", Verb::kSearch);
  bind_output(search, line.output, json);
  bind_search(search, line.search);
  bind_no_calibration(search, line.search.test);
  CLI::App& calibrate = add("calibrate", "floor and ceiling of the tester alone, over a bare cable",
                            Verb::kCalibrate);
  bind_json(calibrate, line.output, json);
  bind_dry_run(calibrate, line.output, "say what would be sent, and send nothing");
  bind_calibrate(calibrate, line.calibrate);
  CLI::App& dut = add("dut", "a device whose behaviour is known to the frame", Verb::kDut);
  bind_output(dut, line.output, json);
  bind_dut(dut, line.dut);
  bind_json(add("backends", "usable, refused and why, left out and why", Verb::kBackends),
            line.output, json);
  CLI::App& doctor =
      add("doctor", "what on this host limits or blocks a test, and the cure", Verb::kDoctor);
  bind_json(doctor, line.output, json);
  doctor.add_option("IFACE", line.doctor.interface, "look at this interface too");
  doctor.add_option("--plan", line.doctor.plan,
                    "cores and links that line rate needs: 100G, any bit rate, or all");
  bind_dry_run(add("cleanup", "undo what killed runs left behind", Verb::kCleanup), line.output,
               "list it, and undo nothing");
  return verbs;
}

constexpr std::uintmax_t kConfigBytesMax = 1 << 20;

// For CLI11: why this cannot be the configuration file; empty when it can.
std::string refuse_config_file(const std::string& path) {
  if (path.empty()) return "the name of the file is empty";
  std::error_code failed;
  const auto status = std::filesystem::status(path, failed);
  if (!std::filesystem::exists(status)) return fmt::format("there is no file {}", quote(path));
  if (!std::filesystem::is_regular_file(status)) return quote(path) + " is not a regular file";
  if (std::filesystem::file_size(path, failed) > kConfigBytesMax) {
    return fmt::format("{} is larger than {} KiB", quote(path), kConfigBytesMax >> 10);
  }
  if (access(path.c_str(), R_OK) != 0) return quote(path) + " may not be read";
  return {};
}

std::vector<std::string> names_of_flags(const CLI::App& verb) {
  std::vector<std::string> names;
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> names_of_verbs(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(verb->get_name());
  }
  return names;
}

Error usage(std::string message, std::string hint) {
  return Error{ErrorKind::kUsage, std::move(message), std::move(hint), 0};
}

std::string see_help(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  if (chosen.empty()) return "see 'wireproof --help'";
  return fmt::format("see 'wireproof {} --help'", chosen.front()->get_name());
}

// A verb or flag that does not exist, or a word that no flag waits for.
Error unexpected_word(const CLI::App& app, const std::string& word) {
  const auto chosen = app.get_subcommands();
  if (word.size() > 1 && word.front() == '-') {
    const std::string flag = word.substr(0, word.find('='));
    const CLI::App& verb = chosen.empty() ? app : *chosen.front();
    const std::string near = nearest_name(flag, names_of_flags(verb));
    return usage(fmt::format("unknown flag {}", quote(flag)),
                 near.empty() ? see_help(app) : fmt::format("did you mean '{}'?", near));
  }
  if (chosen.empty()) {
    return usage(fmt::format("unknown verb {}", quote(word)),
                 did_you_mean(word, names_of_verbs(app)));
  }
  return usage(fmt::format("{} belongs to no flag", quote(word)), see_help(app));
}

// A flag with an empty text is a shell variable that was not set, not the wish for the default; and
// CLI11 takes even a flag for the value that is missing.
std::optional<Error> bad_value(const CLI::App& verb) {
  for (const CLI::Option* option : verb.get_options()) {
    if (option->get_expected_min() == 0) continue;
    for (const std::string& given : option->results()) {
      if (given.empty()) {
        return usage(option->get_name() + " is given an empty value",
                     "write one, or leave the flag out");
      }
      if (given.size() > 2 && given.starts_with("--")) {
        return usage(
            fmt::format("{} needs a value, and {} follows it", option->get_name(), quote(given)),
            fmt::format("see 'wireproof {} --help'", verb.get_name()));
      }
    }
  }
  return std::nullopt;
}

// CLI11's own sentences name its classes rather than what to do.
Error usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const std::string text = error.what();
  const std::string flag = text.substr(0, text.find(':'));
  if (!app.get_subcommands().empty()) {
    if (auto bad = bad_value(*app.get_subcommands().front())) return *bad;
  }
  if (const auto left = app.remaining(true); !left.empty()) {
    return unexpected_word(app, left.front());
  }
  if (app.get_subcommands().empty() && dynamic_cast<const CLI::RequiredError*>(&error)) {
    return usage("no verb is given: trial, search, calibrate, dut, backends, doctor or cleanup",
                 see_help(app));
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error)) {
    const bool twice = text.find("received") != std::string::npos;
    return usage(flag + (twice ? " is given more than once, or twice in the configuration file"
                               : " needs a value"),
                 twice ? "give it once" : see_help(app));
  }
  if (dynamic_cast<const CLI::ConfigError*>(&error)) {
    return usage(
        fmt::format("--config {}: no flag takes {}", quote(app.get_config_ptr()->results().front()),
                    quote(text.substr(text.rfind(' ') + 1))),
        "a section a verb, a key a flag: [trial], flows = 4");
  }
  if (dynamic_cast<const CLI::ValidationError*>(&error)) {
    return usage(text, "name a file with a section a verb and a key a flag: [trial], flows = 4");
  }
  return usage(text, see_help(app));
}

}  // namespace

ParsedCommandLine parse_command_line(int argc, const char* const* argv) {
  ParsedCommandLine parsed;
  CommandLine& line = parsed.line;
  CLI::App app{kDescription, "wireproof"};
  app.set_version_flag("-V,--version", version_line());
  app.set_config("--config", "", "read flags from FILE (TOML: a section a verb)")
      ->type_name("FILE")
      ->check(refuse_config_file);
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.fallthrough();  // --config may follow the verb
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);

  std::string json;
  const VerbApps verbs = bind_verbs(app, line, json);

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    parsed.early = EarlyExit{app.help(), 0};
    return parsed;
  } catch (const CLI::CallForVersion&) {
    parsed.early = EarlyExit{version_line() + "\n", 0};
    return parsed;
  } catch (const CLI::ParseError& error) {
    parsed.error = usage_error(app, error);
    if (!app.get_subcommands().empty()) line.verb = verbs.at(app.get_subcommands().front());
    return parsed;
  }
  CLI::App* chosen = app.get_subcommands().front();
  line.verb = verbs.at(chosen);
  parsed.error = bad_value(*chosen);
  if (line.verb == Verb::kDut) {
    std::erase_if(line.dut.wire,
                  [&](const auto& option) { return chosen->count("--" + option.first) == 0; });
  }
  if (line.verb != Verb::kCleanup && chosen->count("--json") > 0) line.output.json = json;
  return parsed;
}

}  // namespace wireproof

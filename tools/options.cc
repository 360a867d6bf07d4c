#include "tools/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>

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
  verb.add_option("--burst", test.burst, "most frames handed over at once, 1 to 64");
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
  verb.add_option("--fail-if", trial.fail_if, "exit 1 when this holds: loss>0.1%");
  bind_traffic(verb, trial.test);
  bind_tester(verb, trial.test);
}

void bind_search(CLI::App& verb, SearchText& search) {
  bind_ports(verb, search.test, false);
  verb.add_option("--goal", search.goals, "ndr (no loss), pdr (0.5 %), loss=X; repeatable");
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

// Kept in a map: the same words are the options of a loopback port.
void bind_wire(CLI::App& verb, std::map<std::string, std::string>& wire) {
  const std::map<std::string, const char*> meaning{
      {"loss", "part of the frames that are dropped: 0.1% or 0.001"},
      {"duplicate", "part that leaves twice"},
      {"corrupt", "part of which one bit of the UDP payload is flipped"},
      {"reorder", "part that is held back ..."},
      {"reorder-by", "... until this many later frames have left (3)"},
      {"delay", "of every frame: 50us, 10ms, up to 10 s"},
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
    verbs[added] = verb;
    return *added;
  };
  CLI::App& trial = add("trial", "one load, one duration", Verb::kTrial);
  bind_output(trial, line.output, json);
  bind_trial(trial, line.trial);
  CLI::App& search = add("search", "the highest load that meets a loss goal", Verb::kSearch);
  bind_output(search, line.output, json);
  bind_search(search, line.search);
  CLI::App& dut = add("dut", "a device whose behaviour is known to the frame", Verb::kDut);
  bind_output(dut, line.output, json);
  bind_dut(dut, line.dut);
  bind_json(add("backends", "usable, refused and why, left out and why", Verb::kBackends),
            line.output, json);
  CLI::App& doctor =
      add("doctor", "what on this host limits or blocks a test, and the cure", Verb::kDoctor);
  bind_json(doctor, line.output, json);
  doctor.add_option("IFACE", line.doctor_interface, "look at this interface too");
  bind_dry_run(add("cleanup", "undo what killed runs left behind", Verb::kCleanup), line.output,
               "list it, and undo nothing");
  return verbs;
}

// CLI11 writes a capital letter here and a full stop there; ours is one plain sentence.
Error usage_error(const CLI::ParseError& error) {
  return Error{ErrorKind::kUsage, error.what(), "see 'wireproof --help'", 0};
}

}  // namespace

ParsedCommandLine parse_command_line(int argc, const char* const* argv) {
  ParsedCommandLine parsed;
  CommandLine& line = parsed.line;
  CLI::App app{kDescription, "wireproof"};
  app.set_version_flag("-V,--version", version_line());
  app.set_config("--config", "", "read flags from FILE (TOML: a section a verb)");
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);

  std::string json;
  const VerbApps verbs = bind_verbs(app, line, json);

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app.get_subcommands();
    parsed.early = EarlyExit{chosen.empty() ? app.help() : chosen.front()->help(), 0};
    return parsed;
  } catch (const CLI::CallForVersion&) {
    parsed.early = EarlyExit{version_line() + "\n", 0};
    return parsed;
  } catch (const CLI::ParseError& error) {
    parsed.error = usage_error(error);
    return parsed;
  }
  CLI::App* chosen = app.get_subcommands().front();
  line.verb = verbs.at(chosen);
  if (line.verb == Verb::kDut) {
    std::erase_if(line.dut.wire,
                  [&](const auto& option) { return chosen->count("--" + option.first) == 0; });
  }
  if (line.verb != Verb::kCleanup && chosen->count("--json") > 0) line.output.json = json;
  return parsed;
}

}  // namespace wireproof

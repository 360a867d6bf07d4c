#include "report/sample_reports.h"

#include "report/sample_parts.h"
#include "settings/reading.h"

namespace wireproof {

RunReport full_trial_report() {
  RunReport report = samples::empty_report(ReportKind::kTrial);
  samples::add_nics(report);
  report.config = {{"size", 64u},
                   {"rate_pps", 1e7},
                   {"bidirectional", true},
                   {"seed", -1},
                   {"cores", std::vector<std::uint64_t>{2, 3}},
                   {"tx", std::vector<std::string>{"af_xdp:ens1f0"}},
                   {"flows", Config{{"count", 16u}, {"src_ip", "198.18.0.1"}}}};
  TrialResult result =
      samples::trial(1, 1e7, Verdict::kFail, "100,000 of 99,999,990 frames lost (0.1 %)");
  DirectionResult back = samples::direction("af_xdp:ens1f1", "af_xdp:ens1f0");
  back.pacing.mode = "precise";
  back.pacing.schedule = "bursty";
  back.delay->steps.overflow = 1;
  back.headers = samples::sent_headers(true);
  result.directions.push_back(back);
  result.notes = {"the port's own counters agree with ours"};
  result.directions[0].baseline = Baseline{.floor_p50 = 1'900,
                                           .floor_p99_9 = 8'000,
                                           .ceiling_fps = 14'100'000,
                                           .calibrated_at = "2026-04-30T09:00:00.000000001Z"};
  result.directions[1].baseline =
      Baseline{.floor_p50 = 1'950, .calibrated_at = "2026-04-30T09:00:00.000000001Z"};
  report.trials = {result};
  report.status = RunStatus::kFailed;
  report.criteria = {
      {.criterion = {.name = "loss", .limit = 0.0005},
       .trial_id = 1,
       .frame_size = 64,
       .failed = true,
       .measured = 0.001,
       .from = "af_xdp:ens1f1",
       .to = "af_xdp:ens1f0"},
      {.criterion = {.name = "delay_p99", .unit = CriterionUnit::kNanoseconds, .limit = 1e6},
       .trial_id = 1,
       .frame_size = 64,
       .measured = 700'000,
       .from = "af_xdp:ens1f0",
       .to = "af_xdp:ens1f1"},
      {.criterion = {.name = "pdv_p99", .unit = CriterionUnit::kNanoseconds, .limit = 1e6},
       .trial_id = 1,
       .frame_size = 64,
       .failed = true,
       .from = "af_xdp:ens1f0",
       .to = "af_xdp:ens1f1",
       .reason = "too few frames for it"},
      {.criterion = {.name = "invalid", .unit = CriterionUnit::kVerdict},
       .trial_id = 1,
       .frame_size = 64}};
  report.notes = {"core 2 shares a physical core with core 20"};
  return report;
}

RunReport streams_report() {
  RunReport report = full_trial_report();
  std::vector<DirectionResult>& directions = report.trials[0].directions;
  DirectionResult probe = directions[0];
  probe.stream = 1;
  report.trials[0].spec.mean_frame_size = 353.75;
  directions.insert(directions.begin() + 1, probe);
  HostFacts far = report.here();  // which receives
  far.host = "lab2";
  far.cores_used = {{3, "rx"}};
  far.nics.erase(far.nics.begin());
  report.here().nics.pop_back();
  report.hosts.push_back(far);
  return report;
}

RunReport send_only_report() {
  RunReport report = samples::empty_report(ReportKind::kTrial);
  TrialResult result = samples::trial(1, 0, Verdict::kPass, "");
  result.spec.max_rate = true;
  result.directions.resize(1);
  DirectionResult& d = result.directions[0];
  d = DirectionResult{.from = "loopback:a"};
  d.counts = {.intended = 1000, .offered = 1000};
  d.pacing = {.mode = "burst"};
  d.pacing.gap = Distribution{.samples = 999, .mean = 71.5, .stdev = 12, .max = 800, .p50 = 64};
  report.trials = {result};
  return report;
}

RunReport failed_start_report() {
  RunReport report = samples::empty_report(ReportKind::kTrial);
  report.status = RunStatus::kError;
  report.error = Error{ErrorKind::kPrecondition, "there is no interface 'ens1f9'",
                       "did you mean 'ens1f0'?", 19};
  // A file name on Linux is bytes, not text.
  report.command.push_back("--json=r\xe9sultat.json");
  return report;
}

RunReport search_report() {
  RunReport report = samples::empty_report(ReportKind::kSearch);
  samples::add_nics(report);
  SearchResult regular;
  regular.spec = {.frame_size = 64,
                  .max_fps = 14880952.38,
                  .trial_duration = 10 * kSecond,
                  .final_duration = 60 * kSecond};
  regular.trials = {samples::trial(1, 14880952.38, Verdict::kFail, "lost"),
                    samples::trial(2, 9'980'000, Verdict::kPass, "")};
  regular.lower_bound_fps = 9'980'000;
  regular.upper_bound_fps = 10'020'000;
  regular.conditional_throughput_fps = 9'980'000;
  regular.regular = true;
  regular.final_trial = regular.trials.back();
  regular.elapsed = 22 * kSecond;
  SearchResult limited = regular;
  limited.spec.frame_size = 512;
  limited.spec.mean_frame_size = 512.25;
  limited.upper_bound_fps.reset();
  limited.regular = false;
  limited.tester_limited = true;
  limited.reason = "the tester could not offer 2,349,624 frames/s and more: tx shortfall";
  SearchResult nothing = limited;
  nothing.spec.goal = {"pdr", 0.005};
  nothing.lower_bound_fps.reset();
  nothing.conditional_throughput_fps.reset();
  nothing.final_trial.reset();
  nothing.tester_limited = false;
  nothing.reason = "the lowest load, 1 frames/s, failed";
  SearchResult several = regular;
  several.spec.goal = {"csit-ndr", 0, 0.5};
  several.spec.trial_duration = several.spec.final_duration = kSecond;
  several.spec.duration_sum = 21 * kSecond;
  report.searches = {regular, limited, nothing, several};
  std::uint64_t id = 0;  // counts through all searches
  for (SearchResult& search : report.searches) {
    for (TrialResult& one : search.trials) one.spec.id = ++id;
    if (search.final_trial) search.final_trial = search.trials.back();
  }
  return report;
}

RunReport suite_report() {
  RunReport report = search_report();
  report.kind = ReportKind::kRfc2544;
  report.searches.resize(1);
  for (std::uint64_t id = 3; id <= 12; ++id) {
    report.trials.push_back(samples::trial(1, 9'980'000, Verdict::kPass, ""));
    report.trials.back().spec.id = id;
  }
  report.trials.back().spec.link_may_go = true;
  SuiteSizeResult size{.name = "64",
                       .frame_size = 64,
                       .max_fps = 14'880'952.38,
                       .limit = RateLimit::kLineRate,
                       .throughput_fps = 9'980'000};
  size.latency = LatencyTest{.load_fps = 9'980'000,
                             .duration = 120 * kSecond,
                             .directions = {{.from = "ens1f0",
                                             .to = "ens1f1",
                                             .repetitions = 20,
                                             .mean = 12'345.5,
                                             .typical = 11'000.5,
                                             .worst_case = 23'456,
                                             .min = 9'000,
                                             .max = 45'678},
                                            {.from = "ens1f1",
                                             .to = "ens1f0",
                                             .stream = 1,
                                             .repetitions = 19,
                                             .mean = 13'000,
                                             .min = 9'100,
                                             .max = 46'000}},
                             .lost = 3,
                             .tx_span_max = 272'875,
                             .trial_ids = {3, 4}};
  size.loss = LossTest{.duration = 60 * kSecond,
                       .steps = {{100, 14'880'952.38, std::nullopt, 5},
                                 {90, 13'392'857.14, 0.2548, 6},
                                 {60, 8'928'571.43, 0.0, 7}},
                       .complete = false,
                       .trial_ids = {5, 6, 7},
                       .reason = "tx shortfall"};
  size.back_to_back = BackToBackTest{.bursts = {{1'500, 14'880'000}, {1'502, 14'880'100}},
                                     .throughput_fps = 9'980'000,
                                     .max_fps = 14'880'952.38,
                                     .step_frames = 7,
                                     .trial_ids = {8, 9}};
  size.recovery = RecoveryTest{.overload_fps = 10'978'000,
                               .then_fps = 5'489'000,
                               .times = {1'234'567, 1'300'001},
                               .trial_ids = {10, 11}};
  size.reset = ResetTest{.load_fps = 9'980'000, .times = {45'000'000'000}, .trial_ids = {12}};
  SuiteSizeResult none{.name = "imix",
                       .frame_size = 353,
                       .mean_frame_size = 353.83,
                       .throughput_fps = 100'000,
                       .throughput_given = true,
                       .throughput_is_at_least = true};
  none.latency = LatencyTest{.duration = kSecond, .reason = "no delay was recorded"};
  none.back_to_back =
      BackToBackTest{.applicable = false,
                     .reason = "the throughput is the maximum rate, so that no queue builds up"};
  none.recovery = RecoveryTest{.reason = "the overload lost no frame"};
  report.suite =
      SuiteResult{.sizes = {size, none},
                  .deviations = {"latency: 1 repetition, not 20 (RFC 2544 section 26.2)"}};
  return report;
}

RunReport command_search_report() {
  RunReport report = search_report();
  report.here().nics.clear();
  report.here().cores_used.clear();
  report.searches.resize(1);
  DirectionResult totals = {.from = "trial-command", .to = "trial-command"};
  totals.counts = {.intended = 1000, .offered = 1000, .received = 999, .unique = 999, .lost = 1};
  totals.attribution = {.dut = 1};
  SearchResult& search = report.searches[0];
  for (TrialResult& trial : search.trials) {
    trial.directions = {totals};
    trial.waiting_time = 0;
  }
  search.final_trial = search.trials.back();
  return report;
}

RunReport broken_search_report() {
  RunReport report = search_report();
  report.searches.pop_back();
  report.searches.back().error =
      Error{ErrorKind::kPrecondition, "the interface ens1f1 is gone", "", 6};
  report.searches.back().interrupted = true;
  report.status = RunStatus::kAborted;
  report.error = report.searches.back().error;
  return report;
}

RunReport dut_report() {
  RunReport report = samples::empty_report(ReportKind::kDut);
  report.command = {"wireproof", "dut", "--a", "af_xdp:ens1f0", "--b", "af_packet:ens1f1"};
  DutResult dut;
  dut.a = {.port = "af_xdp:ens1f0",
           .backend = "af_xdp",
           .mode = "zero-copy",
           .rx_stamp = "xdp",
           .tx_dropped = 0,
           .rx_ring_dropped = 12};
  dut.b = {.port = "af_packet:ens1f1", .backend = "af_packet"};
  dut.a_to_b = {dut.a.port, dut.b.port, {}};
  dut.a_to_b.counts = {.arrived = 1'000'000,
                       .duplicated = 1'000,
                       .forwarded = 999'000,
                       .dropped = 900,
                       .queue_dropped = 1'000,
                       .pool_dropped = 50,
                       .oversize_dropped = 20,
                       .unsent = 30,
                       .corrupted = 990,
                       .reordered = 5'010,
                       .drained = 3,
                       .tx_blocked = 7};
  dut.b_to_a = {dut.b.port, dut.a.port, {}};
  dut.duration = 11 * kSecond;
  dut.log = "dut.csv";
  dut.log_records = 1'001'000;
  report.dut = dut;
  return report;
}

Settings bursts_both_ways() {
  Settings settings;
  settings.test.bidirectional = true;
  settings.test.trial.queues = 2;
  settings.test.trial.schedule = ScheduleKind::kBursty;
  settings.test.burst_size = 64;
  settings.test.burst = 128;
  return settings;
}

RunReport calibration_report() {
  RunReport report = samples::empty_report(ReportKind::kCalibration);
  samples::add_nics(report);
  report.trials = {samples::trial(1, 10'000, Verdict::kPass, "")};
  CalibrationEntry small;
  small.calibrated_at = rfc3339_utc(report.started_at_unix_ns);
  small.key = {.host = "lab1",
               .kernel = "Linux 6.1.0-18-amd64",
               .cpu = report.here().cpu,
               .version = "0.1.0",
               .tx_backend = "af_xdp",
               .tx_driver = "ixgbe",
               .tx_mode = "zero-copy",
               .rx_backend = "af_xdp",
               .rx_driver = "ixgbe",
               .rx_mode = "zero-copy",
               .metric = "one_way",
               .tx_stamp = "burst",
               .rx_stamp = "xdp",
               .idle = "spin",
               .size = "64",
               .tx_cores = 2,
               .rx_cores = 3,
               .cores_shared = true,
               .settings = calibration_conditions(bursts_both_ways())};
  small.floor = CalibrationFloor{.load_fps = 10'000,
                                 .duration = 3 * kSecond,
                                 .delay = report.trials[0].directions[0].delay->actual,
                                 .tx_span_max = 900};
  small.ceiling = CalibrationCeiling{.lossless_fps = 14'100'000.5,
                                     .precision = 0.02,
                                     .trial_duration = 500 * kMillisecond,
                                     .tester_limited = true,
                                     .regular = false};
  CalibrationEntry mix = small;
  mix.key.size = "imix";
  mix.key.metric = "";  // --latency off
  mix.floor.reset();
  mix.ceiling->tester_limited = false;
  mix.ceiling->regular = true;
  report.calibrations = {small, mix};
  report.calibration_file = "/root/.local/state/wireproof/calibration.json";
  return report;
}

std::vector<std::pair<std::string, RunReport>> sample_reports() {
  return {{"full-trial", full_trial_report()},
          {"streams", streams_report()},
          {"send-only", send_only_report()},
          {"failed-start", failed_start_report()},
          {"search", search_report()},
          {"suite", suite_report()},
          {"command-search", command_search_report()},
          {"broken-search", broken_search_report()},
          {"dut", dut_report()},
          {"calibration", calibration_report()}};
}

}  // namespace wireproof

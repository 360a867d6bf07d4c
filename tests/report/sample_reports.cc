#include "report/sample_reports.h"

namespace wireproof {

namespace {

RunReport empty_report(ReportKind kind) {
  RunReport report;
  report.kind = kind;
  report.tool = {.version = "0.1.0", .git = "0123abc", .backends = {"loopback", "af_xdp"}};
  report.started_at_unix_ns = 1'777'636'800'123'456'789;
  report.duration = 11 * kSecond;
  report.environment = {.host = "lab1",
                        .kernel = "Linux 6.1.0-18-amd64",
                        .cpu = "Intel(R) Xeon(R) Gold 6354 CPU @ 3.00GHz",
                        .cpus_online = 36,
                        .numa_nodes = 2,
                        .clock = {.source = "tsc",
                                  .bound_ns = 61,
                                  .rate_error_ppb = 39.5,
                                  .frequency_hz = 2'599'999'871.5,
                                  .cores_checked = 2,
                                  .core_offset_bound_ns = 60,
                                  .wall_clock_steps = 2,
                                  .wall_clock_step_total_ns = 7200 * kSecond},
                        .clocksource = "tsc",
                        .ptp = PtpFacts{.port_state = "SLAVE",
                                        .gm_present = true,
                                        .gm_identity = "525400.fffe.123456",
                                        .offset_ns = -12,
                                        .path_delay_ns = 480,
                                        .steps_removed = 1}};
  report.command = {"wireproof", std::string(word(kind)), "--tx", "af_xdp:ens1f0"};
  report.config = {{"size", 64u}, {"rate", "10Mpps"}};
  return report;
}

void add_nics(RunReport& report) {
  NicFacts tx = {.port = "af_xdp:ens1f0",
                 .backend = "af_xdp",
                 .device = "ens1f0",
                 .mac = MacAddress{{2, 0, 0, 0, 0, 1}},
                 .mtu = 1500,
                 .line_rate_bps = 10'000'000'000,
                 .numa_node = 0,
                 .driver = "ixgbe",
                 .firmware = "0x800007f4",
                 .mode = "zero-copy",
                 .rx_stamp = "xdp",
                 .queues = 1,
                 .ring_frames = 4096,
                 .tx_stamps = TxStampSamples{.asked = 900,
                                             .answered = 898,
                                             .missing = 1,
                                             .wait_min_ns = 700,
                                             .wait_p50_ns = 1'100,
                                             .wait_max_ns = 83'000},
                 .counters = {{"xsk0_rx_ring_full", 40}, {"xsk0_rx_dropped", 0}}};
  NicFacts rx = tx;
  rx.port = "af_xdp:ens1f1";
  rx.device = "ens1f1";
  rx.tx_stamps.reset();
  rx.counters.clear();
  report.environment.nics = {tx, rx};
  report.environment.cores_used = {{2, "tx"}, {3, "rx"}, {0, "collector"}};
  report.line_rate_bps = 10e9;
}

// A few values, each so many times.
HistogramSteps steps(std::initializer_list<std::pair<Nanoseconds, std::uint64_t>> values) {
  Histogram histogram;
  for (const auto& [value, times] : values) histogram.record(value, times);
  return histogram.steps();
}

// Every key that the headers of a direction can have, those of sockets with several queues too.
SentHeaders sent_headers(bool sockets) {
  SentHeaders headers{.src_mac = MacAddress{{2, 0, 0, 0, 0, 1}},
                      .dst_mac = MacAddress{{2, 0, 0, 0, 0, 2}},
                      .next_hop = parse_ip("198.18.0.254"),
                      .vlan = 7,
                      .src_ip = *parse_ip("198.18.0.1"),
                      .dst_ip = *parse_ip("198.19.0.1"),
                      .dst_ip_last = *parse_ip("198.19.0.4"),
                      .src_l4_ports = {49152, 49167},
                      .src_l4_ports_are_range = !sockets,
                      .dst_l4_port = 9,
                      .dst_l4_port_last = 9,
                      .dscp = 46,
                      .ttl = 64};
  if (sockets) headers.dst_l4_port_last = 10;
  return headers;
}

// What a tester tells that tracked every frame and recorded every delay.
void add_delays(DirectionResult& d) {
  d.delay = DelaySummary{.metric = "one_way",
                         .tx_stamp = "burst",
                         .tx_span_max = 7'500,
                         .rx_stamp = "xdp",
                         .unstamped = 6,
                         .negative = 4,
                         .actual = {.samples = 99'899'986,
                                    .min = 1'200,
                                    .mean = 2'345.6,
                                    .stdev = 321.9,
                                    .max = 1'234'567,
                                    .p50 = 2'200,
                                    .p90 = 3'100,
                                    .p99 = 5'000,
                                    .p99_9 = 12'000,
                                    .p99_99 = 80'000,
                                    .p99_999 = 400'000},
                         .steps = steps({{1'200, 1}, {2'200, 99'899'984}, {1'234'567, 1}})};
  d.delay->scheduled = Distribution{.samples = 99'899'986,
                                    .min = 1'200,
                                    .mean = 2'645.5,
                                    .stdev = 500.2,
                                    .max = 1'264'567,
                                    .p50 = 2'300,
                                    .p90 = 3'400,
                                    .p99 = 6'000,
                                    .p99_9 = 33'000,
                                    .p99_99 = 110'000,
                                    .p99_999 = 430'000};
  d.jitter = JitterSummary{.rfc3550_mean = 310.4,
                           .rfc3550_max = 512.6,
                           .rfc3550_spaces = 16,
                           .ipdv_pairs = 99'700'000,
                           .ipdv_mean_abs = 250.5,
                           .ipdv_min = -1'200'000,
                           .ipdv_max = 1'100'000,
                           .ipdv_p0_1 = -9'001,
                           .ipdv_p50 = -3,
                           .ipdv_p99_9 = 9'002,
                           .ipdv_window = 1'024,
                           .pdv_max = 1'233'367,
                           .pdv_p50 = 1'000,
                           .pdv_p99 = 3'800,
                           .pdv_p99_9 = 10'800};
}

void add_order(DirectionResult& d) {
  d.reordering = ReorderingSummary{.extent_max = 12,
                                   .extent_mean = 2.25,
                                   .late_time_max = 84'000,
                                   .late_time_mean = 15'500.4,
                                   .n_reordered = {480'000, 90'000, 1'200},
                                   .discontinuities = 470'000,
                                   .discontinuity_max = 19,
                                   .free_runs = 500'016,
                                   .free_run_max = 4'000};
  d.loss_bursts = LossBurstSummary{.bursts = 40'000, .longest = 17, .p50 = 2, .p99 = 9};
}

void add_pacing(DirectionResult& d) {
  d.pacing = {.mode = "burst", .schedule = "constant", .lag_max = 30'000, .stalls = 2};
  d.pacing.lag = Distribution{.samples = 99'999'990,
                              .mean = 300.25,
                              .stdev = 80.4,
                              .max = 29'000,
                              .p50 = 290,
                              .p90 = 420,
                              .p99 = 700,
                              .p99_9 = 4'000,
                              .p99_99 = 9'000,
                              .p99_999 = 25'000};
  d.pacing.gap = Distribution{.samples = 99'999'989,
                              .mean = 100.1,
                              .stdev = 340.6,
                              .max = 130'000,
                              .p50 = 0,
                              .p90 = 310,
                              .p99 = 640};
  d.pacing.burst_room = 32;
  d.pacing.burst_max = 40;
  d.pacing.caught_up = 80;
  d.pacing.gap_target = 100;
  d.pacing.pauses = {.threshold = 10 * kMicrosecond,
                     .busy_threshold = 100 * kMicrosecond,
                     .count = 3,
                     .total = 250 * kMicrosecond,
                     .max = 120 * kMicrosecond,
                     .log = {{-40'000, 12'000}, {5'000'000, 118'000}, {700'000'000, 120'000}}};
  d.receive_pauses = {.threshold = 10 * kMicrosecond,
                      .busy_threshold = 100 * kMicrosecond,
                      .count = 1,
                      .total = 2 * kMillisecond,
                      .max = 2 * kMillisecond,
                      .log = {{1'000'000, 2 * kMillisecond}}};
}

DirectionResult direction(std::string from, std::string to) {
  DirectionResult d;
  d.from = std::move(from);
  d.to = std::move(to);
  d.headers = sent_headers(false);
  d.counts = {.intended = 100'000'000,
              .offered = 99'999'990,
              .unsent = 10,
              .received = 99'900'090,
              .unique = 99'899'990,
              .lost = 100'000,
              .duplicate = 100,
              .reordered = 500'000,
              .late = 7,
              .stale = 1,
              .corrupt = 60,
              .foreign = 3,
              .misdirected = 2,
              .readdressed = 4,
              .unclassified = 1,
              .rx_dropped = 40};
  d.attribution = {.tx_shortfall = 10,
                   .tx_ring = 5,
                   .dut = 99'934,
                   .rx_ring = 30,
                   .rx_nic = 20,
                   .late = 7,
                   .readdressed = 4};
  d.readdressed_to = "198.18.0.77:9";
  d.sequence_scope = "flow";
  d.sequence_spaces = 16;
  d.window = 65536;
  d.flows_sent = 16;
  d.tx_duration = 10 * kSecond;
  add_delays(d);
  add_order(d);
  add_pacing(d);
  // In the second nothing was recorded, in the first too little for a p99.
  d.intervals = {
      {0, kSecond, 10'000'000, 9'990'000, 9'000, steps({{1'200, 15}, {2'200, 10}, {9'000, 1}})},
      {kSecond, 2 * kSecond, 10'000'000, 9'990'000, 10'000, {}}};
  return d;
}

TrialResult trial(std::uint64_t id, double fps, Verdict verdict, std::string reason) {
  TrialResult result;
  result.spec = {.id = id, .frame_size = 64, .intended_fps = fps, .duration = 10 * kSecond};
  result.verdict = verdict;
  result.reason = std::move(reason);
  result.duration = 10 * kSecond;
  result.waiting_time = 500 * kMillisecond;
  result.directions = {direction("af_xdp:ens1f0", "af_xdp:ens1f1")};
  return result;
}

}  // namespace

RunReport full_trial_report() {
  RunReport report = empty_report(ReportKind::kTrial);
  add_nics(report);
  report.config = {{"size", 64u},
                   {"rate_pps", 1e7},
                   {"bidirectional", true},
                   {"seed", -1},
                   {"cores", std::vector<std::uint64_t>{2, 3}},
                   {"tx", std::vector<std::string>{"af_xdp:ens1f0"}},
                   {"flows", Config{{"count", 16u}, {"src_ip", "198.18.0.1"}}}};
  TrialResult result = trial(1, 1e7, Verdict::kFail, "100,000 of 99,999,990 frames lost (0.1 %)");
  DirectionResult back = direction("af_xdp:ens1f1", "af_xdp:ens1f0");
  back.pacing.mode = "precise";
  back.pacing.schedule = "bursty";
  back.delay->steps.overflow = 1;
  back.headers = sent_headers(true);
  result.directions.push_back(back);
  result.notes = {"the port's own counters agree with ours"};
  result.directions[0].bare_cable = BareCable{.floor_p50 = 1'900,
                                              .floor_p99_9 = 8'000,
                                              .ceiling_fps = 14'100'000,
                                              .calibrated_at = "2026-04-30T09:00:00.000000001Z"};
  result.directions[1].bare_cable =
      BareCable{.floor_p50 = 1'950, .calibrated_at = "2026-04-30T09:00:00.000000001Z"};
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

RunReport send_only_report() {
  RunReport report = empty_report(ReportKind::kTrial);
  TrialResult result = trial(1, 0, Verdict::kPass, "");
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
  RunReport report = empty_report(ReportKind::kTrial);
  report.status = RunStatus::kError;
  report.error = Error{ErrorKind::kPrecondition, "there is no interface 'ens1f9'",
                       "did you mean 'ens1f0'?", 19};
  // A file name on Linux is bytes, not text.
  report.command.push_back("--json=r\xe9sultat.json");
  return report;
}

RunReport search_report() {
  RunReport report = empty_report(ReportKind::kSearch);
  add_nics(report);
  SearchResult regular;
  regular.spec = {.frame_size = 64,
                  .max_fps = 14880952.38,
                  .trial_duration = 10 * kSecond,
                  .final_duration = 60 * kSecond};
  regular.trials = {trial(1, 14880952.38, Verdict::kFail, "lost"),
                    trial(2, 9'980'000, Verdict::kPass, "")};
  regular.lower_bound_fps = 9'980'000;
  regular.upper_bound_fps = 10'020'000;
  regular.conditional_throughput_fps = 9'980'000;
  regular.regular = true;
  regular.final_trial = regular.trials.back();
  regular.elapsed = 22 * kSecond;
  SearchResult limited = regular;
  limited.spec.frame_size = 512;
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
  report.searches = {regular, limited, nothing};
  std::uint64_t id = 0;  // counts through all searches
  for (SearchResult& search : report.searches) {
    for (TrialResult& one : search.trials) one.spec.id = ++id;
    if (search.final_trial) search.final_trial = search.trials.back();
  }
  return report;
}

RunReport command_search_report() {
  RunReport report = search_report();
  report.environment.nics.clear();
  report.environment.cores_used.clear();
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
  RunReport report = empty_report(ReportKind::kDut);
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

RunReport calibration_report() {
  RunReport report = empty_report(ReportKind::kCalibration);
  add_nics(report);
  report.trials = {trial(1, 10'000, Verdict::kPass, "")};
  CalibrationEntry small;
  small.calibrated_at = rfc3339_utc(report.started_at_unix_ns);
  small.key = {.host = "lab1",
               .kernel = "Linux 6.1.0-18-amd64",
               .cpu = report.environment.cpu,
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
               .pacing = "burst",
               .schedule = "constant",
               .idle = "spin",
               .size = "64",
               .queues = 2,
               .tx_cores = 2,
               .rx_cores = 3,
               .cores_shared = true,
               .bidirectional = true};
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
          {"send-only", send_only_report()},
          {"failed-start", failed_start_report()},
          {"search", search_report()},
          {"command-search", command_search_report()},
          {"broken-search", broken_search_report()},
          {"dut", dut_report()},
          {"calibration", calibration_report()}};
}

}  // namespace wireproof

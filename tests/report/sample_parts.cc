#include "report/sample_parts.h"

#include "trial/derive.h"

namespace wireproof::samples {

namespace {

// A few values, each so many times.
HistogramSteps steps(std::initializer_list<std::pair<Nanoseconds, std::uint64_t>> values) {
  Histogram histogram;
  for (const auto& [value, times] : values) histogram.record(value, times);
  return histogram.steps();
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
  d.loss_bursts = LossBurstSummary{
      .bursts = 40'000, .longest = 17, .p50 = 2, .p99 = 9, .last_sent_before = 1'234'567'890};
  d.arrivals = {.first = 12'345, .last = 1'999'000'000};
}

void add_pacing(DirectionResult& d) {
  d.pacing = {.mode = "burst", .schedule = "constant", .lateness_max = 30'000, .stalls = 2};
  d.pacing.lateness = Distribution{.samples = 99'999'990,
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
  d.pacing.preemptions = {.threshold = 10 * kMicrosecond,
                          .busy_threshold = 100 * kMicrosecond,
                          .count = 3,
                          .total = 250 * kMicrosecond,
                          .max = 120 * kMicrosecond,
                          .log = {{-40'000, 12'000}, {5'000'000, 118'000}, {700'000'000, 120'000}}};
  d.receive_preemptions = {.threshold = 10 * kMicrosecond,
                           .busy_threshold = 100 * kMicrosecond,
                           .count = 1,
                           .total = 2 * kMillisecond,
                           .max = 2 * kMillisecond,
                           .log = {{1'000'000, 2 * kMillisecond}}};
}

}  // namespace

RunReport empty_report(ReportKind kind) {
  RunReport report;
  report.kind = kind;
  report.tool = {.version = "0.1.0", .git = "0123abc", .backends = {"loopback", "af_xdp"}};
  report.started_at_unix_ns = 1'777'636'800'123'456'789;
  report.duration = 11 * kSecond;
  report.here() = {.host = "lab1",
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
  report.command = {"wireproof", std::string(word_of(kReportKindWords, kind)), "--tx",
                    "af_xdp:ens1f0"};
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
  report.here().nics = {tx, rx};
  report.here().cores_used = {{2, "tx"}, {3, "rx"}, {0, "collector"}};
  report.here().isolation = IsolationFacts{.cores = {2, 3}, .interrupts_moved = 11};
  report.line_rate_bps = 10e9;
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
  d.intervals = {{0, kSecond, 10'000'000, 9'990'000, 9'000,
                  interval_delay(steps({{1'200, 15}, {2'200, 10}, {9'000, 1}}))},
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

}  // namespace wireproof::samples

#include "report/end_reports.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "engine/fold.h"

namespace wireproof {
namespace {

using nlohmann::json;

// No member of them is what it is by default, and no two are alike where one could be taken for the
// other.
Distribution distribution(Nanoseconds from) {
  return {.samples = 10,
          .min = from + 1,
          .mean = 1.5 + static_cast<double>(from),
          .stdev = 0.1,
          .max = from + 9,
          .p50 = from + 2,
          .p90 = from + 3,
          .p99 = from + 4,
          .p99_9 = from + 5,
          .p99_99 = from + 6,
          .p99_999 = from + 7};
}

HistogramSteps steps(std::uint32_t from) {
  return {.steps = {{from, 3}, {from + 2, 4}}, .overflow = from + 5};
}

PreemptionSummary preemptions(Nanoseconds from) {
  return {.threshold = from + 1,
          .busy_threshold = from + 2,
          .count = 3,
          .total = from + 4,
          .max = from + 5,
          .log = {{.at = -from, .length = from + 6}, {.at = from + 7, .length = from + 8}}};
}

PortGrowth port(std::uint64_t from) {
  return {.tx_dropped = from,
          .rx_ring_dropped = from + 1,
          .rx_nic_dropped = from + 2,
          .set_back = true,
          .ring_filled = true,
          .rx_blind = "an XDP program"};
}

SentReport sent() {
  return {.from = "af_xdp:ens1f0",
          .headers = {.src_mac = parse_mac("02:00:00:00:00:01"),
                      .dst_mac = parse_mac("02:00:00:00:00:02"),
                      .next_hop = parse_ip("198.18.0.254"),
                      .vlan = 7,
                      .src_ip = *parse_ip("198.18.0.1"),
                      .dst_ip = *parse_ip("2001:2:0:2::1"),
                      .dst_ip_last = *parse_ip("2001:2:0:2::9"),
                      .src_l4_ports = {49152, 65534},
                      .src_l4_ports_are_range = true,
                      .dst_l4_port = 9,
                      .dst_l4_port_last = 10,
                      .dscp = 46,
                      .ttl = 63},
          .intended = 101,
          .offered = 100,
          .flows_sent = 2,
          .sequence_scope = "flow_group",
          .sent_per_space = {60, 40},
          .tx_duration = 1'000'001,
          .tx_end = 1'000'777,
          .tx_stamp = "burst",
          .tx_span_max = 701,
          .pacing = {.mode = "precise",
                     .schedule = "poisson",
                     .lateness_max = 5,
                     .stalls = 6,
                     .lateness = distribution(-5),
                     .gap = distribution(50),
                     .gap_target = 1.0 / 3,
                     .burst_room = 8,
                     .burst_max = 9,
                     .caught_up = 11,
                     .lost_behind = 12,
                     .preemptions = preemptions(20)},
          .displaced = 13,
          .steps = {{1, 2, 3}, {2, 4, 5}},
          .port = port(30)};
}

ReceivedReport received() {
  return {.to = "af_xdp:ens1f1",
          .counts = {.unique = 90,
                     .duplicate = 1,
                     .reordered = 2,
                     .late = 13,
                     .late_lost = 12,
                     .stale = 5,
                     .corrupt = 6,
                     .foreign = 7,
                     .misdirected = 8,
                     .readdressed = 9,
                     .unclassified = 10,
                     .unique_catch_up = 11,
                     .unstamped = 14},
          .late_unseen = 3,
          .heard_out = false,
          .spaces = {{60, 9}, {40, std::numeric_limits<std::uint64_t>::max()}},
          .torn = true,
          .gaps = {.lengths = steps(4), .longest = 6},
          .arrivals = ArrivalSpan{.first = 77, .last = 78},
          .last_gap_sent_before = 79,
          .window = 65'472,
          .readdressed_to = "198.18.0.77:9",
          .delay = DelaySummary{.metric = "one_way",
                                .tx_stamp = "frame",
                                .tx_span_max = 1,
                                .rx_stamp = "kernel",
                                .unstamped = 2,
                                .negative = 3,
                                .actual = distribution(100),
                                .steps = steps(1000),
                                .scheduled = distribution(200)},
          .jitter = JitterSummary{.rfc3550_mean = 0.25,
                                  .rfc3550_max = 0.75,
                                  .rfc3550_spaces = 2,
                                  .ipdv_pairs = 3,
                                  .ipdv_mean_abs = 4.5,
                                  .ipdv_min = -5,
                                  .ipdv_max = 6,
                                  .ipdv_p0_1 = -7,
                                  .ipdv_p50 = 8,
                                  .ipdv_p99_9 = 9,
                                  .ipdv_window = 10,
                                  .pdv_max = 11,
                                  .pdv_p50 = 12,
                                  .pdv_p99 = 13,
                                  .pdv_p99_9 = 14},
          .reordering = {.extent_max = 1,
                         .extent_mean = 2.5,
                         .late_time_max = 3,
                         .late_time_mean = 4.5,
                         .n_reordered = {5, 6},
                         .discontinuities = 7,
                         .discontinuity_max = 8,
                         .free_runs = 9,
                         .free_run_max = 10},
          .order_note = "an upper bound",
          .steps = {{1, 2, 3, 4, steps(30)}, {2, 4, 5, 6, steps(40)}},
          .preemptions = preemptions(70),
          .port = port(80)};
}

TEST(EndReports, WhatIsWrittenIsReadBackEqual) {
  const auto sent_again = read_sent_report(to_json(sent()));
  ASSERT_TRUE(sent_again) << sent_again.error().message;
  EXPECT_EQ(*sent_again, sent());
  const auto received_again = read_received_report(to_json(received()));
  ASSERT_TRUE(received_again) << received_again.error().message;
  EXPECT_EQ(*received_again, received());
  EXPECT_EQ(*read_sent_report(to_json(SentReport{})), SentReport{});
  EXPECT_EQ(*read_received_report(to_json(ReceivedReport{})), ReceivedReport{});
}

// Of the same kind, and another one.
json changed(const json& value) {
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number_float()) return value.get<double>() + 1;
  if (value == std::numeric_limits<std::uint64_t>::max()) return 0u;
  if (value.is_number_unsigned())
    return value.get<std::uint64_t>() == 100 ? 99 : value.get<std::uint64_t>() + 1;
  if (value.is_number()) return value.get<std::int64_t>() - 1;
  const auto text = value.get<std::string>();
  if (parse_mac(text)) return "02:00:00:00:00:77";
  return parse_ip(text) ? "198.18.0.77" : text + "!";
}

// Every leaf is taken, and only of its own kind; each that is no optional one must be there.
template <typename Read>
void every_leaf_counts(const json& whole, const Read& read, std::size_t leaves) {
  const auto sound = read(whole.dump());
  ASSERT_TRUE(sound);
  const json flat = whole.flatten();
  for (const auto& [path, value] : flat.items()) {
    const json::json_pointer at(path);
    json other = whole;
    other[at] = changed(value);
    const auto found = read(other.dump());
    ASSERT_TRUE(found) << path << found.error().message;
    EXPECT_NE(*found, *sound) << path;
    other[at] = value.is_string() ? json(7) : json("7");
    EXPECT_FALSE(read(other.dump())) << path;
    other[at] = json::object();
    const auto refused = read(other.dump());
    ASSERT_FALSE(refused) << path;
    EXPECT_NE(refused.error().message.find(path), std::string::npos) << refused.error().message;
  }
  EXPECT_EQ(flat.size(), leaves);
}

TEST(EndReports, EveryLeafCounts) {
  every_leaf_counts(json::parse(to_json(sent())), read_sent_report, 79);
  every_leaf_counts(json::parse(to_json(received())), read_received_report, 125);
}

TEST(EndReports, WhatIsAbsentIsNotZero) {
  SentReport one = sent();
  one.port.tx_dropped.reset();
  one.headers.next_hop.reset();
  one.pacing.lateness.reset();
  const std::string text = to_json(one);
  EXPECT_FALSE(json::parse(text)["port"].contains("tx_dropped"));
  EXPECT_EQ(*read_sent_report(text), one);
  json other = json::parse(text);
  other.erase("intended");
  const auto refused = read_sent_report(other.dump());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("/intended is missing"), std::string::npos);
}

// What would lead the fold beyond its arrays, or below zero.
TEST(EndReports, WhatCannotBeIsRefused) {
  const json whole = json::parse(to_json(received()));
  const auto refused = [&whole](const char* path, const json& value) {
    json other = whole;
    other[json::json_pointer(path)] = value;
    return !read_received_report(other.dump());
  };
  EXPECT_TRUE(refused("/gaps/lengths/steps/1/0", Histogram::kSteps));
  EXPECT_TRUE(refused("/gaps/lengths/steps/0/0", 6)) << "twice the same step";
  EXPECT_TRUE(refused("/delay/histogram/steps/0", json::array({1, 2, 3})));
  EXPECT_TRUE(refused("/late_unseen", 13));
  EXPECT_TRUE(refused("/counts/unique", -1));
  EXPECT_TRUE(refused("/preemptions/total_ns", std::numeric_limits<std::uint64_t>::max()));
  EXPECT_TRUE(refused("/spaces/0/0", 1.5));
  EXPECT_TRUE(refused("/order_note", "\x1b[2J")) << "it would reach a terminal";
  json too_many = json::parse(to_json(sent()));
  too_many["offered"] = 102;
  EXPECT_FALSE(read_sent_report(too_many.dump()));
  too_many = json::parse(to_json(sent()));
  too_many["headers"]["ttl"] = 256;
  EXPECT_FALSE(read_sent_report(too_many.dump()));
  for (const char* text : {"", "{", "[]", "null", "7", "{}"}) {
    EXPECT_FALSE(read_sent_report(text)) << text;
    EXPECT_FALSE(read_received_report(text)) << text;
  }
}

// Two processes that tell each other in words find what one would have.
TEST(EndReports, TheyFoldAsTheValuesDo) {
  SentReport one = sent();
  ReceivedReport other = received();
  other.torn = false;
  other.heard_out = true;
  other.spaces = {{58, 4}, {40, 4}};
  one.port = {.tx_dropped = 1};
  other.port = {.rx_ring_dropped = 2, .rx_nic_dropped = 1};
  const FoldContext context;
  const Folded by_values = fold(one, other, context);
  const Folded by_words =
      fold(*read_sent_report(to_json(one)), *read_received_report(to_json(other)), context);
  EXPECT_EQ(by_values.spoiled, "");
  EXPECT_EQ(by_words.spoiled, by_values.spoiled);
  EXPECT_EQ(by_words.result.counts.lost, 10u);
  EXPECT_EQ(by_words.result.attribution.rx_ring, by_values.result.attribution.rx_ring);
  EXPECT_EQ(by_words.result.loss_bursts->longest, by_values.result.loss_bursts->longest);
  EXPECT_EQ(by_words.result.delay, by_values.result.delay);
  EXPECT_EQ(by_words.result.pacing, by_values.result.pacing);
}

}  // namespace
}  // namespace wireproof

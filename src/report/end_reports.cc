#include "report/end_reports.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <tuple>
#include <type_traits>
#include <utility>

#include "base/address.h"
#include "report/json_parts.h"

namespace wireproof {
namespace {

template <typename T, typename Struct>
concept Is = std::same_as<std::remove_const_t<T>, Struct>;

// The members of each struct and their keys, once, for the writer and for the reader.

void members(auto&& take, Is<Distribution> auto& of) {
  take("samples", of.samples);
  take("min_ns", of.min);
  take("mean_ns", of.mean);
  take("stdev_ns", of.stdev);
  take("max_ns", of.max);
  take("p50_ns", of.p50);
  take("p90_ns", of.p90);
  take("p99_ns", of.p99);
  take("p99_9_ns", of.p99_9);
  take("p99_99_ns", of.p99_99);
  take("p99_999_ns", of.p99_999);
}

void members(auto&& take, Is<HistogramSteps> auto& of) {
  take("steps", of.steps);
  take("overflow", of.overflow);
}

void members(auto&& take, Is<DelaySummary> auto& of) {
  take("metric", of.metric);
  take("tx_stamp", of.tx_stamp);
  take("tx_span_max_ns", of.tx_span_max);
  take("rx_stamp", of.rx_stamp);
  take("unstamped", of.unstamped);
  take("negative", of.negative);
  take("actual", of.actual);
  take("histogram", of.steps);
  take("scheduled", of.scheduled);
}

void members(auto&& take, Is<JitterSummary> auto& of) {
  take("rfc3550_mean_ns", of.rfc3550_mean);
  take("rfc3550_max_ns", of.rfc3550_max);
  take("rfc3550_spaces", of.rfc3550_spaces);
  take("ipdv_pairs", of.ipdv_pairs);
  take("ipdv_mean_abs_ns", of.ipdv_mean_abs);
  take("ipdv_min_ns", of.ipdv_min);
  take("ipdv_max_ns", of.ipdv_max);
  take("ipdv_p0_1_ns", of.ipdv_p0_1);
  take("ipdv_p50_ns", of.ipdv_p50);
  take("ipdv_p99_9_ns", of.ipdv_p99_9);
  take("ipdv_window", of.ipdv_window);
  take("pdv_max_ns", of.pdv_max);
  take("pdv_p50_ns", of.pdv_p50);
  take("pdv_p99_ns", of.pdv_p99);
  take("pdv_p99_9_ns", of.pdv_p99_9);
}

void members(auto&& take, Is<ReorderingSummary> auto& of) {
  take("extent_max", of.extent_max);
  take("extent_mean", of.extent_mean);
  take("late_time_max_ns", of.late_time_max);
  take("late_time_mean_ns", of.late_time_mean);
  take("n_reordered", of.n_reordered);
  take("discontinuities", of.discontinuities);
  take("discontinuity_max", of.discontinuity_max);
  take("free_runs", of.free_runs);
  take("free_run_max", of.free_run_max);
}

void members(auto&& take, Is<PauseSummary::Pause> auto& of) {
  take("at_ns", of.at);
  take("length_ns", of.length);
}

void members(auto&& take, Is<PauseSummary> auto& of) {
  take("threshold_ns", of.threshold);
  take("busy_threshold_ns", of.busy_threshold);
  take("count", of.count);
  take("total_ns", of.total);
  take("max_ns", of.max);
  take("log", of.log);
}

void members(auto&& take, Is<PacingSummary> auto& of) {
  take("mode", of.mode);
  take("schedule", of.schedule);
  take("lag_max_ns", of.lag_max);
  take("stalls", of.stalls);
  take("lag", of.lag);
  take("gap", of.gap);
  take("gap_target_ns", of.gap_target);
  take("burst_room", of.burst_room);
  take("burst_max", of.burst_max);
  take("caught_up", of.caught_up);
  take("lost_behind", of.lost_behind);
  take("pauses", of.pauses);
}

void members(auto&& take, Is<SentHeaders> auto& of) {
  take("src_mac", of.src_mac);
  take("dst_mac", of.dst_mac);
  take("next_hop", of.next_hop);
  take("vlan", of.vlan);
  take("src_ip", of.src_ip);
  take("dst_ip", of.dst_ip);
  take("dst_ip_last", of.dst_ip_last);
  take("src_l4_ports", of.src_l4_ports);
  take("src_l4_ports_are_range", of.src_l4_ports_are_range);
  take("dst_l4_port", of.dst_l4_port);
  take("dst_l4_port_last", of.dst_l4_port_last);
  take("dscp", of.dscp);
  take("ttl", of.ttl);
}

void members(auto&& take, Is<PortGrowth> auto& of) {
  take("tx_dropped", of.tx_dropped);
  take("rx_ring_dropped", of.rx_ring_dropped);
  take("rx_nic_dropped", of.rx_nic_dropped);
  take("set_back", of.set_back);
  take("ring_filled", of.ring_filled);
  take("rx_blind", of.rx_blind);
}

void members(auto&& take, Is<SentReport::Step> auto& of) {
  take("start_ns", of.start);
  take("end_ns", of.end);
  take("offered", of.offered);
}

void members(auto&& take, Is<SentReport> auto& of) {
  take("from", of.from);
  take("headers", of.headers);
  take("intended", of.intended);
  take("offered", of.offered);
  take("flows_sent", of.flows_sent);
  take("sequence_scope", of.sequence_scope);
  take("sent_per_space", of.sent_per_space);
  take("tx_duration_ns", of.tx_duration);
  take("tx_stamp", of.tx_stamp);
  take("tx_span_max_ns", of.tx_span_max);
  take("pacing", of.pacing);
  take("displaced", of.displaced);
  take("steps", of.steps);
  take("port", of.port);
}

void members(auto&& take, Is<ReceiveCounts> auto& of) {
  take("unique", of.unique);
  take("duplicate", of.duplicate);
  take("reordered", of.reordered);
  take("late", of.late);
  take("late_lost", of.late_lost);
  take("stale", of.stale);
  take("corrupt", of.corrupt);
  take("foreign", of.foreign);
  take("misdirected", of.misdirected);
  take("readdressed", of.readdressed);
  take("unclassified", of.unclassified);
  take("unique_catch_up", of.unique_catch_up);
  take("unstamped", of.unstamped);
}

void members(auto&& take, Is<ReceivedReport::Gaps> auto& of) {
  take("lengths", of.lengths);
  take("longest", of.longest);
}

void members(auto&& take, Is<ReceivedReport::Step> auto& of) {
  take("start_ns", of.start);
  take("end_ns", of.end);
  take("received", of.received);
  take("lost", of.lost);
  take("delay", of.delay);
}

void members(auto&& take, Is<ReceivedReport> auto& of) {
  take("to", of.to);
  take("counts", of.counts);
  take("late_unseen", of.late_unseen);
  take("heard_out", of.heard_out);
  take("spaces", of.spaces);
  take("torn", of.torn);
  take("gaps", of.gaps);
  take("window", of.window);
  take("readdressed_to", of.readdressed_to);
  take("delay", of.delay);
  take("jitter", of.jitter);
  take("reordering", of.reordering);
  take("order_note", of.order_note);
  take("steps", of.steps);
  take("pauses", of.pauses);
  take("port", of.port);
}

// There may be tens of thousands of them: two numbers in an array, without keys.
using Pair = std::pair<std::uint64_t, std::uint64_t>;
Pair pair_of(const HistogramSteps::Step& step) {
  return {step.index, step.count};
}
Pair pair_of(const ReceivedReport::Space& space) {
  return {space.reached, space.gaps};
}

// Writing

template <typename T>
Json json_of(const T& value);
template <typename T>
Json json_of(const std::vector<T>& values);

struct EndWriter {
  Json json = Json::object();

  template <typename T>
  void operator()(const char* key, const T& value) {
    json[key] = json_of(value);
  }
  template <typename T>
  void operator()(const char* key, const std::optional<T>& value) {
    if (value) json[key] = json_of(*value);
  }
};

template <typename T>
Json json_of(const std::vector<T>& values) {
  Json array = Json::array();
  for (const T& value : values) array.push_back(json_of(value));
  return array;
}

template <typename T>
Json json_of(const T& value) {
  if constexpr (std::is_arithmetic_v<T> || std::same_as<T, std::string>) {
    return value;
  } else if constexpr (std::same_as<T, MacAddress>) {
    return format_mac(value);
  } else if constexpr (std::same_as<T, IpAddress>) {
    return format_ip(value);
  } else if constexpr (requires { pair_of(value); }) {
    return pair_of(value);
  } else {
    EndWriter writer;
    members(writer, value);
    return std::move(writer.json);
  }
}

// Reading

// Words of a report reach a terminal.
bool is_control(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == 0x7f;
}

// Keeps the place of the first thing that is wrong.
class EndReader {
 public:
  EndReader(const Json& json, std::string place, std::string& wrong)
      : json_(json), place_(std::move(place)), wrong_(wrong) {
    if (!json.is_object()) refuse(place_);
  }

  template <typename T>
  void operator()(const char* key, T& into) {
    if (const Json* value = find(key); value != nullptr)
      read(*value, place_ + "/" + key, into);
    else
      refuse(place_ + "/" + key);
  }
  template <typename T>
  void operator()(const char* key, std::optional<T>& into) {
    if (const Json* value = find(key)) read(*value, place_ + "/" + key, into.emplace());
  }

 private:
  const Json* find(const char* key) const {
    if (!json_.is_object()) return nullptr;
    const auto found = json_.find(key);
    return found == json_.end() ? nullptr : &*found;
  }
  void refuse(const std::string& place) {
    if (wrong_.empty()) wrong_ = place.empty() ? "/" : place;
  }
  void require(bool sound, const std::string& place) {
    if (!sound) refuse(place);
  }

  template <typename T>
  void read(const Json& json, const std::string& place, std::vector<T>& into) {
    if (!json.is_array()) return refuse(place);
    into.reserve(json.size());
    for (std::size_t i = 0; i < json.size() && wrong_.empty(); ++i)
      read(json[i], fmt::format("{}/{}", place, i), into.emplace_back());
  }

  template <std::integral T>
  void read(const Json& json, const std::string& place, T& into) {
    if constexpr (std::same_as<T, bool>) {
      if (!json.is_boolean()) return refuse(place);
      into = json.get<bool>();
    } else if (json.is_number_unsigned()) {
      const auto value = json.get<std::uint64_t>();
      if (!std::in_range<T>(value)) return refuse(place);
      into = static_cast<T>(value);
    } else if (json.is_number_integer() && std::is_signed_v<T>) {
      into = static_cast<T>(json.get<std::int64_t>());
    } else {
      refuse(place);
    }
  }
  void read(const Json& json, const std::string& place, double& into) {
    if (!json.is_number()) return refuse(place);
    into = json.get<double>();
    require(std::isfinite(into), place);
  }
  void read(const Json& json, const std::string& place, std::string& into) {
    if (!json.is_string()) return refuse(place);
    into = json.get<std::string>();
    require(std::none_of(into.begin(), into.end(), is_control), place);
  }
  void read(const Json& json, const std::string& place, MacAddress& into) {
    const auto mac = parse_mac(json.is_string() ? json.get<std::string>() : "");
    if (!mac) return refuse(place);
    into = *mac;
  }
  void read(const Json& json, const std::string& place, IpAddress& into) {
    const auto ip = parse_ip(json.is_string() ? json.get<std::string>() : "");
    if (!ip) return refuse(place);
    into = *ip;
  }
  Pair read_pair(const Json& json, const std::string& place) {
    Pair pair;
    if (!json.is_array() || json.size() != 2) {
      refuse(place);
      return pair;
    }
    read(json[0], place + "/0", pair.first);
    read(json[1], place + "/1", pair.second);
    return pair;
  }
  void read(const Json& json, const std::string& place, HistogramSteps::Step& into) {
    const auto [index, count] = read_pair(json, place);
    require(index < Histogram::kSteps, place);
    into = {static_cast<std::uint32_t>(index), count};
  }
  void read(const Json& json, const std::string& place, ReceivedReport::Space& into) {
    std::tie(into.reached, into.gaps) = read_pair(json, place);
  }
  void read(const Json& json, const std::string& place, HistogramSteps& into) {
    members(EndReader(json, place, wrong_), into);
    for (std::size_t i = 1; i < into.steps.size(); ++i)
      require(into.steps[i - 1].index < into.steps[i].index, place);
  }
  template <typename T>
  void read(const Json& json, const std::string& place, T& into) {
    members(EndReader(json, place, wrong_), into);
  }

  const Json& json_;
  std::string place_;
  std::string& wrong_;
};

// What fold() takes for granted.
std::string impossible(const SentReport& report) {
  return report.offered > report.intended ? "/offered" : "";
}

std::string impossible(const ReceivedReport& report) {
  return report.late_unseen > report.counts.late_lost ? "/late_unseen" : "";
}

template <typename Report>
Result<Report> read_report(std::string_view text, const char* what) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded())
    return fail(ErrorKind::kPrecondition, fmt::format("the report of {} is no JSON", what));
  Report report;
  std::string wrong;
  members(EndReader(json, "", wrong), report);
  if (wrong.empty()) wrong = impossible(report);
  if (wrong.empty()) return report;
  return fail(
      ErrorKind::kPrecondition,
      fmt::format("the report of {}: {} is missing, of another kind or impossible", what, wrong),
      "both ends must be of the same version");
}

template <typename Report>
std::string written(const Report& report) {
  return json_of(report).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string to_json(const SentReport& report) {
  return written(report);
}

std::string to_json(const ReceivedReport& report) {
  return written(report);
}

Result<SentReport> read_sent_report(std::string_view text) {
  return read_report<SentReport>(text, "what was sent");
}

Result<ReceivedReport> read_received_report(std::string_view text) {
  return read_report<ReceivedReport>(text, "what was received");
}

}  // namespace wireproof

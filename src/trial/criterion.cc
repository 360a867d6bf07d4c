#include "trial/criterion.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/nearest.h"
#include "base/units.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

using Measured = std::optional<double>;

struct Metric {
  std::string_view name;
  CriterionUnit unit;
  CriterionNeeds needs;
  Measured (*of)(const DirectionResult&);
  bool bounded = false;  // never above 1
};

Measured part(std::uint64_t count, std::uint64_t of) {
  if (of == 0) return std::nullopt;
  return static_cast<double>(count) / static_cast<double>(of);
}

Measured loss(const DirectionResult& d) {
  return part(d.counts.lost, d.counts.offered);
}

Measured duplicates(const DirectionResult& d) {
  return d.sequence_spaces > 0 ? part(d.counts.duplicate, d.counts.offered) : std::nullopt;
}

Measured reordering(const DirectionResult& d) {
  return d.reordering ? part(d.counts.reordered, d.counts.unique) : std::nullopt;
}

template <auto member>
Measured delay(const DirectionResult& d) {
  if (!d.delay || d.delay->actual.samples == 0) return std::nullopt;
  const auto value = d.delay->actual.*member;
  if constexpr (requires { value.has_value(); }) {
    return value ? Measured(static_cast<double>(*value)) : std::nullopt;
  } else {
    return static_cast<double>(value);
  }
}

template <auto member>
Measured variation(const DirectionResult& d) {
  if (!d.jitter) return std::nullopt;
  const auto value = (*d.jitter).*member;
  if constexpr (requires { value.has_value(); }) {
    return value ? Measured(static_cast<double>(*value)) : std::nullopt;
  } else {
    return static_cast<double>(value);
  }
}

template <auto member>
Measured rfc3550(const DirectionResult& d) {
  return d.jitter && d.jitter->rfc3550_spaces > 0 ? variation<member>(d) : std::nullopt;
}

template <auto member>
Measured ipdv(const DirectionResult& d) {
  return d.jitter && d.jitter->ipdv_pairs > 0 ? variation<member>(d) : std::nullopt;
}

constexpr auto kRatio = CriterionUnit::kRatio;
constexpr auto kNs = CriterionUnit::kNanoseconds;
constexpr auto kReceiver = CriterionNeeds::kReceiver;
constexpr auto kDelays = CriterionNeeds::kDelays;
constexpr auto kEvery = CriterionNeeds::kEveryDelay;

// By the names of the result document, without their unit.
constexpr Metric kMetrics[] = {
    {"loss", kRatio, kReceiver, loss, true},
    {"duplicates", kRatio, kReceiver, duplicates},
    {"reordering", kRatio, kReceiver, reordering, true},
    {"delay_min", kNs, kDelays, delay<&Distribution::min>},
    {"delay_mean", kNs, kDelays, delay<&Distribution::mean>},
    {"delay_p50", kNs, kDelays, delay<&Distribution::p50>},
    {"delay_p90", kNs, kDelays, delay<&Distribution::p90>},
    {"delay_p99", kNs, kDelays, delay<&Distribution::p99>},
    {"delay_p99_9", kNs, kDelays, delay<&Distribution::p99_9>},
    {"delay_p99_99", kNs, kDelays, delay<&Distribution::p99_99>},
    {"delay_p99_999", kNs, kDelays, delay<&Distribution::p99_999>},
    {"delay_max", kNs, kDelays, delay<&Distribution::max>},
    {"jitter", kNs, kEvery, rfc3550<&JitterSummary::rfc3550_mean>},
    {"jitter_max", kNs, kEvery, rfc3550<&JitterSummary::rfc3550_max>},
    {"ipdv_mean_abs", kNs, kEvery, ipdv<&JitterSummary::ipdv_mean_abs>},
    {"ipdv_p99_9", kNs, kEvery, ipdv<&JitterSummary::ipdv_p99_9>},
    {"ipdv_max", kNs, kEvery, ipdv<&JitterSummary::ipdv_max>},
    {"pdv_p50", kNs, kEvery, variation<&JitterSummary::pdv_p50>},
    {"pdv_p99", kNs, kEvery, variation<&JitterSummary::pdv_p99>},
    {"pdv_p99_9", kNs, kEvery, variation<&JitterSummary::pdv_p99_9>},
    {"pdv_max", kNs, kEvery, variation<&JitterSummary::pdv_max>},
};
constexpr std::string_view kInvalid = "invalid";

// Other names of the same numbers: the keys that the result has them under.
constexpr std::pair<std::string_view, std::string_view> kAliases[] = {
    {"rfc3550", "jitter"},       {"rfc3550_max", "jitter_max"}, {"loss_ratio", "loss"},
    {"duplicate", "duplicates"}, {"reordered", "reordering"},
};
constexpr std::pair<std::string_view, std::string_view> kOtherPrefix = {"latency_", "delay_"};

const Metric* find_metric(std::string_view name) {
  const auto found = std::find_if(std::begin(kMetrics), std::end(kMetrics),
                                  [name](const Metric& metric) { return metric.name == name; });
  return found == std::end(kMetrics) ? nullptr : found;
}

std::string known_name(std::string_view typed) {
  for (const auto& [alias, name] : kAliases) {
    if (typed == alias) return std::string(name);
  }
  if (typed.starts_with(kOtherPrefix.first)) {
    return std::string(kOtherPrefix.second).append(typed.substr(kOtherPrefix.first.size()));
  }
  return std::string(typed);
}

std::vector<std::string> known_names() {
  std::vector<std::string> names;
  for (const Metric& metric : kMetrics) names.emplace_back(metric.name);
  names.emplace_back(kInvalid);
  return names;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

Result<Criterion> parse_one(std::string_view flag, std::string_view text) {
  constexpr const char* kForms =
      "write 'loss>0.1%', 'delay_p99>1ms', 'jitter>50us', 'reordering>0', 'duplicates>0' or "
      "invalid, in quotes for the shell; several with commas";
  const std::size_t sign = text.find('>');
  const std::string name = known_name(trimmed(text.substr(0, sign)));
  if (sign == std::string_view::npos && name == kInvalid) {
    return Criterion{
        .name = name, .unit = CriterionUnit::kVerdict, .needs = CriterionNeeds::kNothing};
  }
  const Metric* metric = find_metric(name);
  if (metric == nullptr && sign != std::string_view::npos && name != kInvalid) {
    const std::string near = nearest_name(name, known_names());
    return fail(ErrorKind::kUsage, fmt::format("{} {}: unknown criterion", flag, quote(text)),
                near.empty() ? kForms : fmt::format("did you mean {}?", quote(near)));
  }
  if (metric == nullptr || sign == std::string_view::npos) {
    return fail(ErrorKind::kUsage, fmt::format("{} {}: not a criterion", flag, quote(text)),
                kForms);
  }
  Criterion criterion{.name = name, .unit = metric->unit, .needs = metric->needs};
  const std::string label = fmt::format("{} {}>", flag, name);
  const std::string_view limit = trimmed(text.substr(sign + 1));
  if (metric->unit == CriterionUnit::kRatio) {
    const auto ratio = parse_ratio(label, limit);
    if (!ratio) return tl::unexpected(ratio.error());
    if (metric->bounded && *ratio >= 1) {
      return fail(
          ErrorKind::kUsage,
          fmt::format("{}{}: no value is above 100 %, so this criterion could never fail", label,
                      printable(limit)),
          fmt::format("a number without % is a ratio: write '{}>1%' or '{}>0.01'", name, name));
    }
    criterion.limit = *ratio;
  } else {
    const auto time = parse_duration(label, limit, 0);
    if (!time) return tl::unexpected(time.error());
    criterion.limit = static_cast<double>(*time);
  }
  return criterion;
}

std::string why_not_measured(const Criterion& criterion, const DirectionResult& direction) {
  if (!has_receiver(direction)) return "nothing is received";
  if (direction.counts.offered == 0) return "no frame was sent";
  if (direction.counts.unique == 0) return "no frame arrived";
  if (criterion.needs == CriterionNeeds::kReceiver) return "not tracked";
  return "too few frames for it, or their delays were not recorded";
}

CriterionResult hold(const Criterion& criterion, const TrialResult& trial) {
  CriterionResult result{
      .criterion = criterion, .trial_id = trial.spec.id, .frame_size = trial.spec.frame_size};
  if (criterion.unit == CriterionUnit::kVerdict) {
    result.failed = trial.verdict == Verdict::kInvalid;
    if (result.failed) result.reason = trial.reason;
    return result;
  }
  const Metric* metric = find_metric(criterion.name);
  for (const DirectionResult& direction : trial.directions) {
    const Measured found = has_receiver(direction) ? metric->of(direction) : std::nullopt;
    // Without a number is worse than any number, and there is nothing to compare it with.
    if (found && result.measured && *found <= *result.measured) continue;
    result.measured = found;
    result.from = direction.from;
    result.to = receiver_name(direction);
    if (found) continue;
    result.reason = why_not_measured(criterion, direction);
    break;
  }
  result.failed = !result.measured || *result.measured > criterion.limit;
  return result;
}

}  // namespace

Result<std::vector<Criterion>> parse_criteria(std::string_view flag, std::string_view text) {
  std::vector<Criterion> criteria;
  while (true) {
    const std::size_t comma = text.find(',');
    auto one = parse_one(flag, trimmed(text.substr(0, comma)));
    if (!one) return tl::unexpected(one.error());
    criteria.push_back(std::move(*one));
    if (comma == std::string_view::npos) return criteria;
    text.remove_prefix(comma + 1);
  }
}

std::string describe(const Criterion& criterion) {
  switch (criterion.unit) {
    case CriterionUnit::kVerdict:
      return criterion.name;
    case CriterionUnit::kRatio:
      return fmt::format("{} > {:g}%", criterion.name, criterion.limit * 100);
    case CriterionUnit::kNanoseconds:
      break;
  }
  return fmt::format("{} > {}", criterion.name,
                     format_duration(static_cast<Nanoseconds>(criterion.limit)));
}

std::vector<CriterionResult> judge_criteria(const std::vector<Criterion>& criteria,
                                            const TrialResult& trial) {
  std::vector<CriterionResult> results;
  for (const Criterion& criterion : criteria) {
    const bool asked =
        trial.verdict != Verdict::kInvalid || criterion.unit == CriterionUnit::kVerdict;
    if (asked) results.push_back(hold(criterion, trial));
  }
  return results;
}

}  // namespace wireproof

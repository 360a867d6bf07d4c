// One search, and errors, for a document. Private to src/report.
#pragma once

#include "report/trial_fields.h"
#include "trial/search.h"

namespace wireproof {

// null where there is none.
template <typename Fields>
void error_field(Fields& f, const char* key, auto& error) {
  const auto each = [](auto& inner, auto& of) {
    inner.word("code", of.kind, kErrorWords);
    inner.field("message", of.message);
    inner.unless_empty("hint", of.hint);
    inner.when(of.errno_value != 0, "errno", of.errno_value);
  };
  if constexpr (Fields::kReads) {
    const Json* const found = f.find(key);
    if (found == nullptr) return f.refuse(f.at(key));
    if (!found->is_null()) f.maybe(key, error, each);
  } else {
    f.derived(key, nullptr);
    f.maybe(key, error, each);
  }
}

// Its trials stand in the document, each once: here are their numbers.
template <typename Fields>
void trial_ids_field(Fields& f, auto& trials) {
  std::vector<std::uint64_t> ids;
  if constexpr (Fields::kReads) {
    f.when(true, "trial_ids", ids);
    for (const std::uint64_t id : ids) trials.emplace_back().spec.id = id;
  } else {
    for (const TrialResult& trial : trials) ids.push_back(trial.spec.id);
    f.derived("trials", trials.size());
    f.field("trial_ids", ids);
  }
}

void search_fields(auto& f, Is<SearchResult> auto& search, const Hosts& hosts,
                   double line_rate_bps) {
  auto& spec = search.spec;
  f.field("frame_size", spec.frame_size);
  f.unless_zero("mean_frame_size", spec.mean_frame_size);
  f.object("goal", [&](auto& goal) {
    goal.field("name", spec.goal.name);
    goal.field("loss_ratio", spec.goal.loss_ratio);
    goal.unless_zero("exceed_ratio", spec.goal.exceed_ratio);
    goal.field("precision", spec.precision);
    goal.seconds("trial_duration_s", spec.trial_duration);
    goal.seconds("final_duration_s", spec.final_duration);
    goal.seconds_when(spec.duration_sum > 0, "duration_sum_s", spec.duration_sum);
  });
  const double size = exact_frame_size(spec);
  const auto& lower = search.lower_bound_fps;
  f.optional("lower_bound_fps", search.lower_bound_fps);
  if (lower) f.derived("lower_bound_l1_bps", layer1_bps(*lower, size));
  if (lower) f.derived("lower_bound_l2_bps", layer2_bps(*lower, size));
  f.optional("upper_bound_fps", search.upper_bound_fps);
  f.optional("conditional_throughput_fps", search.conditional_throughput_fps);
  if (const auto by_short = by_short_trials_fps(search))
    f.derived("by_short_trials_fps", *by_short);
  if (line_rate_bps > 0) {
    const double line_fps = line_rate_fps(line_rate_bps, size);
    f.derived("line_rate_fps", line_fps);
    if (lower) f.derived("percent_of_line_rate", *lower / line_fps * 100);
  }
  f.field("regular", search.regular);
  f.field("tester_limited", search.tester_limited);
  f.field("interrupted", search.interrupted);
  f.field("reason", search.reason);
  f.maybe("final_trial", search.final_trial,
          [&](auto& inner, auto& trial) { trial_fields(inner, trial, hosts); });
  trial_ids_field(f, search.trials);
  f.seconds("elapsed_s", search.elapsed);
  error_field(f, "error", search.error);
}

}  // namespace wireproof

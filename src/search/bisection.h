// One search by bisection, from its first trial to its answer (bisect.h): what to do next, what a
// trial teaches, and, in bisection_answer.cc, what is known. Private to src/search.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "search/achieved.h"
#include "search/bisect.h"
#include "search/load_chooser.h"

namespace wireproof {

struct SearchStep {
  double load = 0;  // 0: as fast as the tester can
  Nanoseconds duration = 0;
  bool confirming = false;
  bool above = false;  // a load that was given up: see trial_above()
};

class Bisection {
 public:
  Bisection(const SearchSpec& spec, Measurer& measurer, const Clock& clock,
            const SearchProgress& progress, std::span<const TrialResult* const> known)
      : spec_(spec),
        measurer_(measurer),
        clock_(clock),
        progress_(progress),
        start_(clock.now()),
        floor_(lowest_load(spec)),
        duration_(spec.trial_duration),
        chooser_(spec.precision, spec.goal.loss_ratio) {
    result_.spec = spec;
    begin_with(known);
  }

  [[nodiscard]] Result<SearchResult> run();

 private:
  void begin_with(std::span<const TrialResult* const> known);

  // What to do next
  [[nodiscard]] std::optional<SearchStep> next_step();
  [[nodiscard]] std::optional<SearchStep> narrowing_step();
  [[nodiscard]] std::optional<SearchStep> confirming_step() const;
  [[nodiscard]] std::optional<SearchStep> trial_above() const;
  [[nodiscard]] std::optional<double> top() const;
  [[nodiscard]] bool narrow(double low, double high) const;
  [[nodiscard]] Nanoseconds cost(Nanoseconds duration) const;
  [[nodiscard]] bool in_time(Nanoseconds cost) const;
  [[nodiscard]] Nanoseconds time_left() const;

  // What a trial teaches
  void learn(const SearchStep& step);
  void learn_unpaced(const TrialResult& trial);
  void learn_pass(const SearchStep& step, std::size_t trial);
  void learn_fail(const SearchStep& step, const TrialResult& trial);
  void learn_invalid(const SearchStep& step, const TrialResult& trial);
  void give_up(const SearchStep& step);
  void only_final_trials_count();
  [[nodiscard]] Status learn_error(const Error& error);

  // What is known
  void describe();
  [[nodiscard]] std::optional<std::size_t> best_trial() const;
  [[nodiscard]] std::string why_not_regular() const;
  [[nodiscard]] std::string why_no_bound() const;
  [[nodiscard]] std::string not_guaranteed() const;

  const SearchSpec spec_;
  Measurer& measurer_;
  const Clock& clock_;
  const SearchProgress& progress_;
  const Nanoseconds start_;
  const double floor_;
  Nanoseconds duration_;  // of the trials that narrow
  LoadChooser chooser_;
  SearchResult result_;

  std::optional<std::size_t> lower_trial_;  // the good one with the highest load
  std::optional<double> upper_;             // the lowest load that failed
  std::optional<double> ceiling_;           // the lowest load that was given up as invalid
  std::optional<double> unpaced_;           // what the tester offered without a schedule
  bool unpaced_met_goal_ = false;
  bool top_tried_ = false;         // some trial of this search said where the top is
  bool ceiling_is_limit_ = false;  // as far as the tester can send, and not a disturbance
  std::string ceiling_reason_;
  unsigned trials_above_ = 0;
  std::optional<SearchStep> retry_;
  unsigned retries_ = 0;
  std::optional<std::size_t> short_pass_;  // of this step: see fell_short()
  Achieved achieved_;                      // by the invalid trials of this step
  bool confirmed_ = false;
  bool out_of_time_ = false;
  bool ended_ = false;
};

}  // namespace wireproof

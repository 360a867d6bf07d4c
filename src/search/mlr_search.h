// One search for several goals, from its first trial to its answers (mlr.h): what to do next, what
// a trial teaches, and, in mlr_answer.cc, what is known. Private to src/search.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "search/achieved.h"
#include "search/disturbance.h"
#include "search/goal_search.h"
#include "search/mlr.h"
#include "search/trial_book.h"

namespace wireproof {

class MlrSearch {
 public:
  MlrSearch(std::span<const SearchSpec> goals, Measurer& measurer, const Clock& clock,
            const MlrProgress& progress);

  [[nodiscard]] Result<std::vector<SearchResult>> run();

 private:
  struct Step {
    std::size_t goal = 0;
    Wish wish;           // fps 0: as fast as the tester can
    bool above = false;  // a load that was given up
  };

  // What to do next
  [[nodiscard]] std::optional<Step> next_step();
  [[nodiscard]] std::optional<Step> wanted() const;
  [[nodiscard]] std::optional<Step> above_given_up() const;
  [[nodiscard]] std::optional<Step> confirming() const;
  [[nodiscard]] TrialSpec trial_of(const Step& step) const;
  [[nodiscard]] Nanoseconds duration_of(const Step& step) const;
  [[nodiscard]] LoadRange range() const;
  [[nodiscard]] Nanoseconds overhead() const;
  [[nodiscard]] bool in_time(Nanoseconds cost) const;
  [[nodiscard]] Nanoseconds time_left() const;

  // What a trial teaches
  void learn(const Step& step);
  void learn_unpaced(const TrialResult& trial);
  void learn_invalid(const Step& step, const TrialResult& trial);
  [[nodiscard]] bool worth_retrying(const Step& step) const;
  [[nodiscard]] bool is_limit(const Step& step) const;
  [[nodiscard]] bool disturbs_decision(const Step& step) const;
  void give_up(const Step& step);
  void take(const Step& step, std::size_t trial);
  [[nodiscard]] Status learn_error(const Error& error);

  // What is known
  [[nodiscard]] std::vector<SearchResult> answers() const;  // without their trials
  [[nodiscard]] SearchResult answer(const GoalSearch& goal) const;
  [[nodiscard]] std::vector<const TrialResult*> best_unconfirmed(const GoalSearch& goal) const;
  void describe_bounds(const GoalSearch& goal, SearchResult& result) const;
  [[nodiscard]] std::string why_not_regular(const GoalSearch& goal,
                                            const SearchResult& result) const;
  [[nodiscard]] std::string why_no_bound(const GoalSearch& goal) const;
  [[nodiscard]] std::string not_guaranteed() const;
  [[nodiscard]] std::string of_the_host() const;

  Measurer& measurer_;
  const Clock& clock_;
  const MlrProgress& progress_;
  const Nanoseconds start_;
  const SearchSpec common_;  // what all goals share, by the first of them
  const double floor_;
  TrialBook book_;
  std::size_t valid_trials_ = 0;
  std::size_t valid_trials_max_ = 0;
  std::vector<GoalSearch> goals_;

  std::optional<double> ceiling_;  // the lowest load that was given up as invalid
  bool ceiling_is_limit_ = false;  // the tester's own; otherwise it was disturbed there
  std::string ceiling_reason_;
  std::string host_;  // what the host did in the last invalid trial (taken_away())
  Disturbance disturbance_;
  double came_back_fps_ = 0;       // the most, of all trials
  unsigned trials_above_ = 0;      // a load that was given up
  double hint_ = 0;                // see LoadRange
  std::optional<double> unpaced_;  // what the tester offered without a schedule
  std::optional<Step> retry_;
  unsigned retries_ = 0;
  std::optional<std::size_t> short_pass_;  // of this step: passed, and fell short (proven.h)
  Achieved achieved_;                      // by the invalid trials of this step
  bool interrupted_ = false;
  bool ended_ = false;
  bool out_of_time_ = false;
  bool too_many_ = false;
  bool undecided_ = false;  // the trials that decide were given up as disturbed
  unsigned given_up_ = 0;   // loads
  std::optional<Error> error_;
};

}  // namespace wireproof

#include "job/search_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "search/mlr.h"
#include "search/proven.h"
#include "trial/derive.h"
#include "trial/numbered.h"

namespace wireproof {
namespace {

class Searches {
 public:
  Searches(const SearchRun& run, const Clock& clock, RunReport& report)
      : run_(run), clock_(clock), report_(report), start_(clock.now()), measurer_(run.on_trial) {
    for (const SizeSearches& size : run.sizes) total_ += size.goals.size();
  }

  Status run_all() {
    for (std::size_t i = 0; i < run_.sizes.size(); ++i) {
      const Result<Measurer*> measurer = run_.measurer_for(i);
      if (!measurer) return tl::unexpected(measurer.error());
      measurer_.use(**measurer);
      first_of_size_ = report_.searches.size();
      if (run_.method == SearchMethod::kMlr) {
        run_all_goals(run_.sizes[i]);
      } else {
        for (const SearchSpec& spec : run_.sizes[i].goals) {
          run_one(run_.sizes[i].name, spec);
          if (over_) break;
        }
        reconcile_goals();
      }
      if (over_) break;
    }
    settle_status();
    return ended_;
  }

 private:
  void run_one(const std::string& size, SearchSpec spec) {
    spec.time_limit = share_of_time(1);
    const SearchProgress progress = [&](const SearchResult& so_far, Nanoseconds left) {
      if (run_.on_progress) run_.on_progress(progress_line(size, so_far, so_far.trials, 1, left));
    };
    Result<SearchResult> found = bisect(spec, measurer_, clock_, progress, known_trials());
    if (!found) return end_with(found.error());
    add(*std::move(found));
  }

  void run_all_goals(const SizeSearches& size) {
    std::vector<SearchSpec> goals = size.goals;
    for (SearchSpec& goal : goals) goal.time_limit = share_of_time(goals.size());
    const MlrProgress progress = [&](const MlrView& view) {
      if (run_.on_progress)
        run_.on_progress(
            progress_line(size.name, view.so_far[view.goal], view.trials, goals.size(), view.left));
    };
    auto found = mlr_search(goals, measurer_, clock_, progress);
    if (!found) return end_with(found.error());
    for (SearchResult& one : *found) add(std::move(one));
  }

  void add(SearchResult found) {
    report_.searches.push_back(std::move(found));
    const SearchResult& last = report_.searches.back();
    over_ |= last.interrupted;
    if (last.error) end_with(*last.error);
  }

  // By the bounds that are quoted: the tester cannot guarantee a search without one.
  void settle_status() {
    const auto any = [this](auto is) {
      return std::any_of(report_.searches.begin(), report_.searches.end(), is);
    };
    if (any([](const SearchResult& one) { return one.interrupted; })) {
      report_.status = RunStatus::kAborted;
    } else if (any([](const SearchResult& one) { return !one.lower_bound_fps; })) {
      report_.status = RunStatus::kInvalid;
    }
  }

  void end_with(const Error& error) {
    ended_ = tl::unexpected(error);
    over_ = true;
  }

  // Of the frames that are searched now, for whichever goal.
  [[nodiscard]] std::vector<const TrialResult*> known_trials() const {
    std::vector<const TrialResult*> known;
    for (std::size_t i = first_of_size_; i < report_.searches.size(); ++i) {
      for (const TrialResult& trial : report_.searches[i].trials) known.push_back(&trial);
    }
    return known;
  }

  // No goal is answered below what the same run has proven, nor above what it has refuted.
  void reconcile_goals() {
    const std::vector<const TrialResult*> known = known_trials();
    for (std::size_t i = first_of_size_; i < report_.searches.size(); ++i) {
      reconcile(report_.searches[i], known);
    }
  }

  // Each goal gets an equal part of what is left; at least a moment, because 0 means no limit.
  [[nodiscard]] Nanoseconds share_of_time(std::size_t goals) const {
    if (run_.time_limit == 0) return 0;
    const auto to_do = static_cast<Nanoseconds>(total_ - report_.searches.size());
    const Nanoseconds left = run_.time_limit - (clock_.now() - start_);
    return std::max<Nanoseconds>(
        1, left * static_cast<Nanoseconds>(goals) / std::max<Nanoseconds>(1, to_do));
  }

  // `at_once`: goals that this search is for.
  [[nodiscard]] std::string progress_line(const std::string& size, const SearchResult& so_far,
                                          std::span<const TrialResult> trials, std::size_t at_once,
                                          Nanoseconds left) const {
    const std::size_t done = report_.searches.size();
    // The searches to come are taken to last as long as this one will have.
    const auto to_come = static_cast<Nanoseconds>((total_ - done - at_once) / at_once);
    const Nanoseconds all = left + to_come * (so_far.elapsed + left);
    const TrialResult& last = trials.back();
    const std::string invalid =
        last.verdict == Verdict::kInvalid ? " (invalid: " + last.reason + ")" : "";
    return fmt::format("[{}/{}] {} bytes, {}: trial {}{}, {}, about {} s left", done + 1, total_,
                       size, so_far.spec.goal.name, trials.size(), invalid, bounds_text(so_far),
                       (all + kSecond - 1) / kSecond);
  }

  const SearchRun& run_;
  const Clock& clock_;
  RunReport& report_;
  const Nanoseconds start_;
  NumberedMeasurer measurer_;
  std::size_t total_ = 0;
  std::size_t first_of_size_ = 0;  // in report_.searches
  bool over_ = false;              // nothing more can be begun
  Status ended_;
};

}  // namespace

Status run_searches(const SearchRun& run, const Clock& clock, RunReport& report) {
  return Searches(run, clock, report).run_all();
}

}  // namespace wireproof

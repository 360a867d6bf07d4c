// One goal of a search over several: what is known of it, and which trial would help it next.
// Private to src/search.
//
// A load leans to good or to bad as its trials so far say, long before they decide it. The lowest
// load that leans to bad and the highest below it that leans to good are the goal's interval. While
// it is wider than the precision, the goal wants short trials inside it; then it wants its two ends
// decided. An end that comes to lean the other way opens the interval again.
#pragma once

#include <optional>
#include <vector>

#include "search/load_class.h"
#include "search/trial_book.h"

namespace wireproof {

// Where the answer can lie, whatever the goal.
struct LoadRange {
  double lowest = 0;
  double highest = 0;
  // The highest cannot be tried (the tester cannot send it, or could not guarantee it).
  bool closed_above = false;
  unsigned given_up = 0;  // loads, so far
  double hint = 0;        // frames a second that came back where no load was at stake; 0: none
};

struct Wish {
  double fps = 0;
  Nanoseconds duration = 0;
  bool decides = false;          // one end of the interval; otherwise it narrows it
  bool shorter_will_do = false;  // where the tester cannot guarantee a trial of that duration
  // A probe beside a guess: what it should come to.
  enum class Expects { kNothing, kGood, kBad } expects = Expects::kNothing;
  double guess = 0;
};

class GoalSearch {
 public:
  struct Load {
    double fps = 0;
    LoadTimes times;
    LoadClass is = LoadClass::kUndecided;
    enum class Leans { kNowhere, kGood, kBad } leans = Leans::kNowhere;
    double loss_ratio = 0;  // mean of its trials, of the full-length ones where there are any
    double proven_fps = 0;  // the most that one of its full-length trials has; 0: none passed
  };

  explicit GoalSearch(const SearchSpec& spec) : spec_(spec) {}

  // Looks at the book as it is now. `wished`: this goal's, when the last trial was made for it. A
  // load that cannot be tried any more (range) counts as far as it was decided.
  void look(const TrialBook& book, const LoadRange& range, const Wish* wished);

  // Nothing where the goal is decided, as far as it can be.
  [[nodiscard]] std::optional<Wish> wish(const LoadRange& range) const;
  // The same, but only what decides the lower end: when there is no time for more.
  [[nodiscard]] std::optional<Wish> wish_to_confirm() const;
  // Of trials still to come if all goes well, each of them with `overhead`.
  [[nodiscard]] Nanoseconds time_missing(const LoadRange& range, Nanoseconds overhead) const;
  [[nodiscard]] Nanoseconds time_to_confirm(Nanoseconds overhead) const;

  [[nodiscard]] const SearchSpec& spec() const { return spec_; }
  // The ends of the interval; null: none yet.
  [[nodiscard]] const Load* low() const { return at(low_); }
  [[nodiscard]] const Load* high() const { return at(high_); }
  // RFC 9971's relevant bounds: the smallest load that is an upper bound, and the largest below it
  // that is a lower one.
  [[nodiscard]] const Load* upper_bound() const { return at(upper_bound_); }
  [[nodiscard]] const Load* lower_bound() const { return at(lower_bound_); }
  // Narrow enough, or so narrow that the two differ by less than one frame a trial.
  [[nodiscard]] bool narrow(double low, double high) const;

 private:
  using Index = std::optional<std::size_t>;
  [[nodiscard]] const Load* at(Index index) const { return index ? &loads_[*index] : nullptr; }
  void weigh_loads(const TrialBook& book);
  void find_ends();
  [[nodiscard]] std::optional<double> guess(const LoadRange& range) const;
  [[nodiscard]] double reach() const;
  [[nodiscard]] Wish try_at(double fps) const;
  [[nodiscard]] std::optional<Wish> probe(double guess, double low, double high) const;
  [[nodiscard]] std::optional<Wish> above_the_hint(double low, double high,
                                                   const LoadRange& range) const;
  [[nodiscard]] Wish narrowing(double low, double high, const LoadRange& range) const;
  [[nodiscard]] std::optional<Wish> below_the_top(const LoadRange& range) const;
  [[nodiscard]] std::optional<Wish> deciding() const;
  [[nodiscard]] std::optional<Wish> between_the_bounds() const;
  [[nodiscard]] std::optional<Wish> decide_high() const;

  SearchSpec spec_;
  std::vector<Load> loads_;  // ascending
  Index low_, high_, upper_bound_, lower_bound_;
  bool short_ones_overstate_ = false;  // a full-length trial was bad where short ones were good
  unsigned disappointments_ = 0;       // guesses that were wrong
  bool disappointed_ = false;          // the latest was
};

}  // namespace wireproof

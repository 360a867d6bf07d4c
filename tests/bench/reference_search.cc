#include "reference_search.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "search/load_class.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

constexpr int kCoarserTargets = 2;
constexpr std::size_t kTrialsMost = 5'000;

// The fewest points between the lowest and the highest load of which each goal's width is a whole
// number, but for a hundredth.
class Grid {
 public:
  explicit Grid(std::span<const SearchSpec> goals)
      : low_(goals.front().min_fps), whole_(std::log(goals.front().max_fps / low_)) {
    while (!fits(goals)) ++points_;
  }
  [[nodiscard]] int points() const { return points_; }
  [[nodiscard]] double load(int at) const { return low_ * std::exp(whole_ * at / points_); }
  [[nodiscard]] int below(double fps) const {
    return static_cast<int>(std::floor(std::log(fps / low_) / whole_ * points_ + 1e-9));
  }
  [[nodiscard]] int units(double width) const {
    return static_cast<int>(std::floor(-std::log1p(-width) / whole_ * points_));
  }

 private:
  [[nodiscard]] bool fits(std::span<const SearchSpec> goals) const {
    return std::all_of(goals.begin(), goals.end(), [this](const SearchSpec& goal) {
      const double exact = -std::log1p(-goal.precision) / whole_ * points_;
      const double quality = std::floor(exact) / exact;
      return quality >= 0.99 && quality <= 0.999999;
    });
  }
  double low_;
  double whole_;
  int points_ = 1;
};

using Trials = std::map<int, std::vector<TrialResult>>;

struct Nominee {
  int load;
  Nanoseconds duration;
  int width;
};

class Selector {
 public:
  Selector(const SearchSpec& goal, const Grid& grid) : grid_(grid) {
    const double sum = static_cast<double>(duration_sum(goal));
    const double first = static_cast<double>(goal.trial_duration);
    for (int k = kCoarserTargets; k >= 0; --k) {
      SearchSpec target = goal;
      target.duration_sum =
          static_cast<Nanoseconds>(sum * std::pow(first / sum, double(k) / kCoarserTargets));
      target.final_duration = std::min(goal.final_duration, target.duration_sum);
      targets_.push_back(target);
      widths_.push_back(grid.units(goal.precision) << k);
    }
  }

  void seed(int low, int high) {
    initial_low_ = low;
    initial_high_ = high;
    step_ = std::max(widths_[at_], high - low);
  }

  std::optional<Nominee> nominate(const Trials& trials) {
    for (;; ++at_) {
      if (at_ == targets_.size()) return std::nullopt;
      find_bounds(trials);
      if (high_ == 0) return std::nullopt;  // even the lowest load is too much
      const bool narrow = low_ && high_ && *high_ - *low_ <= widths_[at_];
      if (!narrow && low_ != grid_.points()) break;
      if (at_ + 1 < targets_.size()) {
        initial_low_ = low_;
        initial_high_ = high_;
        step_ = widths_[at_ + 1];
        if (low_ && high_) step_ = std::max(step_, *high_ - *low_);
        extended_from_.reset();
      }
    }
    const int load = clear_of_the_ends(choose());
    return Nominee{load, targets_[at_].final_duration, widths_[at_]};
  }

  [[nodiscard]] std::optional<int> low() const { return low_; }
  [[nodiscard]] std::optional<int> high() const { return high_; }

 private:
  void find_bounds(const Trials& trials) {
    low_.reset();
    high_.reset();
    std::map<int, LoadClass> classes;
    for (const auto& [load, made] : trials) {
      LoadTimes times;
      for (const TrialResult& trial : made) times.add(trial, targets_[at_]);
      classes[load] = classify(times, targets_[at_]);
      if (classes[load] == LoadClass::kUpperBound && !high_) high_ = load;
    }
    for (const auto& [load, is] : classes) {
      if (is == LoadClass::kLowerBound && (!high_ || load < *high_)) low_ = load;
    }
  }

  [[nodiscard]] bool worth(int load) const {
    return (!low_ || load > *low_) && (!high_ || load < *high_);
  }

  // One part is the width times a power of two, and the lower one is not the larger.
  [[nodiscard]] int middle(int low, int high) const {
    int upper = widths_[at_];
    while (2 * upper < high - low) upper *= 2;
    if (upper >= high - low) upper = (high - low + 1) / 2;
    return high - upper;
  }

  int widened(int from) {
    if (extended_from_ && *extended_from_ != from) step_ *= 2;
    extended_from_ = from;
    return step_;
  }

  int choose() {
    if (initial_low_ && initial_high_) {
      const int width = *initial_high_ - *initial_low_;
      if (width > widths_[at_] && width <= 2 * widths_[at_]) {
        const int half = middle(*initial_low_, *initial_high_);
        if (worth(half)) return half;
      }
    }
    if (initial_low_ && worth(*initial_low_)) return *initial_low_;
    if (initial_high_ && worth(*initial_high_)) return *initial_high_;
    if (!low_) return std::max(0, *high_ - widened(*high_));
    if (!high_) return std::min(grid_.points(), *low_ + widened(*low_));
    const int half = middle(*low_, *high_);
    if (initial_high_ && *low_ >= *initial_high_) return std::min(half, *low_ + widened(*low_));
    if (initial_low_ && *high_ <= *initial_low_) return std::max(half, *high_ - widened(*high_));
    return half;
  }

  [[nodiscard]] int clear_of_the_ends(int load) const {
    const int width = widths_[at_];
    if (load < width && load > 0) load = low_ || !high_ || *high_ <= width ? load : 0;
    if (grid_.points() - load < width) load = grid_.points();
    return load;
  }

  const Grid& grid_;
  std::vector<SearchSpec> targets_;
  std::vector<int> widths_;
  std::size_t at_ = 0;
  std::optional<int> low_, high_, initial_low_, initial_high_, extended_from_;
  int step_ = 1;
};

class Search {
 public:
  Search(std::span<const SearchSpec> goals, Measurer& measurer)
      : goals_(goals), measurer_(measurer), grid_(goals) {
    for (const SearchSpec& goal : goals) selectors_.emplace_back(goal, grid_);
  }

  ReferenceAnswer run() {
    begin();
    while (const std::optional<Nominee> next = lowest()) {
      if (answer_.trials >= kTrialsMost) break;
      measure(next->load, next->duration);
    }
    for (std::size_t i = 0; i < goals_.size(); ++i) answer_of(i);
    return answer_;
  }

 private:
  double measure(int load, Nanoseconds duration) {
    TrialSpec spec{.intended_fps = grid_.load(load), .duration = duration};
    spec.goal_loss_ratio = goals_.front().goal.loss_ratio;
    const Result<TrialResult> trial = measurer_.measure(spec);
    ++answer_.trials;
    answer_.seconds += seconds(duration);
    trials_[load].push_back(*trial);
    return spec.intended_fps * (1 - loss_ratio(*trial));
  }

  // At the highest load, at what came back of it, and beside that.
  void begin() {
    const Nanoseconds duration = goals_.front().trial_duration;
    double loss = 1;
    int width = 0;
    for (const SearchSpec& goal : goals_) {
      loss = std::min(loss, goal.goal.loss_ratio);
      width = std::max(width, grid_.units(goal.precision) << kCoarserTargets);
    }
    const auto place = [&](double fps) {
      return std::clamp(fps > goals_.front().min_fps ? grid_.below(fps / (1 - loss)) : 0, 0,
                        grid_.points());
    };
    const int first = place(measure(grid_.points(), duration));
    if (first >= grid_.points()) return seed(grid_.points(), grid_.points());
    const double back = measure(first, duration);
    const bool lossy = loss_ratio(trials_[first].back()) > loss;
    int second = lossy ? place(back) : std::min(first + width, grid_.points());
    if (second == first) second = std::max(0, first - width);
    measure(second, duration);
    seed(std::min(first, second), std::max(first, second));
  }

  void seed(int low, int high) {
    for (Selector& selector : selectors_) selector.seed(low, high);
  }

  std::optional<Nominee> lowest() {
    std::optional<Nominee> best;
    for (Selector& selector : selectors_) {
      const std::optional<Nominee> one = selector.nominate(trials_);
      if (!one) continue;
      const auto key = [](const Nominee& of) {
        return std::tuple(of.load, -of.duration, -of.width);
      };
      if (!best || key(*one) < key(*best)) best = one;
    }
    return best;
  }

  void answer_of(std::size_t goal) {
    const auto low = selectors_[goal].low();
    const auto high = selectors_[goal].high();
    answer_.lower_fps.push_back(low ? grid_.load(*low) : 0);
    answer_.upper_fps.push_back(high ? grid_.load(*high) : 0);
    std::vector<const TrialResult*> trials;
    if (low) {
      for (const TrialResult& trial : trials_[*low]) trials.push_back(&trial);
    }
    answer_.conditional_fps.push_back(
        low ? conditional_throughput_fps(grid_.load(*low), trials, goals_[goal]) : 0);
  }

  std::span<const SearchSpec> goals_;
  Measurer& measurer_;
  Grid grid_;
  std::vector<Selector> selectors_;
  Trials trials_;
  ReferenceAnswer answer_;
};

}  // namespace

ReferenceAnswer reference_search(std::span<const SearchSpec> goals, Measurer& measurer) {
  return Search(goals, measurer).run();
}

}  // namespace wireproof

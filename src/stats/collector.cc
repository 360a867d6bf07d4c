#include "stats/collector.h"

#include <algorithm>

namespace wireproof {

Collector::Collector(std::vector<const Cell*> cells, std::vector<const Histogram*> delays,
                     Nanoseconds period)
    : cells_(std::move(cells)),
      delays_(std::move(delays)),
      seen_(delays_.size(), std::vector<std::uint64_t>(Histogram::kSteps + 1)),
      asked_period_(period),
      period_(period) {
  intervals_.reserve(kIntervalsMax + 1);
}

void Collector::start(Nanoseconds epoch) {
  epoch_ = closed_at_ = epoch;
  period_ = asked_period_;
  due_ = epoch + period_;
  closed_ = {};
  intervals_.clear();
  for (auto& seen : seen_) std::fill(seen.begin(), seen.end(), 0);
}

CellSample Collector::total() const {
  CellSample sum;
  for (const Cell* cell : cells_) {
    sum.offered += cell->offered.load(std::memory_order_relaxed);
    sum.received += cell->received.load(std::memory_order_relaxed);
    sum.lost += cell->lost.load(std::memory_order_relaxed);
  }
  return sum;
}

bool Collector::sample(Nanoseconds now) {
  if (now < due_) return false;
  close(now);
  if (intervals_.size() > kIntervalsMax) thin();
  due_ = epoch_ + ((now - epoch_) / period_ + 1) * period_;
  return true;
}

bool Collector::finish(Nanoseconds now) {
  if (now <= closed_at_) return false;
  close(now);
  return true;
}

void Collector::close(Nanoseconds now) {
  const CellSample sum = total();
  intervals_.push_back({.start = closed_at_ - epoch_,
                        .end = now - epoch_,
                        .counted = {.offered = sum.offered - closed_.offered,
                                    .received = sum.received - closed_.received,
                                    .lost = sum.lost - closed_.lost},
                        .delays = {}});
  for (std::size_t i = 0; i < delays_.size(); ++i) {
    intervals_.back().delays.merge(delays_[i]->difference(seen_[i]));
  }
  closed_ = sum;
  closed_at_ = now;
}

void Collector::thin() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i + 1 < intervals_.size(); i += 2) {
    CellInterval merged = std::move(intervals_[i]);
    const CellInterval& next = intervals_[i + 1];
    merged.end = next.end;
    merged.counted.offered += next.counted.offered;
    merged.counted.received += next.counted.received;
    merged.counted.lost += next.counted.lost;
    merged.delays.merge(next.delays);
    intervals_[kept++] = std::move(merged);
  }
  if (intervals_.size() % 2 != 0) intervals_[kept++] = std::move(intervals_.back());
  intervals_.resize(kept);
  period_ *= 2;
}

}  // namespace wireproof

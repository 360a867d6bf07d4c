#include "engine/age_limit.h"

#include "packet/signature.h"

namespace wireproof {

void AgeLimit::start() {
  notes_.clear();
  for (auto& number : too_old_below_) number.store(0, std::memory_order_relaxed);
}

void AgeLimit::note(Nanoseconds now, std::span<const std::uint64_t> sent) {
  notes_.push_back({now, {sent.begin(), sent.end()}});
  while (notes_.size() > 1 && notes_[1].at <= now - kDelayMax) notes_.pop_front();
  if (notes_.front().at > now - kDelayMax) return;
  for (std::size_t i = 0; i < too_old_below_.size(); ++i) {
    too_old_below_[i].store(notes_.front().sent[i], std::memory_order_relaxed);
  }
}

}  // namespace wireproof

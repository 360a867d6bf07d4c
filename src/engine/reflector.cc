#include "engine/reflector.h"

#include <algorithm>
#include <cstring>
#include <span>

namespace wireproof {

Reflector::Reflector(Device& port, unsigned queue, const AddressMatch& match, const Clock& clock)
    : arrivals_(port.rx_queue(queue)),
      departures_(port.tx_queue(queue)),
      match_(match),
      clock_(clock) {}

Nanoseconds Reflector::run() {
  departures_.reap();
  if (first_ == end_) take();
  if (first_ == end_) return Step::kWhenever;
  submit();
  return Step::kBusy;
}

void Reflector::take() {
  if (end_ == lent_) {
    first_ = end_ = 0;
    lent_ = departures_.borrow(held_);
  }
  std::array<Frame*, kBurstMax> came;
  const std::span<Frame*> arrived(came.data(), arrivals_.poll(std::span(came).first(lent_ - end_)));
  if (arrived.empty()) return;
  const Nanoseconds now = clock_.now();
  for (Frame* frame : arrived) {
    frame->template_id = 0;  // its bytes may be the sender's own
    if (!turn_round(match_, frame->data, frame->length)) continue;
    ++counts_.arrived;
    Frame& back = *held_[end_];
    if (frame->length > back.capacity) {
      ++counts_.unsent;
      continue;
    }
    std::memcpy(back.data, frame->data, frame->length);
    back.length = frame->length;
    back.template_id = 0;
    arrived_[end_++] = frame->stamp != 0 ? frame->stamp : now;
  }
  arrivals_.release(arrived);
}

void Reflector::submit() {
  const std::size_t taken =
      departures_.submit(std::span<Frame* const>(held_).subspan(first_, end_ - first_));
  const Nanoseconds now = clock_.now();
  for (std::size_t i = first_; i < first_ + taken; ++i)
    residence_.record(std::max(now - arrived_[i], Nanoseconds{0}));
  first_ += taken;
  counts_.reflected += taken;
}

void Reflector::stop() {
  counts_.unsent += end_ - first_;
  departures_.give_back(std::span<Frame* const>(held_).subspan(first_, lent_ - first_));
  first_ = end_ = lent_ = 0;
}

}  // namespace wireproof

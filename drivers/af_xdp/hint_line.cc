#include "af_xdp/hint_line.h"

#include <algorithm>

namespace wireproof::af_xdp {
namespace {

// Two crystals differ by 100 ppm at the very most, a NIC's clock that a PTP daemon steers by 500.
constexpr double kSlopeMax = 1e-3;

// Hints are whatever a driver says: differences of them may wrap, and are found out later.
Nanoseconds minus(Nanoseconds a, Nanoseconds b) {
  return static_cast<Nanoseconds>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

}  // namespace

double HintLine::above(const Pair& pair) const {
  return static_cast<double>(minus(pair.offset, base_.offset)) -
         slope_ * static_cast<double>(minus(pair.hint, base_.hint));
}

void HintLine::begin_anew(const Pair& pair) {
  begun_ = true;
  windows_ = 0;
  slope_ = 0;
  base_ = pair;
  window_least_ = pair;
  window_begin_ = pair.hint;
}

void HintLine::close_window() {
  least_[windows_++ % kWindows] = window_least_;
  const std::size_t known = std::min(windows_, kWindows);
  if (known < 2) {
    base_ = window_least_;
    return;
  }
  const std::size_t first = windows_ - known;
  const std::size_t middle = first + known / 2;
  const auto least_of = [&](std::size_t begin, std::size_t end) {
    Pair least = least_[begin % kWindows];
    for (std::size_t i = begin + 1; i < end; ++i) {
      if (above(least_[i % kWindows]) < above(least)) least = least_[i % kWindows];
    }
    return least;
  };
  const Pair older = least_of(first, middle);
  const Pair newer = least_of(middle, windows_);
  slope_ = std::clamp(static_cast<double>(minus(newer.offset, older.offset)) /
                          static_cast<double>(minus(newer.hint, older.hint)),
                      -kSlopeMax, kSlopeMax);
  base_ = newer;
}

Nanoseconds HintLine::convert(std::uint64_t hint, Nanoseconds stamp) {
  const auto signed_hint = static_cast<Nanoseconds>(hint);
  const Pair pair{signed_hint, minus(stamp, signed_hint)};
  const Nanoseconds since = minus(signed_hint, window_begin_);
  // The first of all, or a clock that was set.
  if (!begun_ || since < -kLate || since > kSecond) {
    begin_anew(pair);
    return stamp;
  }
  if (since >= kWindow) {
    close_window();
    window_begin_ = signed_hint;
    window_least_ = pair;
  } else if (above(pair) < above(window_least_)) {
    window_least_ = pair;
  }
  if (windows_ < kReady) return stamp;
  const double late = above(pair);
  if (late > static_cast<double>(kLate) || late < -static_cast<double>(kLate)) {
    begin_anew(pair);
    return stamp;
  }
  return stamp - static_cast<Nanoseconds>(std::max(late, 0.0));
}

}  // namespace wireproof::af_xdp

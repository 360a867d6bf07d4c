// From the stamps of a NIC's own clock to the axis of the test, by the frames that bear both.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace wireproof::af_xdp {

// A hint (linux/Documentation/networking/xdp-rx-metadata.rst) is a reading of the NIC's clock when
// the frame came off the wire; the stamp of our program is later by the way into memory, the
// interrupt and what the core did first. The clock behind the hints has an origin and a rate of its
// own, and is reached by no system call from here. So the two are compared on the frames
// themselves: of each kWindow the frame with the least between hint and stamp is kept, and a line
// is laid below the kept ones of the last kWindows, through the least of their older and of their
// newer half (the lower hull of Moon, Skelly, Towsley, INFOCOM 1999, cut down to two points).
//
// What that takes away is the varying part of the way; the least part (some us: DMA, interrupt)
// cannot be told from an offset of the clock and stays in the stamp. One thread.
class HintLine {
 public:
  // When the frame came: by the hint once the line is known, else `stamp` as it is. Never later
  // than `stamp`, never earlier by more than kLate.
  [[nodiscard]] Nanoseconds convert(std::uint64_t hint, Nanoseconds stamp);

  static constexpr Nanoseconds kWindow = 10 * kMillisecond;
  static constexpr std::size_t kWindows = 64;
  static constexpr std::size_t kReady = 8;  // windows, before the line is used
  static constexpr Nanoseconds kLate = 10 * kMillisecond;

 private:
  struct Pair {
    Nanoseconds hint = 0;
    Nanoseconds offset = 0;  // stamp - hint
  };

  // Of a pair above the line.
  [[nodiscard]] double above(const Pair& pair) const;
  void close_window();
  void begin_anew(const Pair& pair);

  bool begun_ = false;
  std::array<Pair, kWindows> least_{};  // a ring: of each window
  std::size_t windows_ = 0;             // closed so far
  Pair base_;                           // the line goes through it
  double slope_ = 0;                    // ns of offset a ns of hint
  Pair window_least_;
  Nanoseconds window_begin_ = 0;  // by the hints
};

}  // namespace wireproof::af_xdp

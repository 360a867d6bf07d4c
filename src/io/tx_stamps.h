// Transmit stamps as samples: how long a frame waits between our reading of the clock and the
// driver.
#pragma once

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

#include "base/kernel_clock.h"
#include "base/shared_count.h"
#include "io/backend.h"

namespace wireproof {

// The control message that asks for the stamp of one send, whatever the socket's options say
// (Documentation/networking/timestamping.rst section 1.3.4).
struct alignas(cmsghdr) TxStampRequest {
  std::array<std::uint8_t, CMSG_SPACE(sizeof(std::uint32_t))> bytes;
  TxStampRequest();
};

// One in kEvery frames at most, one in kApart at most, and one at a time: the stamp is read from
// the socket's error queue before the next is asked for, or given up after kPatience. That costs a
// frame in a thousand two readings of the clock and one system call more.
//
// One worker uses it; samples are read by any thread, through sum().
class TxStamps {
 public:
  // `axis` outlives it.
  explicit TxStamps(const Clock& axis) : axis_(axis), wall_clock_(CLOCK_REALTIME, axis) {}

  // Has the kernel give stamps to those who ask. False where it refuses: use no other method.
  [[nodiscard]] static bool enable(int fd);

  // Whether to ask for the stamp of the first of the next `frames`. Where it is time to, looks for
  // the answer to the last question first.
  [[nodiscard]] bool due(std::size_t frames, int fd) {
    frames_ += frames;
    return frames_ >= kEvery && ask_now(fd);
  }
  // It was sent with a TxStampRequest; the clock said `at` just before.
  void asked(Nanoseconds at);

  // Looks for the answer now. The kernel's stamp is CLOCK_REALTIME.
  void collect(int fd);
  // As collect(), with the stamp given and the wall clock known (KernelClock::sample).
  void answer(Nanoseconds stamp_on_axis);

  [[nodiscard]] static TxStampSamples sum(std::span<const TxStamps* const> queues);

  static constexpr std::size_t kEvery = 1024;
  static constexpr Nanoseconds kApart = kMillisecond;
  static constexpr Nanoseconds kPatience = 100 * kMillisecond;

 private:
  // Eight steps to each power of two.
  static constexpr unsigned kStepBits = 3;
  static constexpr unsigned kValueBits = 30;
  static constexpr std::size_t kSteps = (kValueBits - kStepBits + 1) << kStepBits;
  [[nodiscard]] static std::size_t step_of(std::uint64_t ns);
  [[nodiscard]] static Nanoseconds upper_edge(std::size_t step);

  [[nodiscard]] bool ask_now(int fd);

  const Clock& axis_;
  KernelClock wall_clock_;
  std::size_t frames_ = 0;
  Nanoseconds asked_at_ = 0;
  bool awaited_ = false;
  bool any_ = false;  // one was answered
  SharedCount asked_;
  SharedCount missing_;
  std::atomic<Nanoseconds> min_{0};
  std::atomic<Nanoseconds> max_{0};
  std::array<SharedCount, kSteps> steps_;
};

}  // namespace wireproof

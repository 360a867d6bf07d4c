#include "io/tx_stamps.h"

#include <linux/net_tstamp.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace wireproof {
namespace {

// A stamp before the question, by more than the two clocks can be misread, is of another frame.
constexpr Nanoseconds kBefore = kMicrosecond;

constexpr std::uint32_t kAsk = SOF_TIMESTAMPING_TX_SOFTWARE;
// Software stamps, handed over without the frame, which needs no privilege.
constexpr std::uint32_t kGive = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY;

// The next stamp in the error queue; nullopt when it is empty, 0 for a message without one.
std::optional<Nanoseconds> next_stamp(int fd) {
  struct alignas(cmsghdr) {
    std::array<std::uint8_t, 512> bytes;
  } control;
  msghdr message{};
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return std::nullopt;
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_TIMESTAMPING) continue;
    timespec software{};
    std::memcpy(&software, CMSG_DATA(one), sizeof software);
    return software.tv_sec * kSecond + software.tv_nsec;
  }
  return 0;
}

}  // namespace

TxStampRequest::TxStampRequest() : bytes{} {
  cmsghdr header{};
  header.cmsg_level = SOL_SOCKET;
  header.cmsg_type = SO_TIMESTAMPING;
  header.cmsg_len = CMSG_LEN(sizeof kAsk);
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + CMSG_LEN(0), &kAsk, sizeof kAsk);
}

bool TxStamps::enable(int fd) {
  return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &kGive, sizeof kGive) == 0;
}

bool TxStamps::ask_now(int fd) {
  frames_ = 0;
  const Nanoseconds now = axis_.now();
  if (now - asked_at_ < kApart) return false;
  if (!awaited_) return true;
  collect(fd);
  if (!awaited_) return true;
  if (now - asked_at_ < kPatience) return false;
  missing_.add(1);
  awaited_ = false;
  return true;
}

void TxStamps::asked(Nanoseconds at) {
  asked_.add(1);
  asked_at_ = at;
  awaited_ = true;
}

void TxStamps::collect(int fd) {
  constexpr int kAtOnce = 8;
  for (int i = 0; i < kAtOnce; ++i) {
    const std::optional<Nanoseconds> stamp = next_stamp(fd);
    if (!stamp) return;
    if (*stamp == 0) continue;
    wall_clock_.sample();
    answer(wall_clock_.to_axis(*stamp));
  }
}

void TxStamps::answer(Nanoseconds stamp_on_axis) {
  const Nanoseconds wait = stamp_on_axis - asked_at_;
  if (!awaited_ || stamp_on_axis == 0 || wait < -kBefore || wait > 2 * kPatience) return;
  awaited_ = false;
  const Nanoseconds shown = std::max<Nanoseconds>(wait, 0);
  if (!any_ || shown < min_.load(std::memory_order_relaxed)) {
    min_.store(shown, std::memory_order_relaxed);
  }
  any_ = true;
  if (shown > max_.load(std::memory_order_relaxed)) max_.store(shown, std::memory_order_relaxed);
  steps_[step_of(static_cast<std::uint64_t>(shown))].add(1);
}

std::size_t TxStamps::step_of(std::uint64_t ns) {
  if (ns < (1u << kStepBits)) return ns;
  const auto width = static_cast<unsigned>(std::bit_width(ns));
  if (width > kValueBits) return kSteps - 1;
  const unsigned shift = width - 1 - kStepBits;
  return ((std::size_t{shift} + 1) << kStepBits) + (ns >> shift) - (1u << kStepBits);
}

Nanoseconds TxStamps::upper_edge(std::size_t step) {
  if (step < (2u << kStepBits)) return static_cast<Nanoseconds>(step);
  const std::size_t shift = (step >> kStepBits) - 1;
  const std::size_t top = (step & ((1u << kStepBits) - 1)) + (1u << kStepBits);
  return static_cast<Nanoseconds>(((top + 1) << shift) - 1);
}

TxStampSamples TxStamps::sum(std::span<const TxStamps* const> queues) {
  TxStampSamples total;
  std::array<std::uint64_t, kSteps> steps{};
  for (const TxStamps* queue : queues) {
    std::uint64_t answered = 0;
    for (std::size_t i = 0; i < kSteps; ++i) {
      const std::uint64_t count = queue->steps_[i].get();
      steps[i] += count;
      answered += count;
    }
    total.missing += queue->missing_.get();
    total.asked += queue->asked_.get();
    if (answered == 0) continue;
    const Nanoseconds least = queue->min_.load(std::memory_order_relaxed);
    total.wait_min_ns = total.answered == 0 ? least : std::min(total.wait_min_ns, least);
    total.wait_max_ns = std::max(total.wait_max_ns, queue->max_.load(std::memory_order_relaxed));
    total.answered += answered;
  }
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < kSteps && total.answered > 0; ++i) {
    below += steps[i];
    if (2 * below < total.answered) continue;
    total.wait_p50_ns = std::min(upper_edge(i), total.wait_max_ns);
    break;
  }
  return total;
}

}  // namespace wireproof

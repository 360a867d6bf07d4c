#include "af_xdp/queues.h"

#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include "af_xdp/steer_config.h"

namespace wireproof::af_xdp {
namespace {

// Chunks begin at multiples of their size, so that all frames would compete for the same few cache
// sets; each begins some lines later than its neighbour instead. The room for it is there: the
// longest frame leaves kRxHeadroomBytes of a chunk free.
constexpr std::uint32_t kCacheLineBytes = 64;
constexpr std::uint32_t kColours = 4;
static_assert(kColours * kCacheLineBytes <= kRxHeadroomBytes);

std::uint32_t colour_of(std::uint32_t slot) {
  return slot % kColours * kCacheLineBytes;
}

}  // namespace

XdpTxQueue::XdpTxQueue(Socket& socket)
    : socket_(socket),
      fd_(socket.fd()),
      frames_(socket.layout.tx_frames),
      spare_(socket.layout.tx_frames),
      spare_count_(socket.layout.tx_frames) {
  const std::uint32_t chunk = socket.layout.chunk_size;
  for (std::uint32_t slot = 0; slot < frames_.size(); ++slot) {
    Frame& frame = frames_[slot];
    frame.slot = slot;
    frame.data = socket.memory + std::size_t{slot} * chunk + colour_of(slot);
    frame.capacity = static_cast<std::uint16_t>(chunk - kColours * kCacheLineBytes);
    spare_[frames_.size() - 1 - slot] = slot;
  }
}

std::size_t XdpTxQueue::borrow(std::span<Frame*> out) {
  const std::size_t count = std::min(out.size(), spare_count_);
  for (std::size_t i = 0; i < count; ++i) out[i] = &frames_[spare_[--spare_count_]];
  return count;
}

std::size_t XdpTxQueue::submit(std::span<Frame* const> burst) {
  // The ring has a place for every chunk there is, but the kernel may be late to say that it has
  // taken a descriptor whose completion we have seen.
  const auto wanted = static_cast<std::uint32_t>(burst.size());
  const std::uint32_t count = std::min(wanted, xsk_prod_nb_free(&socket_.tx, wanted));
  std::uint32_t index = 0;
  if (count == 0) return 0;
  xsk_ring_prod__reserve(&socket_.tx, count, &index);
  for (std::uint32_t i = 0; i < count; ++i) {
    const Frame& frame = *burst[i];
    xdp_desc& descriptor = *xsk_ring_prod__tx_desc(&socket_.tx, index + i);
    descriptor.addr = static_cast<std::uint64_t>(frame.data - socket_.memory);
    descriptor.len = frame.length;
    descriptor.options = 0;
  }
  xsk_ring_prod__submit(&socket_.tx, count);
  in_flight_ += count;
  if (xsk_ring_prod__needs_wakeup(&socket_.tx)) kick();
  // In copy mode most of the burst is done by now; the next one then takes the same chunks, which
  // are still in the first cache, instead of going round through all there are.
  collect();
  return count;
}

std::size_t XdpTxQueue::reap() {
  collect();
  if (kernel_has_work() && xsk_ring_prod__needs_wakeup(&socket_.tx)) kick();
  return in_flight_;
}

// Takes back the chunks whose frames the kernel says it has sent.
void XdpTxQueue::collect() {
  std::uint32_t index = 0;
  const auto limit = static_cast<std::uint32_t>(in_flight_);
  const std::uint32_t done = xsk_ring_cons__peek(&socket_.completion, limit, &index);
  const int chunk_shift = std::countr_zero(socket_.layout.chunk_size);
  for (std::uint32_t i = 0; i < done; ++i) {
    const std::uint64_t address = *xsk_ring_cons__comp_addr(&socket_.completion, index + i);
    spare_[spare_count_++] = static_cast<std::uint32_t>(address >> chunk_shift);
  }
  if (done > 0) xsk_ring_cons__release(&socket_.completion, done);
  in_flight_ -= done;
}

void XdpTxQueue::give_back(std::span<Frame* const> frames) {
  for (const Frame* frame : frames) spare_[spare_count_++] = frame->slot;
  assert(spare_count_ <= spare_.size());
}

// Whatever it answers is no error of the frames: EAGAIN (budget or socket buffer used up), EBUSY
// (the driver threw one away), ENOBUFS, ENETDOWN leave the rest in the ring for the next kick; what
// was thrown away is in the interface's counters.
void XdpTxQueue::kick() const {
  static_cast<void>(sendto(fd_, nullptr, 0, MSG_DONTWAIT, nullptr, 0));
}

bool XdpTxQueue::kernel_has_work() const {
  return __atomic_load_n(socket_.tx.consumer, __ATOMIC_ACQUIRE) != *socket_.tx.producer;
}

XdpRxQueue::XdpRxQueue(Socket& socket, const Clock& clock, bool hints)
    : socket_(socket),
      fd_(socket.fd()),
      frames_(socket.layout.rx_frames),
      kernel_clock_(CLOCK_MONOTONIC, clock),
      hints_(hints) {
  for (std::uint32_t i = 0; i < frames_.size(); ++i) {
    frames_[i].slot = socket.layout.tx_frames + i;
  }
}

// As the program wrote it; 0: none.
Nanoseconds XdpRxQueue::stamp_of(const xdp_desc& descriptor) const {
  Nanoseconds stamp = 0;
  std::memcpy(&stamp, socket_.memory + descriptor.addr - WIREPROOF_STAMP_BYTES, sizeof stamp);
  return stamp;
}

std::size_t XdpRxQueue::poll(std::span<Frame*> out) {
  std::uint32_t index = 0;
  const std::uint32_t count =
      xsk_ring_cons__peek(&socket_.rx, static_cast<std::uint32_t>(out.size()), &index);
  if (count == 0) {
    // A zero-copy driver that ran out of empty chunks sleeps until it is told of new ones.
    if (xsk_ring_prod__needs_wakeup(&socket_.fill)) {
      static_cast<void>(recvfrom(fd_, nullptr, 0, MSG_DONTWAIT, nullptr, nullptr));
    }
    return 0;
  }
  const std::uint32_t chunk_size = socket_.layout.chunk_size;
  const int chunk_shift = std::countr_zero(chunk_size);
  kernel_clock_.follow(stamp_of(*xsk_ring_cons__rx_desc(&socket_.rx, index + count - 1)));
  for (std::uint32_t i = 0; i < count; ++i) {
    const xdp_desc& descriptor = *xsk_ring_cons__rx_desc(&socket_.rx, index + i);
    const auto slot = static_cast<std::uint32_t>(descriptor.addr >> chunk_shift);
    Frame& frame = frames_[slot - socket_.layout.tx_frames];
    frame.data = socket_.memory + descriptor.addr;
    frame.length = static_cast<std::uint16_t>(descriptor.len);
    frame.capacity = static_cast<std::uint16_t>(chunk_size - (descriptor.addr & (chunk_size - 1)));
    frame.template_id = 0;
    // Zeroed once read: where a frame comes without a stamp, none is found here.
    const Nanoseconds stamp = stamp_of(descriptor);
    std::memset(frame.data - WIREPROOF_STAMP_BYTES, 0, WIREPROOF_STAMP_BYTES);
    frame.stamp = stamp == 0 ? 0 : kernel_clock_.to_axis(stamp);
    out[i] = &frame;
  }
  xsk_ring_cons__release(&socket_.rx, count);
  if (hints_) take_hints(std::span<Frame* const>(out.data(), count));
  return count;
}

void XdpRxQueue::take_hints(std::span<Frame* const> frames) {
  std::uint64_t taken = 0;
  for (Frame* frame : frames) {
    std::uint8_t* at = frame->data - WIREPROOF_STAMP_BYTES - WIREPROOF_HINT_BYTES;
    std::uint64_t hint = 0;
    std::memcpy(&hint, at, sizeof hint);
    if (hint == 0 || frame->stamp == 0) continue;
    std::memset(at, 0, sizeof hint);  // as with the stamp
    const Nanoseconds stamp = hint_line_.convert(hint, frame->stamp);
    taken += stamp != frame->stamp;
    frame->stamp = stamp;
  }
  if (taken > 0) hinted.add(taken);
}

void XdpRxQueue::release(std::span<Frame* const> frames) {
  const auto count = static_cast<std::uint32_t>(frames.size());
  std::uint32_t index = 0;
  if (count == 0) return;
  // The ring has two places for every chunk there is (see Socket::create).
  const std::uint32_t reserved = xsk_ring_prod__reserve(&socket_.fill, count, &index);
  assert(reserved == count);
  const std::uint64_t chunk_size = socket_.layout.chunk_size;
  for (std::uint32_t i = 0; i < reserved; ++i) {
    *xsk_ring_prod__fill_addr(&socket_.fill, index + i) = frames[i]->slot * chunk_size;
  }
  xsk_ring_prod__submit(&socket_.fill, reserved);
}

// Of the first that has any, so that a burst is of one socket.
std::size_t XdpRxTurns::poll(std::span<Frame*> out) {
  for (std::size_t tried = 0; tried < members_.size(); ++tried) {
    const std::size_t count = members_[next_]->poll(out);
    if (++next_ == members_.size()) next_ = 0;
    if (count > 0) return count;
  }
  return 0;
}

void XdpRxTurns::release(std::span<Frame* const> frames) {
  while (!frames.empty()) {
    XdpRxQueue* owner = nullptr;
    for (XdpRxQueue* member : members_) {
      if (member->owns(frames.front())) owner = member;
    }
    assert(owner != nullptr);
    const auto other = std::find_if_not(frames.begin(), frames.end(),
                                        [&](const Frame* frame) { return owner->owns(frame); });
    const auto run = static_cast<std::size_t>(other - frames.begin());
    owner->release(frames.first(run));
    frames = frames.subspan(run);
  }
}

}  // namespace wireproof::af_xdp

#include "engine/forward_path.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>

#include "io/udp_location.h"

namespace wireproof {
namespace {

constexpr std::size_t kCacheLine = 64;

std::size_t stride_of(std::uint16_t buffer_len_max) {
  return (buffer_len_max + kCacheLine - 1) / kCacheLine * kCacheLine;
}

// The UDP payload of a frame; empty where it has none.
std::span<std::uint8_t> payload_of(Layer layer, const Frame& frame) {
  const std::span bytes(frame.data, frame.length);
  if (layer == Layer::kUdpPayload) return bytes;
  const std::optional<UdpLocation> udp = find_udp(bytes);
  return udp ? bytes.subspan(udp->payload, udp->payload_length) : bytes.first(0);
}

// The longest that the other port takes: a tag is no part of its MTU, but no room for more either.
std::size_t longest_like(const Frame& frame, std::uint16_t with_tag) {
  constexpr std::size_t kTypeAt = 12, kTagLength = 4;
  const bool tagged = frame.length > kTypeAt + kTagLength && frame.data[kTypeAt] == 0x81 &&
                      frame.data[kTypeAt + 1] == 0;
  return tagged ? with_tag : with_tag - kTagLength;
}

void flip_one_bit(std::span<std::uint8_t> payload, std::uint64_t entropy) {
  const std::uint64_t bit = entropy % (payload.size() * 8);
  payload[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
}

LogFate log_fate(Fate fate) {
  if (fate == Fate::kDropped) return LogFate::kDropped;
  return fate == Fate::kQueueFull ? LogFate::kQueueFull : LogFate::kForwarded;
}

}  // namespace

std::uint64_t pool_frames_needed(const WireSpec& wire, double arrivals_fps) {
  constexpr std::uint64_t kBursts = 4096;
  const bool soft = wire.excess_loss < 1;
  const double leaving_fps =
      wire.rate_fps > 0 && !soft ? std::min(wire.rate_fps, arrivals_fps) : arrivals_fps;
  const double delayed =
      std::ceil(static_cast<double>(wire.delay + wire.jitter) / 1e9 * leaving_fps);
  std::uint64_t frames = kBursts + static_cast<std::uint64_t>(delayed);
  if (wire.rate_fps > 0) {
    // A soft queue is as long in time, and holds as many as come meanwhile.
    const double fuller = soft ? std::max(1.0, arrivals_fps / wire.rate_fps) : 1.0;
    frames += static_cast<std::uint64_t>(std::ceil(wire.queue_frames * fuller));
  }
  if (wire.reorder > 0) frames += wire.reorder_by;
  return frames;
}

ForwardPath::ForwardPath(RxQueue& from, TxQueue& to, const ForwardPathSpec& spec, ForwardLog* log)
    : from_(from),
      to_(to),
      spec_(spec),
      log_(log),
      model_(spec.wire, 2 * std::size_t{spec.pool_frames}),  // a copy takes a place of its own
      pool_(stride_of(spec.buffer_len_max) * spec.pool_frames),
      inside_(spec.pool_frames),
      free_(spec.pool_frames) {
  for (std::uint32_t i = 0; i < spec.pool_frames; ++i) free_[i] = spec.pool_frames - 1 - i;
}

ForwardPath::~ForwardPath() {
  to_.give_back(std::span(out_).first(filled_));
}

std::uint8_t* ForwardPath::pool_bytes(std::uint32_t handle) {
  return pool_.data() + stride_of(spec_.buffer_len_max) * handle;
}

std::size_t ForwardPath::round(const Clock& clock) {
  const std::size_t count = from_.poll(arrivals_);
  const Nanoseconds now = clock.now();
  for (std::size_t i = 0; i < count; ++i) {
    Frame& frame = *arrivals_[i];
    // A stamp ahead of our own clock would be one of another axis: it must not hold the frame.
    const Nanoseconds stamp = frame.stamp != 0 ? std::min(frame.stamp, now) : now;
    arrived_at_ = std::max(arrived_at_, stamp);
    arrive(frame, arrived_at_);
  }
  const std::size_t sent = send_due(clock, now);
  keep_the_rest();
  if (count > 0) from_.release(std::span(arrivals_).first(count));
  return count + sent;
}

std::size_t ForwardPath::drain(const Clock& clock) {
  if (!stopped_) {
    stopped_ = true;
    model_.flush_held();
    if (log_ != nullptr) log_->stopped(spec_.b_to_a, counts_.forwarded);
  }
  const std::size_t sent = send_due(clock, clock.now());
  counts_.drained += sent;
  return sent;
}

void ForwardPath::arrive(Frame& frame, Nanoseconds at) {
  ForwardRecord record{.arrived_at = at,
                       .arrival = static_cast<std::uint32_t>(++counts_.arrived),
                       .b_to_a = spec_.b_to_a};
  std::span<std::uint8_t> payload;
  if (log_ != nullptr || spec_.wire.corrupt > 0) payload = payload_of(spec_.layer, frame);
  const std::size_t logged = std::min(payload.size(), ForwardRecord::kPayloadBytes);
  record.payload_length = static_cast<std::uint8_t>(logged);
  std::copy_n(payload.begin(), logged, record.payload.begin());

  const bool oversize = frame.length > longest_like(frame, spec_.buffer_len_max);
  if (oversize || free_.empty()) {
    ++(oversize ? counts_.oversize_dropped : counts_.pool_dropped);
    record.fate = oversize ? LogFate::kOversize : LogFate::kPoolFull;
    if (log_ != nullptr) log_->add(record);
    return;
  }
  const std::uint32_t handle = free_.back();
  Inside& inside = inside_[handle];
  const Arrival arrival = model_.arrive(handle, at);
  counts_.dropped += arrival.fate == Fate::kDropped;
  counts_.queue_dropped += (arrival.fate == Fate::kQueueFull) + arrival.copy_dropped;
  counts_.duplicated += arrival.duplicated + arrival.copy_dropped;
  counts_.reordered += arrival.held;
  record.damaged = arrival.corrupt && !payload.empty();
  counts_.corrupted += record.damaged;
  if (record.damaged) {
    flip_one_bit(payload, arrival.entropy);
    frame.template_id = 0;  // a wire in memory lends the sender's own buffers
  }
  if (log_ != nullptr) log_arrival(inside, arrival, record);
  if (arrival.fate != Fate::kForwarded) return;
  free_.pop_back();
  inside.bytes = frame.data;
  inside.length = frame.length;
  fresh_[fresh_count_++] = handle;
}

void ForwardPath::log_arrival(Inside& inside, const Arrival& arrival, ForwardRecord record) {
  record.fate = log_fate(arrival.fate);
  record.held = arrival.held;
  inside.record = log_->add(record);
  if (!arrival.duplicated && !arrival.copy_dropped) return;
  record.copy = true;
  record.fate = arrival.copy_dropped ? LogFate::kQueueFull : LogFate::kForwarded;
  inside.copy_record = log_->add(record);
}

// Sends everything that is due, one burst at a time, or as much as the other port takes: the rest
// stays in order where it is and is tried again in the next round.
std::size_t ForwardPath::send_due(const Clock& clock, Nanoseconds now) {
  constexpr std::size_t kBurstsPerRound = 8;
  std::size_t sent = 0;
  for (std::size_t i = 0; i < kBurstsPerRound; ++i) {
    const bool room = fill(now);
    if (room && filled_ == 0) break;
    const std::size_t accepted = submit_filled(clock);
    sent += accepted;
    if (room && filled_ == 0) continue;
    ++counts_.tx_blocked;
    if (accepted == 0) break;
  }
  if (sent == 0 && in_flight_ > 0) in_flight_ = to_.reap();
  return sent;
}

// The log's time is the one before the port was called: the frame's way through the kernel, which
// some ports go within the call, is not the device's.
std::size_t ForwardPath::submit_filled(const Clock& clock) {
  const Nanoseconds at = log_ != nullptr ? clock.now() : 0;
  const std::size_t accepted = filled_ > 0 ? to_.submit(std::span(out_).first(filled_)) : 0;
  for (std::size_t i = 0; i < accepted; ++i) {
    ++counts_.forwarded;
    if (log_ != nullptr) log_->departed(records_[i], counts_.forwarded, at);
  }
  std::move(out_.begin() + accepted, out_.begin() + filled_, out_.begin());
  std::move(records_.begin() + accepted, records_.begin() + filled_, records_.begin());
  filled_ -= accepted;
  in_flight_ = to_.reap();
  return accepted;
}

// Copies due frames into borrowed ones, as far as a burst goes; false when the other port had too
// few to lend.
bool ForwardPath::fill(Nanoseconds now) {
  if (due_left() == 0) {
    due_next_ = 0;
    due_count_ = model_.depart(now, due_);
  }
  const std::size_t wanted = std::min(due_left(), kBurst - filled_);
  const std::size_t got = to_.borrow(std::span(out_).subspan(filled_, wanted));
  for (std::size_t i = 0; i < got; ++i) {
    const Departure& due = due_[due_next_++];
    const auto handle = static_cast<std::uint32_t>(due.handle);
    Inside& inside = inside_[handle];
    Frame& frame = *out_[filled_];
    assert(inside.bytes != nullptr && frame.capacity >= inside.length);
    std::memcpy(frame.data, inside.bytes, inside.length);
    frame.length = inside.length;
    frame.template_id = 0;
    records_[filled_++] = due.copy ? inside.copy_record : inside.record;
    if (!due.last) continue;
    inside = {};
    free_.push_back(handle);
  }
  return got == wanted;
}

// The receive buffers go back: what has not left moves to the pool.
void ForwardPath::keep_the_rest() {
  for (std::size_t i = 0; i < fresh_count_; ++i) {
    Inside& inside = inside_[fresh_[i]];
    if (inside.bytes == nullptr) continue;
    std::uint8_t* kept = pool_bytes(fresh_[i]);
    std::memcpy(kept, inside.bytes, inside.length);
    inside.bytes = kept;
  }
  fresh_count_ = 0;
}

void ForwardPath::abandon() {
  to_.give_back(std::span(out_).first(filled_));
  counts_.unsent += filled_;
  filled_ = 0;
  model_.flush_held();
  do {
    counts_.unsent += due_left();
    due_next_ = 0;
    due_count_ = model_.depart(std::numeric_limits<Nanoseconds>::max(), due_);
  } while (due_count_ > 0);
}

Nanoseconds ForwardPath::next_departure() const {
  return due_left() + filled_ > 0 ? 0 : model_.next_departure();
}

}  // namespace wireproof

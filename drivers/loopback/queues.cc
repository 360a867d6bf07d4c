#include "loopback/queues.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <limits>

#include "io/udp_location.h"

namespace wireproof::loopback {
namespace {

constexpr std::size_t kBurst = 64;
constexpr Nanoseconds kHoldIdle = 50 * kMillisecond;

std::uint64_t handle_of(Frame* frame) {
  return reinterpret_cast<std::uintptr_t>(frame);
}
Frame* frame_of(std::uint64_t handle) {
  return reinterpret_cast<Frame*>(static_cast<std::uintptr_t>(handle));
}

}  // namespace

Sender::Sender(Lane& lane, Channel& channel, const Clock& clock)
    : lane_(lane),
      channel_(channel),
      clock_(clock),
      free_(channel.senders_frames()),
      free_count_(channel.senders_frames()) {
  for (std::size_t i = 0; i < free_.size(); ++i) free_[i] = channel.frame(free_.size() - 1 - i);
}

std::size_t Sender::borrow(std::span<Frame*> out) {
  const std::size_t count = std::min(out.size(), free_count_);
  free_count_ -= count;
  std::copy_n(free_.data() + free_count_, count, out.data());
  return count;
}

std::size_t Sender::submit(std::span<Frame* const> burst) {
  const Nanoseconds now = clock_.now();
  for (Frame* frame : burst) frame->stamp = now;
  const std::uint32_t room = lane_.room.load(std::memory_order_relaxed);
  const std::size_t sent = channel_.sent.push(burst, room);
  in_flight_ += sent;
  if (sent < burst.size()) {
    SharedCount& gone = room == 0 ? lane_.sender.no_receiver : lane_.sender.ring_dropped;
    gone.add(burst.size() - sent);
    give_back(burst.subspan(sent));
  }
  return burst.size();
}

std::size_t Sender::reap() {
  const std::size_t back = channel_.returned.pop(std::span(free_).subspan(free_count_));
  assert(back <= in_flight_);
  free_count_ += back;
  in_flight_ -= back;
  return in_flight_;
}

void Sender::give_back(std::span<Frame* const> frames) {
  assert(free_count_ + frames.size() <= free_.size());
  std::copy_n(frames.data(), frames.size(), free_.data() + free_count_);
  free_count_ += frames.size();
}

Receiver::Receiver(Lane& lane, const Steering& steering, std::uint32_t ring_frames,
                   const Clock& clock)
    : lane_(lane), clock_(clock), match_(steering), ring_frames_(ring_frames) {
  if (Channel* channel = lane_.channel.load(std::memory_order_acquire)) follow(channel);
  lane_.room.store(ring_frames, std::memory_order_relaxed);
}

Receiver::~Receiver() {
  lane_.room.store(0, std::memory_order_relaxed);
  channel_ = lane_.channel.load(std::memory_order_acquire);
  if (channel_ == nullptr) return;
  std::array<Frame*, kBurst> frames;
  while (const std::size_t count = channel_->sent.pop(frames)) {
    channel_->returned.push(std::span<Frame* const>(frames.data(), count));
  }
  if (!channel_->model) return;
  channel_->model->flush_held();
  constexpr Nanoseconds kEndOfTime = std::numeric_limits<Nanoseconds>::max();
  while (const std::size_t count = depart(kEndOfTime, frames)) {
    for (Frame* frame : std::span(frames).first(count)) give_home(frame);
  }
}

// The sender was opened or reopened: its frames come from another channel from now on.
void Receiver::follow(Channel* channel) {
  mixed_ = channel_ != nullptr || !channel->copies.empty();
  channel_ = channel;
}

std::size_t Receiver::poll(std::span<Frame*> out) {
  Channel* channel = lane_.channel.load(std::memory_order_acquire);
  if (channel == nullptr) return 0;
  if (channel != channel_) follow(channel);
  out = out.first(std::min(out.size(), ring_frames_ - outstanding_));
  std::size_t count = channel->model ? poll_model(out) : channel->sent.pop(out);
  if (!match_.everything()) count = keep_matching(out.first(count));
  outstanding_ += count;
  return count;
}

void Receiver::release(std::span<Frame* const> frames) {
  assert(frames.size() <= outstanding_);
  outstanding_ -= frames.size();
  if (mixed_) {
    for (Frame* frame : frames) give_home(frame);
    return;
  }
  const std::size_t returned = channel_->returned.push(frames);
  assert(returned == frames.size());
  static_cast<void>(returned);
}

void Receiver::give_home(Frame* frame) {
  if (!channel_->owns(frame)) return;  // its sender is gone
  if (channel_->is_copy(frame)) {
    channel_->copies.push_back(frame);
  } else {
    channel_->returned.push(std::span<Frame* const>(&frame, 1));
  }
}

// Moves the frames that match to the front and returns how many; the others go home.
std::size_t Receiver::keep_matching(std::span<Frame*> frames) {
  std::size_t kept = 0;
  for (Frame* frame : frames) {
    if (match_.matches({frame->data, frame->length})) {
      frames[kept++] = frame;
    } else {
      give_home(frame);
    }
  }
  if (kept < frames.size()) lane_.receiver.steered_away.add(frames.size() - kept);
  return kept;
}

// What is ripe goes first, so that with copies the wire never holds more than one poll brought in.
std::size_t Receiver::poll_model(std::span<Frame*> out) {
  const Nanoseconds now = clock_.now();
  WireModel& model = *channel_->model;
  std::size_t count = depart(now, out);
  std::array<Frame*, kBurst> arrived;
  std::size_t due = out.size() - count;  // no more arrivals than there is room for, lost or not
  while (due > 0) {
    const std::size_t wanted = std::min(kBurst, due);
    const std::size_t popped = channel_->sent.pop(std::span(arrived).first(wanted));
    if (popped > 0) arrive(std::span(arrived).first(popped));
    if (popped < wanted) break;
    due -= popped;
  }
  if (model.held() > 0 && now - channel_->latest_arrival >= kHoldIdle) model.flush_held();
  return count + depart(now, out.subspan(count));
}

void Receiver::arrive(std::span<Frame* const> frames) {
  for (Frame* frame : frames) {
    const Arrival arrival = channel_->model->arrive(handle_of(frame), frame->stamp);
    if (arrival.fate != Fate::kForwarded) {
      (arrival.fate == Fate::kDropped ? lane_.receiver.lost : lane_.receiver.queue_full).add(1);
      give_home(frame);
      continue;
    }
    if (arrival.corrupt && flip_payload_bit({frame->data, frame->length}, arrival.entropy)) {
      frame->template_id = 0;
      lane_.receiver.corrupted.add(1);
    }
    if (arrival.duplicated) lane_.receiver.duplicated.add(1);
    if (arrival.copy_dropped) lane_.receiver.queue_full.add(1);
    if (arrival.held) lane_.receiver.held.add(1);
  }
  channel_->latest_arrival = frames.back()->stamp;
}

std::size_t Receiver::depart(Nanoseconds now, std::span<Frame*> out) {
  std::array<Departure, kBurst> gone;
  std::size_t count = 0;
  while (count < out.size()) {
    const std::size_t room = std::min(kBurst, out.size() - count);
    const std::size_t left = channel_->model->depart(now, std::span(gone).first(room));
    for (const Departure& departure : std::span(gone).first(left)) {
      Frame* frame = departure.copy ? channel_->copy_to_come : frame_of(departure.handle);
      if (frame == nullptr) continue;
      if (!departure.last) make_copy(*frame);
      frame->stamp = departure.at;
      out[count++] = frame;
    }
    if (left < room) break;
  }
  return count;
}

// Made when the original leaves, because the caller may release that one before the copy leaves.
// No buffer for it: the receiver has kept more frames than the sender's own ring has.
void Receiver::make_copy(const Frame& original) {
  channel_->copy_to_come = nullptr;
  if (channel_->copies.empty()) {
    lane_.receiver.copies_dropped.add(1);
    return;
  }
  Frame* copy = channel_->copies.back();
  channel_->copies.pop_back();
  copy->length = original.length;
  copy->template_id = original.template_id;
  std::memcpy(copy->data, original.data, original.length);
  channel_->copy_to_come = copy;
}

}  // namespace wireproof::loopback

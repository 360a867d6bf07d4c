// The two ends of a lane. One worker each.
#pragma once

#include <vector>

#include "base/clock.h"
#include "io/backend.h"
#include "io/steering_match.h"
#include "loopback/lane.h"

namespace wireproof::loopback {

class Sender final : public TxQueue {
 public:
  Sender(Lane& lane, Channel& channel, const Clock& clock);

  std::size_t borrow(std::span<Frame*> out) override;
  std::size_t submit(std::span<Frame* const> burst) override;
  std::size_t reap() override;
  void give_back(std::span<Frame* const> frames) override;

 private:
  Lane& lane_;
  Channel& channel_;
  const Clock& clock_;
  std::vector<Frame*> free_;  // the latest returned is lent first: its bytes are still in the cache
  std::size_t free_count_;
  std::size_t in_flight_ = 0;
};

class Receiver final : public RxQueue {
 public:
  Receiver(Lane& lane, const Steering& steering, std::uint32_t ring_frames, const Clock& clock);
  void also_take(const PayloadMark& mark) { match_.also_take(mark); }
  // Empties the lane, as if the cable had been pulled at this end.
  ~Receiver() override;

  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  std::size_t poll(std::span<Frame*> out) override;
  void release(std::span<Frame* const> frames) override;

 private:
  void follow(Channel* channel);
  std::size_t poll_model(std::span<Frame*> out);
  void arrive(std::span<Frame* const> frames);
  std::size_t depart(Nanoseconds now, std::span<Frame*> out);
  void make_copy(const Frame& original);
  std::size_t keep_matching(std::span<Frame*> frames);
  void give_home(Frame* frame);

  Lane& lane_;
  const Clock& clock_;
  SteeringMatch match_;
  std::size_t ring_frames_;
  std::size_t outstanding_ = 0;  // with the caller: they take the ring's room
  Channel* channel_ = nullptr;
  // Frames of a sender that has been reopened, or copies, may come back: look at each.
  bool mixed_ = false;
};

}  // namespace wireproof::loopback

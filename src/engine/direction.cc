#include "engine/direction.h"

#include "trial/derive.h"

namespace wireproof {

Result<std::unique_ptr<Direction>> Direction::make(const DirectionSpec& spec,
                                                   const TrafficProfile& profile,
                                                   const Clock& clock) {
  Device* const to = spec.receiver.port;
  Result<Stream> stream = plan_stream({.from = *spec.sender.port,
                                       .tx_queues = spec.sender.queues,
                                       .to = to == nullptr ? nullptr : &to->facts(),
                                       .rx_queues = spec.receiver.queues},
                                      profile, spec.reverse);
  if (!stream) return tl::unexpected(stream.error());
  stream->number = spec.stream;
  auto sender = Sender::make(spec.sender, *stream, clock);
  if (!sender) return tl::unexpected(sender.error());
  std::unique_ptr<Direction> made(new Direction(spec, std::move(*sender)));
  if (to != nullptr) made->receiver_ = std::make_unique<Receiver>(spec.receiver, *stream, clock);
  return made;
}

void Direction::start(StreamRun run) {
  if (spec_.fps) {  // a stream beside the trial's, whose course is its own
    run.fps = *spec_.fps;
    run.step.reset();
  }
  sender_->start(run, receiver_ ? &receiver_->late_after() : nullptr);
  if (receiver_) receiver_->start(run);
}

void Direction::stop(Nanoseconds now, bool heard_out) {
  sender_->stop(now);
  if (receiver_) receiver_->stop(heard_out);
}

bool Direction::all_arrived() const {
  const CellSample sum = total();
  return !receiver_ || sum.received == sum.offered;
}

void Direction::note_ages(Nanoseconds now) {
  if (!receiver_ || !receiver_->asks_for_numbers(now)) return;
  receiver_->note_numbers(now, sender_->numbers_so_far());
}

bool Direction::sample(Nanoseconds now) {
  const bool closed = sender_->series().sample(now);
  if (receiver_) receiver_->series().sample(now);
  return closed;
}

bool Direction::finish_interval(Nanoseconds now) {
  const bool closed = sender_->series().finish(now);
  if (receiver_) receiver_->series().finish(now);
  return closed;
}

CellSample Direction::total() const {
  CellSample sum;
  if (receiver_) sum = receiver_->series().total();
  sum.offered = sender_->series().total().offered;
  return sum;
}

DirectionResult Direction::so_far() const {
  DirectionResult result;
  result.from = from().facts().device;
  result.stream = spec_.stream;
  if (to() != nullptr) result.to = to()->facts().device;
  const CellSample sum = total();
  result.counts.offered = sum.offered;
  result.counts.unique = sum.received;
  result.counts.lost = sum.lost;
  const CellInterval& left = sender_->series().intervals().back();
  Interval& last = result.intervals.emplace_back();
  last = {.start = left.start, .end = left.end, .offered = left.counted.offered};
  if (!receiver_) return result;
  const CellInterval& came = receiver_->series().intervals().back();
  last.received = came.counted.received;
  last.lost = came.counted.lost;
  last.delay = interval_delay(came.delays);
  return result;
}

std::optional<ReceivedReport> Direction::received() const {
  if (!receiver_) return std::nullopt;
  return receiver_->report();
}

}  // namespace wireproof

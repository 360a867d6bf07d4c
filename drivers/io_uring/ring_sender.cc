#include "io_uring/ring_sender.h"

#include <fmt/format.h>

#include <cassert>
#include <cerrno>
#include <cstring>

namespace wireproof::sockets {
namespace {

std::string why_refused(int error) {
  if (error == EPERM || error == EACCES) {
    return "the kernel refuses io_uring here (sysctl kernel.io_uring_disabled, or seccomp in a "
           "container)";
  }
  if (error == ENOSYS) return "this kernel has no io_uring, or seccomp hides it";
  return fmt::format("io_uring_setup: {}", std::strerror(error));
}

struct Tag {  // travels with a request as its user_data
  std::uint16_t batch;
  std::uint16_t index;
  std::uint32_t slot;
};
std::uint64_t tag_of(Tag tag) {
  return std::uint64_t{tag.batch} << 48 | std::uint64_t{tag.index} << 32 | tag.slot;
}
Tag tag_from(std::uint64_t value) {
  return {static_cast<std::uint16_t>(value >> 48), static_cast<std::uint16_t>(value >> 32),
          static_cast<std::uint32_t>(value)};
}

}  // namespace

std::string no_io_uring() {
  io_uring ring{};
  const int result = io_uring_queue_init(2, &ring, 0);
  if (result < 0) return why_refused(-result);
  io_uring_queue_exit(&ring);
  return {};
}

RingSender::RingSender(std::size_t frames, std::uint16_t capacity, SendCounts& counts)
    : pool_(frames, capacity), counts_(counts) {}

Result<std::unique_ptr<RingSender>> RingSender::make(int fd, std::size_t frames,
                                                     std::uint16_t capacity, SendCounts& counts) {
  std::unique_ptr<RingSender> sender(new RingSender(frames, capacity, counts));
  int result = io_uring_queue_init(kBatch, &sender->ring_, 0);
  if (result == 0) {
    sender->ready_ = true;
    result = io_uring_register_files(&sender->ring_, &fd, 1);
  }
  if (result < 0) {
    return fail(ErrorKind::kPrecondition, why_refused(-result),
                "leave engine=io_uring out: sendmmsg needs nothing", -result);
  }
  return sender;
}

RingSender::~RingSender() {
  if (ready_) io_uring_queue_exit(&ring_);
}

std::size_t RingSender::submit(std::span<Frame* const> burst) {
  std::size_t accepted = 0;
  while (accepted < burst.size()) {
    const std::size_t batch = std::min(kBatch, burst.size() - accepted);
    const std::size_t taken = submit_batch(burst.subspan(accepted, batch));
    accepted += taken;
    if (taken < batch) break;
  }
  return accepted;
}

std::size_t RingSender::submit_batch(std::span<Frame* const> batch) {
  ++batch_number_;
  std::size_t prepared = 0;
  for (; prepared < batch.size(); ++prepared) {
    io_uring_sqe* request = io_uring_get_sqe(&ring_);
    if (request == nullptr) break;
    const Frame& frame = *batch[prepared];
    io_uring_prep_send(request, 0, frame.data, frame.length, MSG_DONTWAIT | MSG_NOSIGNAL);
    io_uring_sqe_set_flags(request, IOSQE_FIXED_FILE);
    io_uring_sqe_set_data64(
        request, tag_of({batch_number_, static_cast<std::uint16_t>(prepared), frame.slot}));
    results_[prepared] = kPending;
  }
  io_uring_submit(&ring_);
  collect();
  return settle(batch.first(prepared));
}

// With MSG_DONTWAIT each send is done, or has failed, when io_uring_submit returns; only what the
// kernel had no memory to begin is pending. Failures at the end of the batch were not accepted. A
// frame that failed before one that left cannot be sent in its place any more: it was dropped.
std::size_t RingSender::settle(std::span<Frame* const> batch) {
  std::size_t accepted = batch.size();
  while (accepted > 0 && results_[accepted - 1] < 0) --accepted;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (results_[i] == -EMSGSIZE) counts_.too_long.add(1);
    if (results_[i] == -ECONNREFUSED) counts_.refused.add(1);
    if (i >= accepted) continue;
    if (results_[i] < 0) counts_.dropped.add(1);
    if (results_[i] == kPending) {
      ++in_flight_;
    } else {
      pool_.put(batch.subspan(i, 1));
    }
  }
  return accepted;
}

void RingSender::collect() {
  std::array<io_uring_cqe*, kBatch> completions;
  while (const unsigned count = io_uring_peek_batch_cqe(&ring_, completions.data(), kBatch)) {
    for (unsigned i = 0; i < count; ++i) {
      const Tag tag = tag_from(completions[i]->user_data);
      const int result = completions[i]->res;
      if (tag.batch == batch_number_ && results_[tag.index] == kPending) {
        results_[tag.index] = result;
        continue;
      }
      Frame* const frame = pool_.frame(tag.slot);
      pool_.put({&frame, 1});
      --in_flight_;
      if (result < 0) counts_.dropped.add(1);
    }
    io_uring_cq_advance(&ring_, count);
  }
}

std::size_t RingSender::reap() {
  if (in_flight_ == 0) return 0;
  ++batch_number_;  // whatever completes now belongs to an earlier submit
  io_uring_submit(&ring_);
  collect();
  return in_flight_;
}

}  // namespace wireproof::sockets

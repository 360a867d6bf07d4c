#include "io_uring/mmsg_queues.h"

#include <cerrno>
#include <cstring>
#include <ctime>

namespace wireproof::sockets {
namespace {

// When the kernel first saw it (Documentation/networking/timestamping.rst section 2.1); 0 where
// this one bears no stamp. Nothing else was asked for, so that there is no other control message.
Nanoseconds kernel_stamp(msghdr& message) {
  const cmsghdr* control = CMSG_FIRSTHDR(&message);
  if (control == nullptr || control->cmsg_level != SOL_SOCKET ||
      control->cmsg_type != SCM_TIMESTAMPING) {
    return 0;
  }
  timespec software{};
  std::memcpy(&software, CMSG_DATA(control), sizeof software);  // scm_timestamping::ts[0]
  return software.tv_sec * kSecond + software.tv_nsec;
}

}  // namespace

MmsgSender::MmsgSender(int fd, std::size_t frames, std::uint16_t capacity, SendCounts& counts,
                       const Clock& clock)
    : fd_(fd),
      pool_(frames, capacity),
      counts_(counts),
      clock_(clock),
      stamps_(clock),
      stamped_(TxStamps::enable(fd)) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

// The first of a batch bears the question.
int MmsgSender::send_stamped(std::size_t batch) {
  messages_[0].msg_hdr.msg_control = request_.bytes.data();
  messages_[0].msg_hdr.msg_controllen = request_.bytes.size();
  const Nanoseconds at = clock_.now();
  const int sent =
      sendmmsg(fd_, messages_.data(), static_cast<unsigned>(batch), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent > 0) stamps_.asked(at);
  messages_[0].msg_hdr.msg_control = nullptr;
  messages_[0].msg_hdr.msg_controllen = 0;
  return sent;
}

std::size_t MmsgSender::submit(std::span<Frame* const> burst) {
  std::size_t accepted = 0;
  bool stamp = stamped_ && stamps_.due(burst.size(), fd_);
  while (accepted < burst.size()) {
    const std::size_t batch = std::min(kBatch, burst.size() - accepted);
    for (std::size_t i = 0; i < batch; ++i) {
      const Frame& frame = *burst[accepted + i];
      vectors_[i] = {.iov_base = frame.data, .iov_len = frame.length};
    }
    const int sent = stamp ? send_stamped(batch)
                           : sendmmsg(fd_, messages_.data(), static_cast<unsigned>(batch),
                                      MSG_DONTWAIT | MSG_NOSIGNAL);
    stamp = false;
    if (sent < 0) {
      if (errno == EMSGSIZE) counts_.too_long.add(1);
      if (errno == ECONNREFUSED) counts_.refused.add(1);
      break;
    }
    pool_.put(burst.subspan(accepted, static_cast<std::size_t>(sent)));
    accepted += static_cast<std::size_t>(sent);
    if (static_cast<std::size_t>(sent) < batch) break;
  }
  return accepted;
}

MmsgReceiver::MmsgReceiver(int fd, std::size_t frames, std::uint16_t capacity, const Clock& clock)
    : fd_(fd), pool_(frames, capacity), wall_clock_(CLOCK_REALTIME, clock) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
    messages_[i].msg_hdr.msg_control = controls_[i].bytes.data();
  }
}

std::size_t MmsgReceiver::poll(std::span<Frame*> out) {
  wall_clock_.begin_poll();
  std::size_t count = 0;
  while (count < out.size()) {
    const std::size_t wanted = std::min(kBatch, out.size() - count);
    const std::size_t got = poll_batch(out.subspan(count, wanted));
    count += got;
    if (got < wanted) break;
  }
  return count;
}

std::size_t MmsgReceiver::poll_batch(std::span<Frame*> out) {
  const std::size_t room = pool_.take(out);
  if (room == 0) return 0;  // the caller keeps all: the socket's buffer fills, and counts
  for (std::size_t i = 0; i < room; ++i) {
    vectors_[i] = {.iov_base = out[i]->data, .iov_len = out[i]->capacity};
    messages_[i].msg_hdr.msg_controllen = sizeof(Control);
  }
  const int received =
      recvmmsg(fd_, messages_.data(), static_cast<unsigned>(room), MSG_DONTWAIT, nullptr);
  const std::size_t count = received < 0 ? 0 : static_cast<std::size_t>(received);
  pool_.put(std::span<Frame* const>(out).subspan(count, room - count));
  if (count > 0) wall_clock_.sample();
  for (std::size_t i = 0; i < count; ++i) {
    msghdr& message = messages_[i].msg_hdr;
    out[i]->length = static_cast<std::uint16_t>(messages_[i].msg_len);
    const Nanoseconds stamp = kernel_stamp(message);
    out[i]->stamp = stamp == 0 ? 0 : wall_clock_.to_axis(stamp);
    if ((message.msg_flags & MSG_TRUNC) != 0) truncated.add(1);
  }
  if (count < room) wall_clock_.saw_empty();
  return count;
}

}  // namespace wireproof::sockets

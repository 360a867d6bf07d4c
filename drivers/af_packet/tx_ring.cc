#include "tx_ring.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace wireproof::af_packet {
namespace {

constexpr unsigned kSlots = 512;
constexpr std::size_t kDataOffset = TPACKET_ALIGN(sizeof(tpacket2_hdr));  // kernel: tp_hdrlen

// struct virtio_net_hdr of the VIRTIO specification 1.2, section 5.1.6, which linux/virtio_net.h
// declares in a way that C++ does not read. All zeros but hdr_len: no offload.
struct VnetHeader {
  std::uint8_t flags, gso_type;
  std::uint16_t hdr_len, gso_size, csum_start, csum_offset;
};
static_assert(sizeof(VnetHeader) == 10);
constexpr std::size_t kVnetLen = sizeof(VnetHeader);

// What the kernel is told our frames are (IEEE 802, local experiments). Told the truth or nothing,
// it reads each frame's headers to find the transport header, for offloads that we do not ask for.
constexpr std::uint16_t kUnparsed = 0x88b5;
constexpr int kSendBufferBytes = 4 << 20;  // packets that the receiver has not taken yet
// A driver without room (ENOBUFS) gets some time to make some: asking again at once only takes the
// processor and the cache lines from whoever empties it.
constexpr Nanoseconds kBackOff = 50 * kMicrosecond;
// What has not gone by then (link down, a peer with a smaller MTU) must not go at all: it would
// arrive in the middle of something else.
constexpr Nanoseconds kPatience = 100 * kMillisecond;

static_assert(offsetof(tpacket2_hdr, tp_status) == 0);
static_assert(offsetof(tpacket2_hdr, tp_len) == 4);

std::uint16_t length_in(const std::uint8_t* slot) {
  std::uint32_t length;
  std::memcpy(&length, slot + offsetof(tpacket2_hdr, tp_len), sizeof length);
  return static_cast<std::uint16_t>(length - kVnetLen);
}

void count(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

// The larger buffer needs CAP_NET_ADMIN; without it net.core.wmem_max is the limit, and the ring
// waits (EAGAIN) where more packets are under way.
void raise_send_buffer(const UniqueFd& socket) {
  const int bytes = kSendBufferBytes;
  if (setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) == 0) return;
  (void)setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

}  // namespace

Result<std::unique_ptr<TxRing>> TxRing::open(const LinuxInterface& interface,
                                             const OpenSpec& spec) {
  Result<UniqueFd> socket = raw_socket();
  if (!socket) return tl::unexpected(socket.error());
  const int on = 1;
  Status set = set_option(*socket, PACKET_QDISC_BYPASS, on, "PACKET_QDISC_BYPASS");
  if (set) set = set_option(*socket, PACKET_VNET_HDR, on, "PACKET_VNET_HDR");
  if (!set) return tl::unexpected(set.error());
  raise_send_buffer(*socket);
  const RingShape shape{kSlots, slot_shift_for(kDataOffset + kVnetLen + spec.buffer_len_max)};
  Result<RingMemory> ring = RingMemory::map(*socket, PACKET_TX_RING, shape);
  if (!ring) return tl::unexpected(ring.error());
  if (Status bound = bind_to(*socket, interface.index, 0); !bound) {
    return tl::unexpected(bound.error());
  }
  return std::unique_ptr<TxRing>(
      new TxRing(std::move(*socket), std::move(*ring), interface.index, spec));
}

TxRing::TxRing(UniqueFd socket, RingMemory ring, unsigned interface_index, const OpenSpec& spec)
    : socket_(std::move(socket)),
      ring_(std::move(ring)),
      pool_(kSlots, spec.buffer_len_max),
      clock_(spec.clock),
      stamps_(*spec.clock),
      stamped_(TxStamps::enable(socket_.get())) {
  destination_.sll_family = AF_PACKET;
  destination_.sll_protocol = htons(kUnparsed);
  destination_.sll_ifindex = static_cast<int>(interface_index);
}

std::size_t TxRing::borrow(std::span<Frame*> out) {
  return pool_.take(out);
}

void TxRing::give_back(std::span<Frame* const> frames) {
  pool_.put(frames);
}

void TxRing::put(std::uint64_t position, const std::uint8_t* bytes, std::uint16_t length) {
  std::uint8_t* at = slot(position);
  const std::uint32_t total = static_cast<std::uint32_t>(length + kVnetLen);
  std::memcpy(at + offsetof(tpacket2_hdr, tp_len), &total, sizeof total);
  VnetHeader linear{};
  linear.hdr_len = length;
  std::memcpy(at + kDataOffset, &linear, sizeof linear);
  std::memcpy(at + kDataOffset + kVnetLen, bytes, length);
  status_of(at).store(TP_STATUS_SEND_REQUEST, std::memory_order_release);
}

std::size_t TxRing::submit(std::span<Frame* const> burst) {
  std::size_t accepted = 0;
  // All frames of one kick are asked for alike: the one goes by itself, ahead of its burst.
  bool alone = stamped_ && stamps_.due(burst.size(), socket_.get()) && asked_ == head_;
  for (Frame* frame : burst) {
    assert(frame->length <= frame->capacity);
    if (head_ - done_ == ring_.slots() && reap() == ring_.slots()) break;
    put(head_++, frame->data, frame->length);
    ++accepted;
    if (!alone) continue;
    alone = false;
    stamp_next_ = true;
    kick();
    stamp_next_ = false;
  }
  pool_.put(burst.first(accepted));
  if (asked_ != head_) kick();
  return accepted;
}

std::size_t TxRing::reap() {
  if (asked_ != head_) kick();
  while (done_ != asked_) {
    const std::uint32_t status = status_of(slot(done_)).load(std::memory_order_acquire);
    if (status != TP_STATUS_AVAILABLE) break;
    ++done_;
  }
  return head_ - done_;
}

ssize_t TxRing::send(bool stamp) {
  msghdr message{};
  message.msg_name = &destination_;
  message.msg_namelen = sizeof destination_;
  if (!stamp) return ::sendmsg(socket_.get(), &message, MSG_DONTWAIT);
  message.msg_control = request_.bytes.data();
  message.msg_controllen = request_.bytes.size();
  const Nanoseconds at = clock_->now();
  const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_DONTWAIT);
  if (sent > 0) stamps_.asked(at);
  return sent;
}

// sendmsg() takes every frame from asked_ on, in order, and gives up at the first that does not go;
// that one keeps its place.
void TxRing::kick() {
  if (kick_not_before_ != 0) {
    if (clock_->now() < kick_not_before_) return;
    kick_not_before_ = 0;
  }
  const ssize_t sent = send(stamp_next_);
  if (sent >= 0) {
    asked_ = head_;
    stuck_since_ = 0;
    return;
  }
  if (errno == ENOBUFS) count(retried_);
  const std::uint64_t asked_before = asked_;
  skip_sent();
  drop_malformed();
  const Nanoseconds now = clock_->now();
  kick_not_before_ = now + kBackOff;
  if (asked_ != asked_before || stuck_since_ == 0) stuck_since_ = now;
  if (now - stuck_since_ > kPatience) give_up();
}

void TxRing::skip_sent() {
  while (asked_ != head_) {
    const std::uint32_t status = status_of(slot(asked_)).load(std::memory_order_acquire);
    if (status == TP_STATUS_SEND_REQUEST || (status & TP_STATUS_WRONG_FORMAT) != 0) return;
    ++asked_;
  }
}

// The kernel waits at the slot of a frame it will never send (shorter than an Ethernet header). It
// is closed by moving the frames behind it up by one. Rare, so that the cost does not matter.
void TxRing::drop_malformed() {
  if (asked_ == head_) return;
  if ((status_of(slot(asked_)).load(std::memory_order_acquire) & TP_STATUS_WRONG_FORMAT) == 0) {
    return;
  }
  for (std::uint64_t position = asked_; position + 1 != head_; ++position) {
    const std::uint8_t* next = slot(position + 1);
    put(position, next + kDataOffset + kVnetLen, length_in(next));
  }
  --head_;
  status_of(slot(head_)).store(TP_STATUS_AVAILABLE, std::memory_order_release);
  count(refused_);
}

// The kernel looks at the slots only within sendmsg(), so that they can be taken back here.
void TxRing::give_up() {
  count(refused_, head_ - asked_);
  for (; head_ != asked_; --head_) {
    status_of(slot(head_ - 1)).store(TP_STATUS_AVAILABLE, std::memory_order_release);
  }
  stuck_since_ = 0;
}

}  // namespace wireproof::af_packet

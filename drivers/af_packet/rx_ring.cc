#include "rx_ring.h"
#include "base/system_error.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/headers.h"

namespace wireproof::af_packet {
namespace {

constexpr std::size_t kMacsLen = 12;
// Where the kernel puts a frame in its slot (tpacket_rcv): the network header aligned to 16, the
// 14 bytes before it.
constexpr std::size_t kDataOffsetMax = TPACKET_ALIGN(TPACKET2_HDRLEN + 16);

tpacket2_hdr header_of(const std::uint8_t* slot) {
  tpacket2_hdr header;
  std::memcpy(&header, slot, sizeof header);
  return header;
}

Status attach(const UniqueFd& socket, std::span<const sock_filter> filter) {
  sock_fprog program{};
  program.len = static_cast<unsigned short>(filter.size());
  program.filter = const_cast<sock_filter*>(filter.data());
  if (setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0) {
    return {};
  }
  return tl::unexpected(system_error("the kernel refuses the socket filter", errno));
}

}  // namespace

Result<std::unique_ptr<RxRing>> RxRing::open(const LinuxInterface& interface,
                                             const OpenSpec& spec) {
  Result<UniqueFd> socket = raw_socket();
  if (!socket) return tl::unexpected(socket.error());
  const int on = 1;
  if (Status set = set_option(*socket, PACKET_IGNORE_OUTGOING, on, "PACKET_IGNORE_OUTGOING");
      !set) {
    return tl::unexpected(set.error());
  }
  constexpr std::array<sock_filter, 1> kNothing{{{BPF_RET | BPF_K, 0, 0, 0}}};
  if (Status closed = attach(*socket, kNothing); !closed) return tl::unexpected(closed.error());
  const RingShape shape{spec.ring_frames, slot_shift_for(kDataOffsetMax + spec.buffer_len_max)};
  Result<RingMemory> ring = RingMemory::map(*socket, PACKET_RX_RING, shape);
  if (!ring) return tl::unexpected(ring.error());
  if (Status bound = bind_to(*socket, interface.index, ETH_P_ALL); !bound) {
    return tl::unexpected(bound.error());
  }
  return std::unique_ptr<RxRing>(new RxRing(std::move(*socket), std::move(*ring), spec));
}

RxRing::RxRing(UniqueFd socket, RingMemory ring, const OpenSpec& spec)
    : socket_(std::move(socket)),
      ring_(std::move(ring)),
      pool_(spec.ring_frames, spec.buffer_len_max),
      wall_clock_(CLOCK_REALTIME, *spec.clock) {}

Status RxRing::admit(std::span<const sock_filter> filter) {
  return attach(socket_, filter);
}

Status RxRing::join_promiscuous(const LinuxInterface& interface) {
  packet_mreq request{};
  request.mr_ifindex = static_cast<int>(interface.index);
  request.mr_type = PACKET_MR_PROMISC;
  return set_option(socket_, PACKET_ADD_MEMBERSHIP, request, "promiscuous reception");
}

Result<std::uint16_t> RxRing::join_fanout(std::optional<std::uint16_t> group) {
  const int flags = PACKET_FANOUT_HASH | (group ? 0 : PACKET_FANOUT_FLAG_UNIQUEID);
  const int argument = group.value_or(0) | flags << 16;
  if (Status joined = set_option(socket_, PACKET_FANOUT, argument, "PACKET_FANOUT"); !joined) {
    return tl::unexpected(joined.error());
  }
  int granted = 0;
  socklen_t length = sizeof granted;
  if (getsockopt(socket_.get(), SOL_PACKET, PACKET_FANOUT, &granted, &length) != 0) {
    return fail(ErrorKind::kPrecondition, "the kernel does not tell the fanout group", {}, errno);
  }
  return static_cast<std::uint16_t>(granted & 0xffff);
}

SlotView view_slot(const std::uint8_t* slot, std::size_t slot_bytes) {
  const tpacket2_hdr header = header_of(slot);
  SlotView view;
  const std::size_t offset = std::min<std::size_t>(header.tp_mac, slot_bytes);
  const std::size_t length =
      std::min<std::size_t>({header.tp_snaplen, header.tp_len, slot_bytes - offset});
  view.bytes = {slot + offset, length};
  view.tagged = (header.tp_status & TP_STATUS_VLAN_VALID) != 0;
  view.tci = header.tp_vlan_tci;
  view.tpid = (header.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0 ? header.tp_vlan_tpid
                                                                  : std::uint16_t{ETH_P_8021Q};
  return view;
}

std::size_t copy_out(const SlotView& view, std::span<std::uint8_t> out) {
  if (!view.tagged || view.bytes.size() < kMacsLen || out.size() < kMacsLen + kVlanLength) {
    const std::size_t length = std::min(view.bytes.size(), out.size());
    std::copy_n(view.bytes.begin(), length, out.begin());  // of nothing, to nothing: memcpy may not
    return length;
  }
  const std::array<std::uint16_t, 2> tag{htons(view.tpid), htons(view.tci)};
  std::memcpy(out.data(), view.bytes.data(), kMacsLen);
  std::memcpy(out.data() + kMacsLen, tag.data(), kVlanLength);
  const auto rest = view.bytes.subspan(kMacsLen);
  const std::size_t length = std::min(rest.size(), out.size() - kMacsLen - kVlanLength);
  std::memcpy(out.data() + kMacsLen + kVlanLength, rest.data(), length);
  return kMacsLen + kVlanLength + length;
}

Frame* RxRing::take(std::uint8_t* slot) {
  Frame* frame = pool_.take();
  if (frame == nullptr) return nullptr;
  const SlotView view = view_slot(slot, ring_.slot_bytes());
  frame->length = static_cast<std::uint16_t>(copy_out(view, {frame->data, frame->capacity}));
  frame->template_id = 0;
  const tpacket2_hdr header = header_of(slot);
  frame->stamp = wall_clock_.to_axis(Nanoseconds{header.tp_sec} * kSecond + header.tp_nsec);
  return frame;
}

std::size_t RxRing::poll(std::span<Frame*> out) {
  wall_clock_.begin_poll();
  std::size_t taken = 0;
  while (taken < out.size()) {
    std::uint8_t* slot = ring_.slot(head_ & (ring_.slots() - 1));
    const auto status = status_of(slot);
    if ((status.load(std::memory_order_acquire) & TP_STATUS_USER) == 0) {
      wall_clock_.saw_empty();
      break;
    }
    if (taken == 0) wall_clock_.sample();
    Frame* frame = take(slot);
    if (frame == nullptr) break;  // the caller holds all of them
    out[taken++] = frame;
    status.store(TP_STATUS_KERNEL, std::memory_order_release);
    ++head_;
  }
  return taken;
}

void RxRing::release(std::span<Frame* const> frames) {
  pool_.put(frames);
}

std::uint64_t RxRing::dropped() {
  tpacket_stats stats{};
  socklen_t length = sizeof stats;
  if (getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &stats, &length) == 0) {
    dropped_ += stats.tp_drops;
  }
  return dropped_;
}

}  // namespace wireproof::af_packet

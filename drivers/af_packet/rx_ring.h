// The receiving half of a queue: a TPACKET_V2 receive ring. V3 would hold frames back until a block
// is full or a millisecond has passed.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/kernel_clock.h"
#include "io/backend.h"
#include "io/frame_pool.h"
#include "io/linux_interface.h"
#include "socket.h"

struct sock_filter;
struct tpacket2_hdr;

namespace wireproof::af_packet {

class RxRing final : public RxQueue {
 public:
  // Opens the ring with a filter that lets nothing in: call admit() when all queues are there.
  [[nodiscard]] static Result<std::unique_ptr<RxRing>> open(const LinuxInterface& interface,
                                                            const OpenSpec& spec);

  // Lets in what `filter` (classic BPF) accepts.
  [[nodiscard]] Status admit(std::span<const sock_filter> filter);
  // The interface takes frames for all MACs as long as this socket lives.
  [[nodiscard]] Status join_promiscuous(const LinuxInterface& interface);
  // Frames are spread over the group's sockets by the hash of their addresses and ports. Without
  // a group makes a new one; returns the group.
  [[nodiscard]] Result<std::uint16_t> join_fanout(std::optional<std::uint16_t> group);

  std::size_t poll(std::span<Frame*> out) override;
  void release(std::span<Frame* const> frames) override;

  // Frames that found the ring full, since open. Control thread. Reading the kernel's counter
  // resets it, hence the sum kept here.
  [[nodiscard]] std::uint64_t dropped();

 private:
  RxRing(UniqueFd socket, RingMemory ring, const OpenSpec& spec);
  [[nodiscard]] Frame* take(std::uint8_t* slot);

  UniqueFd socket_;
  RingMemory ring_;
  FramePool pool_;
  KernelClock wall_clock_;
  std::uint64_t head_ = 0;
  std::uint64_t dropped_ = 0;
};

// What was in a received slot, checked against the slot's size: the header is the kernel's, but
// the lengths in it are as long as the frame was, not as long as the slot is.
struct SlotView {
  std::span<const std::uint8_t> bytes;  // what is really there, without the VLAN tag
  bool tagged = false;                  // the kernel took a tag out of the frame
  std::uint16_t tpid = 0, tci = 0;
};
[[nodiscard]] SlotView view_slot(const std::uint8_t* slot, std::size_t slot_bytes);

// Copies a frame, its VLAN tag back in its place, up to out.size(); returns the length.
[[nodiscard]] std::size_t copy_out(const SlotView& view, std::span<std::uint8_t> out);

}  // namespace wireproof::af_packet

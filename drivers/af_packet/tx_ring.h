// The sending half of a queue: a TPACKET_V2 transmit ring past the queueing discipline.
//
// Every frame carries a virtio_net_hdr that asks for the whole frame to be copied into the linear
// part of the packet (PACKET_VNET_HDR, hdr_len = length). Without it the kernel copies 14 bytes and
// attaches the page of the ring as a fragment. That is slower, above all where an XDP program
// receives and needs the frame in one piece, and it is wrong over veth: the slot is handed back
// when the sender's claim on the packet ends (skb_orphan), while the receiver still reads the page.
#pragma once

#include <linux/if_packet.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "io/backend.h"
#include "io/frame_pool.h"
#include "io/linux_interface.h"
#include "io/tx_stamps.h"
#include "socket.h"

namespace wireproof::af_packet {

class TxRing final : public TxQueue {
 public:
  [[nodiscard]] static Result<std::unique_ptr<TxRing>> open(const LinuxInterface& interface,
                                                            const OpenSpec& spec);

  std::size_t borrow(std::span<Frame*> out) override;
  std::size_t submit(std::span<Frame* const> burst) override;
  std::size_t reap() override;
  void give_back(std::span<Frame* const> frames) override;

  // Frames that were accepted and then given up: malformed, or not taken for kPatience. Any thread.
  [[nodiscard]] std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }
  // Times the driver could not take a frame and the ring kept it. Any thread.
  [[nodiscard]] std::uint64_t retried() const { return retried_.load(std::memory_order_relaxed); }
  // Null where the kernel gives no transmit stamps.
  [[nodiscard]] const TxStamps* stamps() const { return stamped_ ? &stamps_ : nullptr; }

 private:
  TxRing(UniqueFd socket, RingMemory ring, unsigned interface_index, const OpenSpec& spec);
  void kick();
  [[nodiscard]] ssize_t send(bool stamp);
  void skip_sent();
  void drop_malformed();
  void give_up();
  void put(std::uint64_t position, const std::uint8_t* bytes, std::uint16_t length);
  [[nodiscard]] std::uint8_t* slot(std::uint64_t position) const {
    return ring_.slot(position & (ring_.slots() - 1));
  }

  UniqueFd socket_;
  sockaddr_ll destination_{};
  RingMemory ring_;
  FramePool pool_;
  const Clock* clock_;
  // Positions count up for ever; the slot is the position modulo the ring. done_ <= asked_ <=
  // head_.
  std::uint64_t head_ = 0;   // next to fill
  std::uint64_t asked_ = 0;  // next that the kernel will take
  std::uint64_t done_ = 0;   // oldest that the kernel still holds
  Nanoseconds kick_not_before_ = 0;
  Nanoseconds stuck_since_ = 0;            // 0: the last kick got something sent
  std::atomic<std::uint64_t> refused_{0};  // written by the worker alone
  std::atomic<std::uint64_t> retried_{0};
  TxStamps stamps_;
  TxStampRequest request_;
  const bool stamped_;
  bool stamp_next_ = false;  // the next kick is of one frame, and asks for its stamp
};

}  // namespace wireproof::af_packet

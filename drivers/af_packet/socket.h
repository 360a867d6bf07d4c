// Opening AF_PACKET sockets, and the sentences for what can go wrong.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace wireproof::af_packet {

// A raw socket that receives nothing yet. Fails (kPrecondition) without CAP_NET_RAW.
[[nodiscard]] Result<UniqueFd> raw_socket();

// One setsockopt at SOL_PACKET. Fails with `what` in the sentence.
template <typename T>
[[nodiscard]] Status set_option(const UniqueFd& socket, int option, const T& value,
                                const char* what);

// Binds to an interface. `protocol` 0: never receives; else an ETH_P_ number. Fails also when the
// interface does not carry Ethernet frames.
[[nodiscard]] Status bind_to(const UniqueFd& socket, unsigned interface_index,
                             std::uint16_t protocol);

// `slots` slots of `slot_bytes`, one after another: slot i begins at data + (i << slot_shift).
struct RingShape {
  unsigned slots = 0;       // a power of two
  unsigned slot_shift = 0;  // log2 of the bytes of a slot, at least 6
  [[nodiscard]] std::size_t bytes() const { return std::size_t{slots} << slot_shift; }
};

// The smallest slot that holds `bytes`.
[[nodiscard]] unsigned slot_shift_for(std::size_t bytes);

// Whose a slot is (linux/if_packet.h, TP_STATUS_...): its first word, which the kernel shares.
[[nodiscard]] inline std::atomic_ref<std::uint32_t> status_of(std::uint8_t* slot) {
  return std::atomic_ref(*reinterpret_cast<std::uint32_t*>(slot));
}

// The kernel's memory of one ring, mapped; unmapped at destruction.
class RingMemory {
 public:
  // `option` is PACKET_RX_RING or PACKET_TX_RING; sets TPACKET_V2 first. Fails (kPrecondition) when
  // the kernel will not give the memory.
  [[nodiscard]] static Result<RingMemory> map(const UniqueFd& socket, int option,
                                              const RingShape& shape);
  RingMemory() = default;
  RingMemory(RingMemory&& other) noexcept;
  RingMemory& operator=(RingMemory&& other) noexcept;
  ~RingMemory();

  [[nodiscard]] std::uint8_t* slot(std::size_t index) const {
    return data_ + (index << shape_.slot_shift);
  }
  [[nodiscard]] unsigned slots() const { return shape_.slots; }
  [[nodiscard]] std::size_t slot_bytes() const { return std::size_t{1} << shape_.slot_shift; }

 private:
  std::uint8_t* data_ = nullptr;
  RingShape shape_;
};

namespace detail {
[[nodiscard]] Status set_option(const UniqueFd& socket, int option,
                                std::span<const std::byte> value, const char* what);
}

template <typename T>
Status set_option(const UniqueFd& socket, int option, const T& value, const char* what) {
  return detail::set_option(socket, option, std::as_bytes(std::span(&value, 1)), what);
}

}  // namespace wireproof::af_packet

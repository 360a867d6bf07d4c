// Asking the kernel by rtnetlink (man 7 rtnetlink): one request, its answers, nothing kept open.
// Unlike /sys/class/net, which shows the network namespace of whoever mounted it, a netlink socket
// speaks of the namespace of the thread that opened it.
#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"

namespace wireproof {

// A request under construction: the fixed header of its type, then attributes.
class NetlinkRequest {
 public:
  template <typename Header>
  NetlinkRequest(std::uint16_t type, std::uint16_t flags, const Header& header)
      : NetlinkRequest(type, flags, &header, sizeof header) {}

  void add(std::uint16_t attribute, std::span<const std::byte> value);
  void add_u32(std::uint16_t attribute, std::uint32_t value) {
    add(attribute, std::as_bytes(std::span(&value, 1)));
  }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

 private:
  NetlinkRequest(std::uint16_t type, std::uint16_t flags, const void* header, std::size_t length);
  void append(const void* value, std::size_t length);

  std::vector<std::byte> bytes_;
};

// One message of an answer: `fixed` is the type's own header, `attributes` what follows it.
struct NetlinkAnswer {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::span<const std::byte> payload;

  // A copy of the fixed header; zeros where the kernel sent less.
  template <typename Header>
  [[nodiscard]] Header header() const {
    Header value{};
    std::memcpy(&value, payload.data(), std::min(sizeof value, payload.size()));
    return value;
  }
};

using NetlinkAttribute = std::function<void(std::uint16_t type, std::span<const std::byte> value)>;

// Calls `each` for the whole messages of a datagram, ends and errors among them, until it returns
// false. Stops at the first malformed one.
void for_each_message(std::span<const std::byte> datagram,
                      const std::function<bool(const NetlinkAnswer&)>& each);

// Hands every answer of a datagram to `each`. True: the kernel said that it was the last. Fails
// (kPrecondition) with the kernel's errno.
[[nodiscard]] Result<bool> read_netlink_datagram(
    std::span<const std::byte> datagram, const std::function<void(const NetlinkAnswer&)>& each);

// Sends the request and hands every answer to `each`, until the kernel says that it was the last.
// Waits at most two seconds for each message. Fails (kPrecondition) with the kernel's errno.
[[nodiscard]] Status netlink_ask(const NetlinkRequest& request,
                                 const std::function<void(const NetlinkAnswer&)>& each);

// Calls `each` for the attributes behind a fixed header of `header_length` bytes, or, with 0, for a
// nest. Stops at the first malformed one.
void for_each_attribute(std::span<const std::byte> payload, std::size_t header_length,
                        const NetlinkAttribute& each);

// The value as an integer of its own width; 0 where it is too short.
template <typename T>
[[nodiscard]] T attribute_as(std::span<const std::byte> value) {
  T number{};
  if (value.size() >= sizeof number) std::memcpy(&number, value.data(), sizeof number);
  return number;
}

}  // namespace wireproof

#include "io/netlink.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/system_error.h"
#include "base/unique_fd.h"

namespace wireproof {
namespace {

constexpr std::size_t kAlign = 4;
// The kernel fills dumps in pieces of at most 32 KiB (NLMSG_GOODSIZE is smaller).
constexpr std::size_t kBufferBytes = 32 * 1024;

std::size_t aligned(std::size_t length) {
  return (length + kAlign - 1) & ~(kAlign - 1);
}

// The kernel's errno, of its message; what is none is told as a broken message.
int error_of(const NetlinkAnswer& answer) {
  const int told = attribute_as<int>(answer.payload);
  constexpr int kErrnoMax = 4095;
  return told >= -kErrnoMax && told <= 0 ? -told : EBADMSG;
}

Status refused(int error) {
  return tl::unexpected(system_error("the kernel refused a netlink request", error));
}

}  // namespace

NetlinkRequest::NetlinkRequest(std::uint16_t type, std::uint16_t flags, const void* header,
                               std::size_t length) {
  nlmsghdr message{};
  message.nlmsg_type = type;
  message.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  append(&message, sizeof message);
  append(header, length);
}

void NetlinkRequest::add(std::uint16_t attribute, std::span<const std::byte> value) {
  nlattr header{};
  header.nla_len = static_cast<std::uint16_t>(sizeof header + value.size());
  header.nla_type = attribute;
  append(&header, sizeof header);
  append(value.data(), value.size());
}

void NetlinkRequest::append(const void* value, std::size_t length) {
  const auto* first = static_cast<const std::byte*>(value);
  bytes_.insert(bytes_.end(), first, first + length);
  bytes_.resize(aligned(bytes_.size()));
  const auto total = static_cast<std::uint32_t>(bytes_.size());
  std::memcpy(bytes_.data(), &total, sizeof total);  // nlmsg_len, the first field
}

void for_each_message(std::span<const std::byte> datagram,
                      const std::function<bool(const NetlinkAnswer&)>& each) {
  while (datagram.size() >= sizeof(nlmsghdr)) {
    nlmsghdr header;
    std::memcpy(&header, datagram.data(), sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) return;
    const auto payload = datagram.subspan(sizeof header, header.nlmsg_len - sizeof header);
    if (!each({header.nlmsg_type, header.nlmsg_flags, payload})) return;
    datagram = datagram.subspan(std::min(aligned(header.nlmsg_len), datagram.size()));
  }
}

Result<bool> read_netlink_datagram(std::span<const std::byte> datagram,
                                   const std::function<void(const NetlinkAnswer&)>& each) {
  bool last = false;
  int error = 0;
  for_each_message(datagram, [&](const NetlinkAnswer& answer) {
    last = answer.type == NLMSG_DONE || answer.type == NLMSG_ERROR;
    if (answer.type == NLMSG_ERROR) error = error_of(answer);
    if (last) return false;
    each(answer);
    last = (answer.flags & NLM_F_MULTI) == 0;
    return !last;
  });
  if (error != 0) return tl::unexpected(refused(error).error());
  return last;
}

Status netlink_ask(const NetlinkRequest& request,
                   const std::function<void(const NetlinkAnswer&)>& each) {
  const UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return refused(errno);
  const timeval patience{.tv_sec = 2, .tv_usec = 0};
  if (setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
      ::send(socket.get(), request.bytes().data(), request.bytes().size(), 0) < 0) {
    return refused(errno);
  }
  std::vector<std::byte> buffer(kBufferBytes);
  for (;;) {
    const ssize_t got = ::recv(socket.get(), buffer.data(), buffer.size(), MSG_TRUNC);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return refused(errno);
    if (static_cast<std::size_t>(got) > buffer.size()) return refused(EMSGSIZE);
    const auto last = read_netlink_datagram({buffer.data(), static_cast<std::size_t>(got)}, each);
    if (!last) return tl::unexpected(last.error());
    if (*last) return {};
  }
}

void for_each_attribute(std::span<const std::byte> payload, std::size_t header_length,
                        const NetlinkAttribute& each) {
  auto bytes = payload.subspan(std::min(aligned(header_length), payload.size()));
  while (bytes.size() >= sizeof(nlattr)) {
    nlattr header;
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.nla_len < sizeof header || header.nla_len > bytes.size()) return;
    each(header.nla_type & NLA_TYPE_MASK,
         bytes.subspan(sizeof header, header.nla_len - sizeof header));
    bytes = bytes.subspan(std::min(aligned(header.nla_len), bytes.size()));
  }
}

}  // namespace wireproof

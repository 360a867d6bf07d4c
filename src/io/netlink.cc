#include "io/netlink.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>

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

Status refused(int error) {
  return tl::unexpected(system_error("the kernel refused a netlink request", error));
}

enum class Next { kMore, kDone };

Result<Next> take_datagram(std::span<const std::byte> bytes,
                           const std::function<void(const NetlinkAnswer&)>& each) {
  while (bytes.size() >= sizeof(nlmsghdr)) {
    nlmsghdr header;
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > bytes.size()) break;
    const auto payload = bytes.subspan(sizeof header, header.nlmsg_len - sizeof header);
    if (header.nlmsg_type == NLMSG_DONE) return Next::kDone;
    if (header.nlmsg_type == NLMSG_ERROR) {
      const int error = -attribute_as<int>(payload);
      if (error != 0) return tl::unexpected(refused(error).error());
      return Next::kDone;
    }
    each(NetlinkAnswer{header.nlmsg_type, payload});
    if ((header.nlmsg_flags & NLM_F_MULTI) == 0) return Next::kDone;
    bytes = bytes.subspan(std::min(aligned(header.nlmsg_len), bytes.size()));
  }
  return Next::kMore;
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
    const auto next = take_datagram({buffer.data(), static_cast<std::size_t>(got)}, each);
    if (!next) return tl::unexpected(next.error());
    if (*next == Next::kDone) return {};
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

#include "io/port_claim.h"

#include <fmt/format.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <set>

#include "io/port_nature.h"

namespace wireproof {
namespace {

// How many runs may ask who holds a port before the answer is no longer known.
constexpr int kAskers = 4096;

struct Address {
  sockaddr_un socket{};
  socklen_t length = 0;
};

Address abstract_address(const std::string& name) {
  const std::string path = "wireproof/port/" + name;
  Address address;
  assert(path.size() + 1 <= sizeof address.socket.sun_path);
  address.socket.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), address.socket.sun_path + 1);  // behind a zero byte
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + path.size());
  return address;
}

const sockaddr* as_sockaddr(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address.socket);
}

UniqueFd stream_socket() {
  return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// 0: nobody, or somebody whom this process cannot see.
pid_t holder_of(const Address& address) {
  const UniqueFd socket = stream_socket();
  if (!socket || ::connect(socket.get(), as_sockaddr(address), address.length) != 0) return 0;
  ucred peer{};
  socklen_t length = sizeof peer;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return 0;
  return peer.pid;
}

// The interfaces of a PCI device whose kernel driver stays (mlx5).
std::vector<std::string> interfaces_of_pci(const std::string& address) {
  std::vector<std::string> names;
  if (address.empty()) return names;
  std::error_code error;
  const std::string device =
      std::count(address.begin(), address.end(), ':') == 1 ? "0000:" + address : address;
  for (const auto& entry :
       std::filesystem::directory_iterator("/sys/bus/pci/devices/" + device + "/net", error)) {
    names.push_back(entry.path().filename());
  }
  return names;
}

}  // namespace

Result<PortClaim> PortClaim::take(const std::string& name, const std::string& shown) {
  const Address address = abstract_address(name);
  UniqueFd socket = stream_socket();
  if (!socket) return PortClaim(UniqueFd());
  if (::bind(socket.get(), as_sockaddr(address), address.length) == 0) {
    static_cast<void>(::listen(socket.get(), kAskers));
    return PortClaim(std::move(socket));
  }
  if (errno != EADDRINUSE) return PortClaim(UniqueFd());
  const pid_t holder = holder_of(address);
  if (holder == getpid()) {
    return fail(ErrorKind::kPrecondition, fmt::format("{} is already a port of this run", shown),
                "name another port, or the same one in the same words", EADDRINUSE);
  }
  return fail(ErrorKind::kPrecondition,
              fmt::format("interface {} is in use by another run of this program{}", shown,
                          holder > 0 ? fmt::format(" (pid {})", holder) : ""),
              "let it finish, or choose another interface", EADDRINUSE);
}

Result<std::vector<PortClaim>> claim_port(const PortNature& port) {
  std::vector<PortClaim> claims;
  std::vector<std::string> names = port.interfaces;
  for (std::string& name : interfaces_of_pci(port.pci)) names.push_back(std::move(name));
  std::set<unsigned> indices;  // a port that names its interface twice is one port
  for (const std::string& name : names) {
    const unsigned index = if_nametoindex(name.c_str());
    if (index == 0 || !indices.insert(index).second) continue;  // unknown: the driver says so
    Result<PortClaim> claim = PortClaim::take(std::to_string(index), name);
    if (!claim) return tl::unexpected(claim.error());
    claims.push_back(std::move(*claim));
  }
  return claims;
}

}  // namespace wireproof

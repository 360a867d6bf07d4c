#include "socket.h"
#include "base/system_error.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_arp.h>
#include <linux/if_packet.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

namespace wireproof::af_packet {
namespace {

constexpr std::size_t kPageBytes = 4096;
// Larger blocks need physically contiguous memory that a long-running host may not have.
constexpr unsigned kSlotShiftMin = 6;

Status not_allowed(int error) {
  if (error == EPERM || error == EACCES) {
    return fail(ErrorKind::kPrecondition, "AF_PACKET needs the capability CAP_NET_RAW",
                "run as root, or: setcap cap_net_raw,cap_net_admin,cap_bpf+ep on the program",
                error);
  }
  return tl::unexpected(system_error("no AF_PACKET socket", error));
}

}  // namespace

Result<UniqueFd> raw_socket() {
  UniqueFd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (!socket) return tl::unexpected(not_allowed(errno).error());
  return socket;
}

namespace detail {
Status set_option(const UniqueFd& socket, int option, std::span<const std::byte> value,
                  const char* what) {
  if (setsockopt(socket.get(), SOL_PACKET, option, value.data(),
                 static_cast<socklen_t>(value.size())) == 0) {
    return {};
  }
  return tl::unexpected(system_error(fmt::format("the kernel refuses {}", what), errno));
}
}  // namespace detail

Status bind_to(const UniqueFd& socket, unsigned interface_index, std::uint16_t protocol) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(protocol);
  address.sll_ifindex = static_cast<int>(interface_index);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return tl::unexpected(system_error("cannot bind to the interface", errno));
  }
  socklen_t length = sizeof address;
  if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0 ||
      (address.sll_hatype != ARPHRD_ETHER && address.sll_hatype != ARPHRD_LOOPBACK)) {
    return fail(ErrorKind::kPrecondition, "the interface does not carry Ethernet frames",
                "use an Ethernet interface");
  }
  return {};
}

unsigned slot_shift_for(std::size_t bytes) {
  return std::max(kSlotShiftMin, static_cast<unsigned>(std::bit_width(bytes - 1)));
}

Result<RingMemory> RingMemory::map(const UniqueFd& socket, int option, const RingShape& shape) {
  const int version = TPACKET_V2;
  if (Status set = set_option(socket, PACKET_VERSION, version, "TPACKET_V2"); !set) {
    return tl::unexpected(set.error());
  }
  const std::size_t slot_bytes = std::size_t{1} << shape.slot_shift;
  const std::size_t block_bytes = std::max(kPageBytes, slot_bytes);
  tpacket_req request{};
  request.tp_block_size = static_cast<unsigned>(block_bytes);
  request.tp_block_nr = static_cast<unsigned>((shape.bytes() + block_bytes - 1) / block_bytes);
  request.tp_frame_size = static_cast<unsigned>(slot_bytes);
  request.tp_frame_nr = static_cast<unsigned>(request.tp_block_nr * (block_bytes / slot_bytes));
  const std::size_t total = std::size_t{request.tp_block_nr} * block_bytes;
  const auto no_memory = [&] {
    return tl::unexpected(Error{
        ErrorKind::kPrecondition,
        fmt::format("the kernel gives no ring of {} KiB: {}", total / 1024, std::strerror(errno)),
        "use fewer queues, a smaller receive ring or smaller frames, or raise ulimit -v", errno});
  };
  if (setsockopt(socket.get(), SOL_PACKET, option, &request, sizeof request) != 0) {
    return no_memory();
  }
  void* data =
      mmap(nullptr, total, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, socket.get(), 0);
  if (data == MAP_FAILED) return no_memory();
  RingMemory memory;
  memory.data_ = static_cast<std::uint8_t*>(data);
  memory.shape_ = {request.tp_frame_nr, shape.slot_shift};
  return memory;
}

RingMemory::RingMemory(RingMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), shape_(other.shape_) {}

RingMemory& RingMemory::operator=(RingMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(shape_, other.shape_);
  return *this;
}

RingMemory::~RingMemory() {
  if (data_ != nullptr) munmap(data_, shape_.bytes());
}

}  // namespace wireproof::af_packet

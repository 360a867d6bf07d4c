#include "io_uring/device.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/headers.h"
#include "base/unique_fd.h"
#include "io/interface_counts.h"
#include "io_uring/endpoint.h"
#include "io_uring/mmsg_queues.h"
#include "io_uring/ring_sender.h"
#include "io_uring/stack_drops.h"
#include "io_uring/udp_socket.h"

namespace wireproof::sockets {
namespace {

constexpr std::size_t kSendFrames = 512;
// What a full-size datagram costs the socket's buffer: the page fragment and sk_buff around it.
constexpr std::uint64_t kBufferBytesPerFrame = 2304;

class Queue {
 public:
  // Two open sockets, and the queues on them.
  [[nodiscard]] static Result<std::unique_ptr<Queue>> open(const IpEndpoint& endpoint,
                                                           Engine engine, const OpenSpec& spec);

  [[nodiscard]] Status connect(const IpEndpoint& peer, unsigned datagram_max) {
    return connect_sender(sending_.get(), peer, datagram_max);
  }
  // Since open, beyond the kernel's 32 bits.
  [[nodiscard]] Result<std::uint64_t> drops() {
    const Result<std::uint32_t> now = socket_drops(receiving_.get());
    if (!now) return tl::unexpected(now.error());
    drops_ += static_cast<std::uint32_t>(*now - drops_seen_);
    drops_seen_ = *now;
    return drops_;
  }
  [[nodiscard]] bool stamped() const { return stamped_; }  // the kernel stamps what arrives
  [[nodiscard]] TxQueue& sender() { return *sender_; }
  [[nodiscard]] MmsgReceiver& receiver() { return *receiver_; }
  [[nodiscard]] const SendCounts& counts() const { return counts_; }
  [[nodiscard]] const TxStamps* tx_stamps() const { return stamps_; }
  [[nodiscard]] std::uint16_t l4_port() const { return bound_port(receiving_.get()); }
  [[nodiscard]] std::uint16_t sending_l4_port() const { return bound_port(sending_.get()); }
  [[nodiscard]] std::uint64_t buffer_bytes() const {
    return receive_buffer_bytes(receiving_.get());
  }

 private:
  UniqueFd receiving_, sending_;
  bool stamped_ = false;
  SendCounts counts_;
  std::unique_ptr<TxQueue> sender_;
  const TxStamps* stamps_ = nullptr;  // in sender_; null: none
  std::unique_ptr<MmsgReceiver> receiver_;
  std::uint32_t drops_seen_ = 0;
  std::uint64_t drops_ = 0;
};

Result<std::unique_ptr<Queue>> Queue::open(const IpEndpoint& endpoint, Engine engine,
                                           const OpenSpec& spec) {
  auto queue = std::make_unique<Queue>();
  auto receiving = open_receiver(endpoint, spec.ring_frames * kBufferBytesPerFrame);
  if (!receiving) return tl::unexpected(receiving.error());
  queue->receiving_ = std::move(*receiving);
  auto sending = open_sender(endpoint.ip, spec.dscp, spec.ttl);
  if (!sending) return tl::unexpected(sending.error());
  queue->sending_ = std::move(*sending);
  const std::uint16_t capacity = spec.buffer_len_max;
  queue->receiver_ = std::make_unique<MmsgReceiver>(queue->receiving_.get(), spec.ring_frames,
                                                    capacity, *spec.clock);
  queue->stamped_ = stamp_arrivals(queue->receiving_.get());
  if (engine == Engine::kMmsg) {
    auto sender = std::make_unique<MmsgSender>(queue->sending_.get(), kSendFrames, capacity,
                                               queue->counts_, *spec.clock);
    queue->stamps_ = sender->stamps();
    queue->sender_ = std::move(sender);
    return queue;
  }
  auto ring = RingSender::make(queue->sending_.get(), kSendFrames, capacity, queue->counts_);
  if (!ring) return tl::unexpected(ring.error());
  queue->sender_ = std::move(*ring);
  return queue;
}

class Sockets final : public Device {
 public:
  Sockets(const SocketPort& port, const OpenSpec& spec, std::vector<std::unique_ptr<Queue>> queues);

  [[nodiscard]] const DeviceFacts& facts() const override { return facts_; }
  [[nodiscard]] Result<DeviceCounters> counters() override;
  [[nodiscard]] Status connect(const DeviceFacts& peer) override;
  [[nodiscard]] Result<MacAddress> resolve(const IpAddress& neighbour) override;
  [[nodiscard]] TxQueue& tx_queue(unsigned index) override { return queues_.at(index)->sender(); }
  [[nodiscard]] RxQueue& rx_queue(unsigned index) override { return queues_.at(index)->receiver(); }

 private:
  Status read_interface_into(DeviceCounters& counters);

  DeviceFacts facts_;
  std::vector<std::unique_ptr<Queue>> queues_;
  unsigned datagram_max_;
  // Of the interface that has the address; absent where none has (a route alone makes it local).
  std::optional<LinuxInterface> interface_;
  InterfaceCounts kernel_;
  StackDrops stack_;
};

Sockets::Sockets(const SocketPort& port, const OpenSpec& spec,
                 std::vector<std::unique_ptr<Queue>> queues)
    : queues_(std::move(queues)), datagram_max_(spec.buffer_len_max - unsigned{kEthernetLength}) {
  facts_.backend = "io_uring";
  facts_.device = port.device;
  facts_.layer = Layer::kUdpPayload;
  facts_.endpoint = {port.endpoint.ip, queues_.front()->l4_port()};
  for (const auto& queue : queues_) facts_.sending_l4_ports.push_back(queue->sending_l4_port());
  facts_.mode = port.engine == Engine::kMmsg ? "sendmmsg, recvmmsg" : "io_uring send, recvmmsg";
  const bool stamped = std::all_of(queues_.begin(), queues_.end(),
                                   [](const auto& queue) { return queue->stamped(); });
  facts_.rx_stamp = stamped ? "kernel" : "poll";
  facts_.queues = spec.queues;
  const Result<LinuxInterface> found = interface_of(port.endpoint.ip);
  if (found && kernel_.begin(*found)) interface_ = *found;
  stack_.begin(port.endpoint.ip.v6);
}

// Sockets outlive their address: a link that went, and an address that was taken away, only the
// interface knows of.
Status Sockets::read_interface_into(DeviceCounters& counters) {
  counters.rx_nic_dropped = 0;
  if (!interface_) return {};
  const Result<InterfaceTotals> now = kernel_.read();
  if (!now) return tl::unexpected(now.error());
  if (!has_address(*interface_, facts_.endpoint.ip)) {
    return fail(ErrorKind::kPrecondition,
                fmt::format("the address {} is gone from {}", format_ip(facts_.endpoint.ip),
                            interface_->name),
                "give it back and run again", EADDRNOTAVAIL);
  }
  // All that the loopback interface drops was to be received here; another one's rx_dropped has
  // frames of others that nobody listens for among it.
  counters.rx_nic_dropped = now->rx_missed + (interface_->loopback ? now->rx_dropped : 0);
  counters.link_up = now->link_up;
  counters.link_downs = now->link_downs;
  counters.times_back = now->times_back;
  if (now->xdp_program != 0) {
    counters.rx_blind =
        fmt::format("XDP program {} runs on {} before the socket and may take frames",
                    now->xdp_program, interface_->name);
  }
  return {};
}

Result<DeviceCounters> Sockets::counters() {
  DeviceCounters counters;
  if (const Status read = read_interface_into(counters); !read) return tl::unexpected(read.error());
  std::uint64_t dropped = 0, full = 0, buffer = 0, too_long = 0, refused = 0, truncated = 0;
  for (const auto& queue : queues_) {
    const Result<std::uint64_t> drops = queue->drops();
    if (!drops) return tl::unexpected(drops.error());
    full += *drops;
    dropped += queue->counts().dropped.get();
    too_long += queue->counts().too_long.get();
    refused += queue->counts().refused.get();
    truncated += queue->receiver().truncated.get();
    buffer += queue->buffer_bytes();
  }
  std::vector<const TxStamps*> stamps;
  for (const auto& queue : queues_) {
    if (queue->tx_stamps() != nullptr) stamps.push_back(queue->tx_stamps());
  }
  if (!stamps.empty()) counters.tx_stamps = TxStamps::sum(stamps);
  const std::uint64_t in_stack = stack_.read();
  counters.tx_dropped = dropped;
  counters.rx_ring_dropped = full;
  *counters.rx_nic_dropped += in_stack;
  counters.detail = {{"tx_too_long", too_long},
                     {"tx_refused_by_peer", refused},
                     {"rx_truncated", truncated},
                     {"rx_ip_dropped", in_stack},
                     {"rx_buffer_bytes", buffer}};
  return counters;
}

Status Sockets::connect(const DeviceFacts& peer) {
  if (peer.layer != Layer::kUdpPayload || peer.endpoint.ip.v6 != facts_.endpoint.ip.v6) {
    return fail(
        ErrorKind::kUsage,
        fmt::format("sockets at {} cannot send to {}:{}", facts_.device, peer.backend, peer.device),
        "give both ports the io_uring backend and addresses of one family");
  }
  for (unsigned i = 0; i < queues_.size(); ++i) {
    // A peer of fewer queues gets the rest on its first ones.
    const IpEndpoint to{peer.endpoint.ip,
                        static_cast<std::uint16_t>(peer.endpoint.l4_port + i % peer.queues)};
    if (Status status = queues_[i]->connect(to, datagram_max_); !status) return status;
  }
  return {};
}

Result<MacAddress> Sockets::resolve(const IpAddress& /*neighbour*/) {
  return fail(ErrorKind::kUsage, "the kernel resolves the neighbours of a socket",
              "leave the next hop out, or use a backend that owns the headers (af_xdp, af_packet)");
}

Result<std::vector<std::unique_ptr<Queue>>> open_run(const SocketPort& port, const OpenSpec& spec) {
  std::vector<std::unique_ptr<Queue>> queues;
  IpEndpoint next = port.endpoint;
  for (unsigned i = 0; i < spec.queues; ++i) {
    auto queue = Queue::open(next, port.engine, spec);
    if (!queue) return tl::unexpected(queue.error());
    next.l4_port = static_cast<std::uint16_t>((*queue)->l4_port() + 1);
    queues.push_back(std::move(*queue));
  }
  return queues;
}

}  // namespace

// Where the kernel chooses the first port, the ones behind it may be taken: choose again.
Result<std::unique_ptr<Device>> open_sockets(const SocketPort& port, const OpenSpec& spec) {
  constexpr int kTries = 16;
  for (int left = port.endpoint.l4_port == 0 ? kTries : 1;; --left) {
    auto queues = open_run(port, spec);
    if (queues) return std::make_unique<Sockets>(port, spec, std::move(*queues));
    if (left <= 1 || queues.error().errno_value != EADDRINUSE) {
      return tl::unexpected(queues.error());
    }
  }
}

}  // namespace wireproof::sockets

#include "af_xdp/device.h"
#include "base/system_error.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

namespace wireproof::af_xdp {
namespace {

struct SocketTotals {
  std::uint64_t tx_invalid = 0;
  std::uint64_t rx_dropped = 0;
};

Status check_queues(const LinuxInterface& interface, unsigned wanted) {
  const unsigned pairs = std::min(interface.rx_queues, interface.tx_queues);
  if (wanted >= 1 && wanted <= pairs) return {};
  return fail(ErrorKind::kPrecondition,
              fmt::format("{} queues are asked for, and interface {} has {} for receiving and {} "
                          "for sending",
                          wanted, interface.name, interface.rx_queues, interface.tx_queues),
              fmt::format("ask for at most {}, or raise them with 'ethtool -L {} combined {}'",
                          pairs, interface.name, wanted));
}

// The least that the rings allow: these sockets only receive.
constexpr std::uint32_t kUnusedTxFrames = 64;

// Frames missing for want of room, counted once each. In copy mode a frame that finds no empty
// chunk counts in rx_dropped and in rx_fill_ring_empty_descs; one that finds the ring full counts
// in rx_ring_full alone.
std::uint64_t frames_dropped(const xdp_statistics& statistics) {
  return statistics.rx_dropped + statistics.rx_ring_full;
}

// veth_xdp_rcv_skb adds a frame that its socket had no room for to the interface's rx_dropped: the
// same frame that the socket counts.
bool counts_failed_redirects(const LinuxInterface& interface, bool native) {
  return native && interface.driver == "veth";
}

}  // namespace

Result<std::unique_ptr<Device>> XdpDevice::open(const std::string& name, const Options& options,
                                                const OpenSpec& spec) {
  Result<LinuxInterface> interface = usable_interface(name, spec.buffer_len_max, spec.tagged);
  if (!interface) return tl::unexpected(interface.error());
  if (const Status enough = check_queues(*interface, spec.queues); !enough) {
    return tl::unexpected(enough.error());
  }
  auto program =
      SteerProgram::open(spec.steering, *interface, options.attach, options.hints, spec.stop);
  if (!program) return tl::unexpected(program.error());
  std::unique_ptr<XdpDevice> device(new XdpDevice(std::move(*interface), question_from(spec)));
  device->program_ = std::move(*program);
  Status status = device->open_queues(options, spec);
  if (status && spec.steering.everything) status = device->receive_all_macs();
  if (status) status = device->wait_for_link();
  if (status) status = device->begin_counting();
  if (!status) return tl::unexpected(status.error());
  device->state_facts(spec);
  return device;
}

Status XdpDevice::open_queues(const Options& options, const OpenSpec& spec) {
  const Result<UmemLayout> layout = plan_umem(spec.buffer_len_max, spec.ring_frames);
  if (!layout) return tl::unexpected(layout.error());
  const unsigned sockets = interface_.rx_queues;
  for (unsigned index = 0; index < sockets; ++index) {
    UmemLayout here = *layout;
    if (index >= spec.queues) here.tx_frames = kUnusedTxFrames;
    auto socket = Socket::open({.interface = interface_.name,
                                .queue = index,
                                .queues = sockets,
                                .layout = here,
                                .zero_copy = options.zero_copy,
                                .native = program_->native(),
                                .stop = spec.stop});
    if (!socket) return tl::unexpected(socket.error());
    QueuePair& pair = queues_.emplace_back();
    pair.socket = std::move(*socket);
    pair.tx = std::make_unique<XdpTxQueue>(*pair.socket);
    pair.rx = std::make_unique<XdpRxQueue>(*pair.socket, *spec.clock, program_->hints());
    if (Status added = program_->add_socket(index, pair.socket->fd()); !added) return added;
  }
  share_out(spec.queues);
  return {};
}

// The i-th queue that was asked for reads the interface's i-th and every `queues`-th behind it.
void XdpDevice::share_out(unsigned queues) {
  for (unsigned index = 0; index < queues; ++index) {
    std::vector<XdpRxQueue*> members;
    for (std::size_t i = index; i < queues_.size(); i += queues) {
      members.push_back(queues_[i].rx.get());
    }
    if (members.size() == 1) {
      rx_.push_back(members.front());
    } else {
      rx_.push_back(turns_.emplace_back(std::make_unique<XdpRxTurns>(std::move(members))).get());
    }
  }
}

// A bump in the wire takes frames for any address. Asked for by a packet socket that receives
// nothing itself: the kernel undoes it when the socket closes.
Status XdpDevice::receive_all_macs() {
  promiscuous_ = UniqueFd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  packet_mreq request{};
  request.mr_ifindex = static_cast<int>(interface_.index);
  request.mr_type = PACKET_MR_PROMISC;
  if (!promiscuous_ || setsockopt(promiscuous_.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request,
                                  sizeof request) != 0) {
    return tl::unexpected(
        system_error(fmt::format("cannot make {} promiscuous", interface_.name), errno));
  }
  return {};
}

// Many drivers restart the port when an XDP program or a zero-copy socket arrives.
Status XdpDevice::wait_for_link() const {
  using namespace std::chrono_literals;
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    const Result<InterfaceStatistics> now = read_statistics(interface_);
    if (!now) return tl::unexpected(now.error());
    if (now->carrier) return {};
    if (stop_asked(question_.stop)) {
      return stopped_while(fmt::format("waiting for the carrier of {}", interface_.name));
    }
    std::this_thread::sleep_for(100ms);
  }
  return fail(ErrorKind::kPrecondition,
              fmt::format("interface {} lost its carrier when AF_XDP was opened on it and did not "
                          "regain it in 10 s",
                          interface_.name),
              "check the cable, or use the af_packet backend", ENETDOWN);
}

Status XdpDevice::begin_counting() {
  steer_at_open_ = program_->counts();
  return kernel_.begin(interface_);
}

void XdpDevice::state_facts(const OpenSpec& spec) {
  facts_.backend = "af_xdp";
  facts_.device = interface_.name;
  facts_.layer = Layer::kL2;
  facts_.mac = interface_.mac;
  facts_.mtu = interface_.mtu;
  facts_.line_rate_bps = interface_.speed_bps;
  facts_.numa_node = interface_.numa_node;
  facts_.kernel_driver = interface_.driver;
  const bool zero_copy = std::all_of(queues_.begin(), queues_.end(), [](const QueuePair& pair) {
    return pair.socket->zero_copy();
  });
  facts_.mode = fmt::format("{}, {} xdp", zero_copy ? "zero-copy" : "copy",
                            program_->native() ? "native" : "generic");
  facts_.rx_stamp = "xdp";
  facts_.queues = spec.queues;
  facts_.ends_apart = true;
  facts_.rx_spread = static_cast<unsigned>(queues_.size());
  if (spec.queues < queues_.size()) {
    facts_.notes.push_back(fmt::format(
        "all {} receive queues of {} are read, for {} that {} asked for", queues_.size(),
        interface_.name, spec.queues, spec.queues == 1 ? "was" : "were"));
  }
  if (!program_->native()) {
    facts_.notes.push_back(
        fmt::format("XDP runs behind the driver of {} (generic mode): slower, always copying",
                    interface_.name));
  }
}

// The kernel's own first, so that what explains a frame of them is there when it is looked for.
Result<DeviceCounters> XdpDevice::counters() {
  const Result<InterfaceTotals> now = kernel_.read();
  if (!now) return tl::unexpected(now.error());
  DeviceCounters counters;
  SocketTotals totals;
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    const xdp_statistics queue = queues_[i].socket->statistics();
    totals.tx_invalid += queue.tx_invalid_descs;
    totals.rx_dropped += frames_dropped(queue);
    const auto detail = [&](std::string_view name, std::uint64_t value) {
      counters.detail.emplace_back(fmt::format("xsk{}_{}", i, name), value);
    };
    detail("rx_dropped", queue.rx_dropped);
    detail("rx_ring_full", queue.rx_ring_full);
    detail("rx_fill_ring_empty_descs", queue.rx_fill_ring_empty_descs);
    detail("tx_invalid_descs", queue.tx_invalid_descs);
    detail("tx_ring_empty_descs", queue.tx_ring_empty_descs);
  }
  const SteerCounts steer = program_->counts();
  const std::uint64_t no_socket = steer.no_socket - steer_at_open_.no_socket;
  const std::uint64_t stamp_refused = steer.stamp_refused - steer_at_open_.stamp_refused;
  counters.detail.emplace_back("steer_no_socket", no_socket);
  const std::uint64_t unheard = steer.unheard - steer_at_open_.unheard;
  counters.detail.emplace_back("steer_stamp_refused", stamp_refused);
  counters.detail.emplace_back("steer_unheard", unheard);
  if (program_->hints()) {
    std::uint64_t hinted = 0;
    for (const QueuePair& pair : queues_) hinted += pair.rx->hinted.get();
    counters.detail.emplace_back("rx_hinted", hinted);
    if (hinted > 0) facts_.rx_stamp = "xdp_hint";
  }
  if (stamp_refused > 0) facts_.rx_stamp = "poll";
  counters.tx_dropped = now->tx_dropped + totals.tx_invalid;
  counters.rx_ring_dropped = totals.rx_dropped;
  const bool twice = counts_failed_redirects(interface_, program_->native());
  rx_dropped_.step(now->rx_dropped_growth,
                   explained_.read(unheard + (twice ? totals.rx_dropped : 0)));
  counters.rx_nic_dropped = rx_dropped_.total() + now->rx_missed + no_socket;
  counters.link_up = facts_.link_up = now->link_up;
  counters.link_downs = now->link_downs;
  counters.times_back = now->times_back;
  return counters;
}

}  // namespace wireproof::af_xdp

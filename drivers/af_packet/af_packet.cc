#include "af_packet/af_packet.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <exception>
#include <thread>
#include <vector>

#include "base/nearest.h"
#include "base/units.h"
#include "guard.h"
#include "io/interface_counts.h"
#include "io/linux_interface.h"
#include "packet_filter.h"
#include "rx_ring.h"
#include "socket.h"
#include "tx_ring.h"

namespace wireproof {
namespace af_packet {
namespace {

// Each queue is two sockets and two rings; more than this is a mistake, not a wish.
constexpr unsigned kQueuesMax = 64;
constexpr std::uint16_t kBufferLenMin = 60;
constexpr std::uint16_t kBufferLenMax = 9014;  // 16 KiB slots: the kernel finds no larger blocks

enum class GuardWish { kAny, kTcx, kClsact, kOff };

struct Options {
  GuardWish guard = GuardWish::kAny;
  bool promiscuous = false;
};

tl::unexpected<Error> bad_value(const std::string& key, const std::string& value,
                                const std::vector<std::string>& known) {
  return fail(ErrorKind::kUsage,
              fmt::format("af_packet: {}={} is not one of {}", key, value, fmt::join(known, ", ")),
              did_you_mean(value, known));
}

Result<Options> parse_options(const PortSpec& port) {
  static const std::vector<std::string> kKnown{"guard", "promiscuous"};
  static const std::vector<std::string> kGuards{"tcx", "clsact", "off"};
  Options options;
  for (const auto& [key, value] : port.options) {
    if (key == "guard") {
      const auto found = std::find(kGuards.begin(), kGuards.end(), value);
      if (found == kGuards.end()) return bad_value(key, value, kGuards);
      constexpr std::array kWishes{GuardWish::kTcx, GuardWish::kClsact, GuardWish::kOff};
      options.guard = kWishes[static_cast<std::size_t>(found - kGuards.begin())];
    } else if (key == "promiscuous") {
      if (value != "on" && value != "off") return bad_value(key, value, {"on", "off"});
      options.promiscuous = value == "on";
    } else {
      return fail(ErrorKind::kUsage, "af_packet has no option " + quote(key),
                  did_you_mean(key, kKnown));
    }
  }
  return options;
}

Status check_spec(const OpenSpec& spec) {
  assert(spec.clock != nullptr && spec.steering.destinations.size() <= Steering::kMaxDestinations);
  if (spec.queues == 0 || spec.queues > kQueuesMax) {
    return fail(ErrorKind::kUsage,
                fmt::format("af_packet opens 1 to {} queues, not {}", kQueuesMax, spec.queues));
  }
  if (!std::has_single_bit(spec.ring_frames)) {
    return fail(ErrorKind::kUsage,
                fmt::format("a ring of {} frames: not a power of two", spec.ring_frames));
  }
  if (spec.buffer_len_max < kBufferLenMin || spec.buffer_len_max > kBufferLenMax) {
    return fail(ErrorKind::kUsage,
                fmt::format("af_packet carries frames of {} to {} bytes, not {}", kBufferLenMin + 4,
                            kBufferLenMax + 4, spec.buffer_len_max + 4));
  }
  return {};
}

// The guard that was granted; none, with a note, where none was insisted on.
Result<std::unique_ptr<Guard>> arm(GuardWish wish, const LinuxInterface& interface,
                                   const Steering& steering, std::vector<std::string>& notes) {
  if (wish == GuardWish::kOff) {
    notes.push_back("guard=off: this host's IP stack also receives the test frames");
    return std::unique_ptr<Guard>();
  }
  if (wish == GuardWish::kTcx) return arm_tcx(interface, steering);
  if (wish == GuardWish::kClsact) return arm_clsact(interface, steering);
  Result<std::unique_ptr<Guard>> guard = arm_tcx(interface, steering);
  if (!guard) guard = arm_clsact(interface, steering);
  if (guard) return guard;
  notes.push_back(
      fmt::format("this host's IP stack also receives the test frames: {}", guard.error().message));
  return std::unique_ptr<Guard>();
}

class AfPacketDevice final : public Device {
 public:
  static Result<std::unique_ptr<Device>> open(const PortSpec& port, const Options& options,
                                              const OpenSpec& spec) {
    const Result<LinuxInterface> interface =
        usable_interface(port.device, spec.buffer_len_max, spec.tagged);
    if (!interface) return tl::unexpected(interface.error());
    std::unique_ptr<AfPacketDevice> device(new AfPacketDevice(*interface, question_from(spec)));
    Status ready = device->open_queues(spec, options);
    if (ready) ready = device->start(options, spec);
    if (!ready) return tl::unexpected(ready.error());
    return device;
  }

  ~AfPacketDevice() override;
  AfPacketDevice(const AfPacketDevice&) = delete;
  AfPacketDevice& operator=(const AfPacketDevice&) = delete;

  const DeviceFacts& facts() const override { return facts_; }
  Result<DeviceCounters> counters() override;
  Status connect(const DeviceFacts&) override { return {}; }
  Result<MacAddress> resolve(const IpAddress& neighbour) override {
    return resolve_neighbour(interface_, neighbour, question_);
  }
  void also_take(const PayloadMark& mark) override;
  TxQueue& tx_queue(unsigned index) override { return *tx_.at(index); }
  RxQueue& rx_queue(unsigned index) override { return *rx_.at(index); }

 private:
  AfPacketDevice(const LinuxInterface& interface, const NeighbourQuestion& question)
      : interface_(interface), question_(question) {}
  Status open_queues(const OpenSpec& spec, const Options& options);
  Status start(const Options& options, const OpenSpec& spec);
  void describe(const OpenSpec& spec, std::uint32_t xdp_program);

  LinuxInterface interface_;
  NeighbourQuestion question_;
  DeviceFacts facts_;
  Steering steering_;
  InterfaceCounts kernel_;
  Counter unheard_, retried_;
  Unexplained tx_dropped_, rx_dropped_;
  std::unique_ptr<Guard> guard_;
  std::vector<std::unique_ptr<TxRing>> tx_;
  std::vector<std::unique_ptr<RxRing>> rx_;
};

// In the closing of each the kernel waits until no CPU can hold it any more (RCU): tens of
// milliseconds for one, and no longer for all of them at once.
AfPacketDevice::~AfPacketDevice() {
  std::vector<std::jthread> closing;
  const auto close = [&closing](auto& one) {
    closing.emplace_back([mine = std::move(one)]() mutable { mine.reset(); });
  };
  try {
    for (auto& queue : rx_) close(queue);
    for (auto& queue : tx_) close(queue);
    close(guard_);
  } catch (const std::exception&) {  // no thread for it: the rest one after the other
  }
}

Status AfPacketDevice::open_queues(const OpenSpec& spec, const Options& options) {
  std::optional<std::uint16_t> group;
  for (unsigned i = 0; i < spec.queues; ++i) {
    auto tx = TxRing::open(interface_, spec);
    if (!tx) return tl::unexpected(tx.error());
    tx_.push_back(std::move(*tx));
    auto rx = RxRing::open(interface_, spec);
    if (!rx) return tl::unexpected(rx.error());
    rx_.push_back(std::move(*rx));
    if (spec.queues > 1) {
      const auto joined = rx_.back()->join_fanout(group);
      if (!joined) return tl::unexpected(joined.error());
      group = *joined;
    }
  }
  if (options.promiscuous || spec.steering.everything) {
    return rx_.front()->join_promiscuous(interface_);
  }
  return {};
}

// The guard first, so that none of our frames climbs; then the rings are let loose together.
Status AfPacketDevice::start(const Options& options, const OpenSpec& spec) {
  auto guard = arm(options.guard, interface_, spec.steering, facts_.notes);
  if (!guard) return tl::unexpected(guard.error());
  guard_ = std::move(*guard);
  if (Status counting = kernel_.begin(interface_); !counting) return counting;
  unheard_.begin(guard_ ? guard_->unheard() : 0);
  const Result<InterfaceTotals> now = kernel_.read();
  if (!now) return tl::unexpected(now.error());
  describe(spec, now->xdp_program);
  steering_ = spec.steering;
  const std::vector<sock_filter> filter = steering_filter(spec.steering);
  for (const auto& queue : rx_) {
    if (Status admitted = queue->admit(filter); !admitted) return admitted;
  }
  return {};
}

// A copy for us; the guard does not know of it, and the host keeps its own. The kernel has taken a
// filter of this kind before, so all that can fail is a lack of memory, and the old one then stays.
void AfPacketDevice::also_take(const PayloadMark& mark) {
  const std::vector<sock_filter> filter = steering_filter(steering_, mark);
  for (const auto& queue : rx_) static_cast<void>(queue->admit(filter));
}

void AfPacketDevice::describe(const OpenSpec& spec, std::uint32_t xdp_program) {
  if (xdp_program != 0) {
    facts_.notes.push_back(fmt::format(
        "XDP program {} runs on {} before af_packet: frames that do not come back cannot be "
        "attributed (see 'bpftool prog show id {}', remove it with 'ip link set {} xdp off')",
        xdp_program, interface_.name, xdp_program, interface_.name));
  }
  facts_.backend = "af_packet";
  facts_.device = interface_.name;
  facts_.mac = interface_.mac;
  facts_.mtu = interface_.mtu;
  facts_.line_rate_bps = interface_.speed_bps;
  facts_.numa_node = interface_.numa_node;
  facts_.kernel_driver = interface_.driver;
  facts_.mode = fmt::format("ring v2, guard {}", guard_ ? guard_->kind() : "off");
  facts_.rx_stamp = "kernel";
  facts_.queues = spec.queues;
  facts_.ends_apart = true;
  facts_.rx_spread = std::max(spec.queues, interface_.rx_queues);
}

// The kernel's own first, so that what explains a frame of them is there when it is looked for.
Result<DeviceCounters> AfPacketDevice::counters() {
  const Result<InterfaceTotals> now = kernel_.read();
  if (!now) return tl::unexpected(now.error());
  DeviceCounters counters;
  std::uint64_t refused = 0, retried = 0, full = 0;
  for (const auto& queue : tx_) {
    refused += queue->refused();
    retried += queue->retried();
  }
  for (const auto& queue : rx_) full += queue->dropped();
  std::vector<const TxStamps*> stamps;
  for (const auto& queue : tx_) {
    if (queue->stamps() != nullptr) stamps.push_back(queue->stamps());
  }
  if (!stamps.empty()) counters.tx_stamps = TxStamps::sum(stamps);
  // A virtual interface (veth, tun) counts each frame it cannot take as dropped and says so at
  // once; the ring kept the frame and sent it again, so it was not lost. A NIC whose ring is full
  // says so without counting.
  const std::uint64_t sent_again = retried_.read(retried);
  tx_dropped_.step(now->tx_dropped_growth, interface_.hardware ? 0 : sent_again);
  // What nobody listens for the kernel counts as dropped as well.
  rx_dropped_.step(now->rx_dropped_growth, unheard_.read(guard_ ? guard_->unheard() : 0));
  counters.tx_dropped = refused + tx_dropped_.total();
  counters.rx_ring_dropped = full;
  counters.rx_nic_dropped = now->rx_missed + rx_dropped_.total();
  counters.link_up = facts_.link_up = now->link_up;
  counters.link_downs = now->link_downs;
  counters.times_back = now->times_back;
  if (now->xdp_program != 0) {
    counters.rx_blind =
        fmt::format("XDP program {} runs on {} before af_packet and may take frames",
                    now->xdp_program, interface_.name);
  }
  counters.detail = {{"tx_packets", now->tx_packets},
                     {"tx_dropped", now->tx_dropped},
                     {"tx_errors", now->tx_errors},
                     {"tx_retried", retried},
                     {"tx_refused", refused},
                     {"rx_packets", now->rx_packets},
                     {"rx_dropped", now->rx_dropped},
                     {"rx_unheard", unheard_.total()},
                     {"rx_missed_errors", now->rx_missed}};
  return counters;
}

class AfPacketBackend final : public Backend {
 public:
  std::string_view name() const override { return "af_packet"; }
  std::string_view summary() const override {
    return "raw frames over any Linux network interface (AF_PACKET rings)";
  }
  Probe probe() const override {
    const auto socket = raw_socket();
    if (socket) return {.usable = true};
    return {.usable = false, .reason = socket.error().message, .cure = socket.error().hint};
  }
  bool opens_interfaces() const override { return true; }
  Status check(const PortSpec& port, const OpenSpec& spec) const override {
    const Result<Options> options = parse_options(port);
    if (!options) return tl::unexpected(options.error());
    if (Status good = check_spec(spec); !good) return good;
    const auto interface = usable_interface(port.device, spec.buffer_len_max, spec.tagged);
    return interface ? Status() : tl::unexpected(interface.error());
  }
  Result<std::unique_ptr<Device>> open(const PortSpec& port, const OpenSpec& spec) override {
    if (Status good = check(port, spec); !good) return tl::unexpected(good.error());
    const Result<Options> options = parse_options(port);
    return AfPacketDevice::open(port, *options, spec);
  }
};

}  // namespace
}  // namespace af_packet

std::unique_ptr<Backend> make_af_packet_backend() {
  return std::make_unique<af_packet::AfPacketBackend>();
}

}  // namespace wireproof

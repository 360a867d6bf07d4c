#include "loopback/loopback.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "base/nearest.h"
#include "base/units.h"
#include "io/wire_options.h"
#include "loopback/lane.h"
#include "loopback/queues.h"

namespace wireproof {
namespace loopback {
namespace {

constexpr std::size_t kBorrowRoom = 1024;  // frames the sender can hold while all rings are full
constexpr std::size_t kUnderWayMost = 65'536;  // frames inside the wire's delay and queue
constexpr double kUnratedFps = 2e6;            // what a delay without a rate makes room for

struct End {
  std::string wire;      // "" or "7"
  std::size_t side = 0;  // 0: a, 1: b
};

Result<End> parse_end(const std::string& device) {
  const std::string number = device.empty() ? "" : device.substr(1);
  const bool digits = number.find_first_not_of("0123456789") == std::string::npos;
  const bool plain = digits && number.size() <= 2 && (number.empty() || number[0] != '0');
  if (device.empty() || (device[0] != 'a' && device[0] != 'b') || !plain) {
    return fail(ErrorKind::kUsage, "loopback has no end " + quote(device),
                "a and b are the two ends of one wire, a1 and b1 of another, up to a99 and b99");
  }
  return End{number, device[0] == 'a' ? std::size_t{0} : std::size_t{1}};
}

MacAddress mac_of(const End& end, std::size_t side) {
  const auto wire = static_cast<std::uint8_t>(end.wire.empty() ? 0 : std::stoi(end.wire));
  return {{0x02, 0x77, 0x70, 0, wire, static_cast<std::uint8_t>(side == 0 ? 0x0a : 0x0b)}};
}

// The share of one of `queues` lanes.
WireSpec lane_spec(const WireSpec& wire, unsigned queues, unsigned index) {
  WireSpec lane = wire;
  lane.rate_fps = wire.rate_fps / queues;
  lane.queue_frames = (wire.queue_frames + queues - 1) / queues;
  lane.seed = wire.seed + index * 0x9e3779b97f4a7c15ull;
  return lane;
}

std::size_t under_way(const WireSpec& wire) {
  // A soft queue is as long in time, and holds as many as come meanwhile.
  const bool soft = wire.rate_fps > 0 && wire.excess_loss < 1;
  const double fps = wire.rate_fps > 0 && !soft ? wire.rate_fps : kUnratedFps;
  const double delayed = std::ceil(static_cast<double>(wire.delay + wire.jitter) / 1e9 * fps);
  const double fuller = soft ? std::max(1.0, fps / wire.rate_fps) : 1.0;
  const double queued = wire.rate_fps > 0 ? (wire.queue_frames + 1.0) * fuller : 0;
  const double held = wire.reorder > 0 ? wire.reorder_by / (1.0 - std::min(wire.reorder, 0.99)) : 0;
  return static_cast<std::size_t>(std::min(delayed + queued + held, double{kUnderWayMost}));
}

class Port final : public Device {
 public:
  Port(std::shared_ptr<Wire> wire, End end, const PortSpec& port, const OpenSpec& spec,
       const WireSpec& impairment);
  ~Port() override;

  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  [[nodiscard]] const DeviceFacts& facts() const override { return facts_; }
  [[nodiscard]] Result<DeviceCounters> counters() override;
  [[nodiscard]] Status connect(const DeviceFacts& peer) override;
  // There is one neighbour, whatever its address: the other end.
  [[nodiscard]] Result<MacAddress> resolve(const IpAddress& /*neighbour*/) override {
    return mac_of(end_, 1 - end_.side);
  }
  void also_take(const PayloadMark& mark) override {
    for (const auto& receiver : receivers_) receiver->also_take(mark);
  }
  [[nodiscard]] TxQueue& tx_queue(unsigned index) override { return *senders_.at(index); }
  [[nodiscard]] RxQueue& rx_queue(unsigned index) override { return *receivers_.at(index); }

 private:
  [[nodiscard]] DeviceCounters read() const;

  std::shared_ptr<Wire> wire_;
  End end_;
  DeviceFacts facts_;
  std::vector<std::unique_ptr<Sender>> senders_;
  std::vector<std::unique_ptr<Receiver>> receivers_;
  DeviceCounters at_open_;
};

Port::Port(std::shared_ptr<Wire> wire, End end, const PortSpec& port, const OpenSpec& spec,
           const WireSpec& impairment)
    : wire_(std::move(wire)), end_(std::move(end)) {
  wire_->open[end_.side] = true;
  at_open_ = read();
  facts_.backend = "loopback";
  facts_.device = port.device;
  facts_.mac = mac_of(end_, end_.side);
  facts_.mode = is_clean(impairment) ? "memory" : "memory, impaired";
  facts_.rx_stamp = "wire";
  facts_.queues = spec.queues;
  Wire::Direction& out = wire_->from[end_.side];
  Wire::Direction& in = wire_->from[1 - end_.side];
  if (!wire_->open[1 - end_.side]) {
    for (Lane& lane : out.lanes) lane.channel.store(nullptr, std::memory_order_relaxed);
    out.channels.clear();
  }
  for (unsigned i = 0; i < spec.queues; ++i) {
    const WireSpec lane = lane_spec(impairment, spec.queues, i);
    // Both rings full, the wire full, and still something to borrow: a receiver that sleeps shows
    // as drops of its ring, not as a sender without buffers.
    const std::size_t frames = 2 * std::size_t{spec.ring_frames} + under_way(lane) + kBorrowRoom;
    const std::size_t spare = impairment.duplicate > 0 ? frames : 0;
    out.channels.push_back(std::make_unique<Channel>(lane, frames, spare, spec.buffer_len_max));
    out.lanes[i].channel.store(out.channels.back().get(), std::memory_order_release);
    senders_.push_back(std::make_unique<Sender>(out.lanes[i], *out.channels.back(), *spec.clock));
    receivers_.push_back(
        std::make_unique<Receiver>(in.lanes[i], spec.steering, spec.ring_frames, *spec.clock));
  }
}

Port::~Port() {
  receivers_.clear();
  senders_.clear();
  wire_->open[end_.side] = false;
}

Status Port::connect(const DeviceFacts& peer) {
  const std::string other = (end_.side == 0 ? "b" : "a") + end_.wire;
  if (peer.backend == facts_.backend && peer.device == other) return {};
  return fail(ErrorKind::kUsage,
              fmt::format("loopback:{} and {}:{} are not the two ends of one wire", facts_.device,
                          peer.backend, peer.device),
              fmt::format("the other end of loopback:{} is loopback:{}", facts_.device, other));
}

// Since the wire was made.
DeviceCounters Port::read() const {
  std::uint64_t ring_dropped = 0;
  std::uint64_t no_receiver = 0, lost = 0, queue_full = 0, duplicated = 0, corrupted = 0, held = 0;
  std::uint64_t steered_away = 0;
  for (const Lane& lane : wire_->from[1 - end_.side].lanes) {
    ring_dropped += lane.sender.ring_dropped.get() + lane.receiver.copies_dropped.get();
    steered_away += lane.receiver.steered_away.get();
  }
  for (const Lane& lane : wire_->from[end_.side].lanes) {
    no_receiver += lane.sender.no_receiver.get();
    lost += lane.receiver.lost.get();
    queue_full += lane.receiver.queue_full.get();
    duplicated += lane.receiver.duplicated.get();
    corrupted += lane.receiver.corrupted.get();
    held += lane.receiver.held.get();
  }
  DeviceCounters counters;
  counters.tx_dropped = 0;
  counters.rx_ring_dropped = ring_dropped;
  counters.rx_nic_dropped = 0;
  counters.detail = {{"no_receiver", no_receiver},     {"wire_lost", lost},
                     {"wire_queue_full", queue_full},  {"wire_duplicated", duplicated},
                     {"wire_corrupted", corrupted},    {"wire_held", held},
                     {"rx_steered_away", steered_away}};
  return counters;
}

Result<DeviceCounters> Port::counters() {
  DeviceCounters now = read();
  *now.rx_ring_dropped -= *at_open_.rx_ring_dropped;
  for (std::size_t i = 0; i < now.detail.size(); ++i) {
    now.detail[i].second -= at_open_.detail[i].second;
  }
  return now;
}

class Loopback final : public Backend {
 public:
  [[nodiscard]] std::string_view name() const override { return "loopback"; }
  [[nodiscard]] std::string_view summary() const override {
    return "a wire in memory with settable loss, delay, order and rate; no privilege, no NIC";
  }
  [[nodiscard]] Probe probe() const override { return {.usable = true}; }
  [[nodiscard]] PortNature nature(const PortSpec& port) const override {
    const char* other = port.device.starts_with('a') ? "b" : "a";
    return {.reach = PortNature::Reach::kPartner,
            .partner = port.device.empty() ? other : other + port.device.substr(1)};
  }
  [[nodiscard]] Status check(const PortSpec& port, const OpenSpec& spec) const override;
  [[nodiscard]] Result<std::unique_ptr<Device>> open(const PortSpec& port,
                                                     const OpenSpec& spec) override;

 private:
  std::map<std::string, std::weak_ptr<Wire>> wires_;
};

Status Loopback::check(const PortSpec& port, const OpenSpec& spec) const {
  if (const Result<End> end = parse_end(port.device); !end) return tl::unexpected(end.error());
  const std::vector<std::string>& known = wire_option_names();
  for (const auto& [key, value] : port.options) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    return fail(ErrorKind::kUsage, "loopback has no option " + quote(key),
                did_you_mean(key, known));
  }
  if (spec.queues < 1 || spec.queues > kMostQueues) {
    return fail(ErrorKind::kUsage,
                fmt::format("loopback:{}: {} queues asked for", port.device, spec.queues),
                fmt::format("a loopback port has 1 to {}", kMostQueues));
  }
  const Result<WireSpec> impairment = parse_wire_options(port.options);
  if (!impairment) return tl::unexpected(impairment.error());
  return {};
}

Result<std::unique_ptr<Device>> Loopback::open(const PortSpec& port, const OpenSpec& spec) {
  assert(spec.clock != nullptr);
  if (const Status status = check(port, spec); !status) return tl::unexpected(status.error());
  const Result<End> end = parse_end(port.device);
  const Result<WireSpec> impairment = parse_wire_options(port.options);
  std::shared_ptr<Wire> wire = wires_[end->wire].lock();
  if (wire == nullptr) wires_[end->wire] = wire = std::make_shared<Wire>();
  if (wire->open[end->side]) {
    return fail(ErrorKind::kPrecondition, fmt::format("loopback:{} is open already", port.device),
                "open the other end, or another wire such as a1 and b1");
  }
  return std::make_unique<Port>(std::move(wire), *end, port, spec, *impairment);
}

}  // namespace
}  // namespace loopback

std::unique_ptr<Backend> make_loopback_backend() {
  return std::make_unique<loopback::Loopback>();
}

}  // namespace wireproof

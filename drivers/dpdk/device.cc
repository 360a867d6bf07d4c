#include "device.h"

#include <fmt/format.h>
#include <rte_ethdev.h>
#include <rte_mbuf_dyn.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/headers.h"
#include "host.h"
#include "io/counter.h"
#include "pause_frames.h"
#include "queues.h"
#include "responder.h"

namespace wireproof::dpdk {
namespace {

constexpr unsigned kHeader{kEthernetLength};
constexpr unsigned kTag{kVlanLength};
constexpr std::uint16_t kTxRing = 1024;
constexpr unsigned kOutsideRings = 2048;  // in the hands of workers and in their threads' caches
constexpr std::uint16_t kCapacityMin = 2048;  // less is refused by some NICs
constexpr Nanoseconds kLinkPatience = 6 * kSecond;
constexpr Nanoseconds kLinkStep = 10 * kMillisecond;
constexpr Nanoseconds kAskAgain = 500 * kMillisecond;
constexpr Nanoseconds kAnswerPatience = 3 * kSecond;
// The NIC's clock against ours: first, then again when twice as much is known or a second is over.
constexpr Nanoseconds kFirstBaseline = 100 * kMillisecond;
constexpr Nanoseconds kFollowEvery = kSecond;
// Off by more, somebody set it: a PTP daemon, at its start.
constexpr Nanoseconds kNicStepMin = kMillisecond;
// It is a crystal of its own, often steered by such a daemon: its rate is that of the last seconds,
// and an offset is made good within one.
constexpr TickLine::Limits kNicClock{.slew_max_ppb = 500'000, .baseline_max = 8 * kSecond};
constexpr std::uint64_t kRssUdp = RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP;

tl::unexpected<Error> refused(const Options& options, std::string_view what, int error) {
  std::string said = Eal::complaint();
  if (said.empty()) said = rte_strerror(-error);
  return fail(ErrorKind::kPrecondition,
              fmt::format("DPDK cannot {} {}: {}", what, options.name, said),
              cure_for(options.name, said), -error);
}

// Takes a frame for sent whatever the kernel then does with it (a filter, a full queue), and does
// not count one that it refuses. Other drivers count those as errors, although they are offered
// again.
constexpr std::string_view kTakesForSent = "net_af_packet";

// What a receive queue holds in its rings. vmxnet3 fills a second one, as long as the first, for
// the rest of frames longer than a buffer, and hands over no frame while it finds no buffer to put
// in its place: with a pool too small for both it receives nothing at all.
unsigned rx_buffers(std::string_view driver, std::uint16_t rx_ring) {
  return driver == "net_vmxnet3" ? 2u * rx_ring : rx_ring;
}

class DpdkDevice final : public Device {
 public:
  DpdkDevice(std::uint16_t port, Options options, const OpenSpec& spec, KernelPort below)
      : port_(port),
        options_(std::move(options)),
        clock_(*spec.clock),
        stop_(spec.stop),
        below_(std::move(below)) {}
  ~DpdkDevice() override {
    if (started_) rte_eth_dev_stop(port_);
    Eal::detach(port_);  // frees what the rings hold, so before the pools
  }
  DpdkDevice(const DpdkDevice&) = delete;
  DpdkDevice& operator=(const DpdkDevice&) = delete;

  Status start(const OpenSpec& spec, Pages pages);

  const DeviceFacts& facts() const override { return facts_; }
  Result<DeviceCounters> counters() override;
  Status await_link() override;
  Status connect(const DeviceFacts&) override { return await_link(); }
  Result<MacAddress> resolve(const IpAddress& neighbour) override;
  void also_take(const PayloadMark& mark) override {
    for (const auto& queue : rx_) queue->also_take(mark);
  }
  TxQueue& tx_queue(unsigned index) override { return *tx_.at(index); }
  RxQueue& rx_queue(unsigned index) override { return *rx_.at(index); }

 private:
  Status configure(const OpenSpec& spec);
  Status check_spec(const OpenSpec& spec) const;
  Status add_queues(const OpenSpec& spec);
  Status add_queue(unsigned index, const OpenSpec& spec, std::uint16_t rx_ring,
                   std::uint16_t tx_ring);
  void use_nic_stamps();
  [[nodiscard]] std::optional<TickReading> read_nic_clock();
  void follow_nic_clock();
  void describe(const OpenSpec& spec, Pages pages);
  [[nodiscard]] bool link_up() const;
  void drain();
  void read_xstats(DeviceCounters& counters) const;

  std::uint16_t port_;
  Options options_;
  const Clock& clock_;
  StopFlag stop_;
  KernelPort below_;
  TickLine nic_line_{kNicClock};  // from the NIC's clock to clock_
  TickReading nic_reading_;       // the latest
  Nanoseconds nic_begun_at_ = 0;
  rte_eth_dev_info info_{};
  rte_eth_conf conf_{};
  MacAddress mac_;
  unsigned extra_tx_ = 0;  // 1: the responder has a queue to itself
  bool started_ = false;
  Gate gate_;
  std::vector<std::unique_ptr<TxBursts>> tx_;
  std::unique_ptr<Responder> responder_;
  std::vector<std::unique_ptr<RxBursts>> rx_;
  DeviceFacts facts_;
  Counter rx_missed_, rx_errors_, tx_taken_, tx_counted_;  // DPDK's own
  bool was_up_ = false;
  bool pauses_noted_ = false;
  std::uint64_t downs_seen_ = 0;
  std::uint64_t tx_errors_ = 0;
};

Status DpdkDevice::check_spec(const OpenSpec& spec) const {
  const unsigned most = std::min<unsigned>(info_.max_rx_queues, info_.max_tx_queues);
  // What it has and nobody polls would be lost there.
  if (!options_.queues_key.empty() && spec.queues != most) {
    return fail(ErrorKind::kUsage,
                fmt::format("{} has {} queue{}, and the test {}", options_.name, most,
                            most == 1 ? "" : "s", spec.queues),
                fmt::format("say {}={}, or --queues {}", options_.queues_key, spec.queues, most));
  }
  if (spec.queues == 0 || spec.queues > most) {
    return fail(ErrorKind::kUsage,
                fmt::format("{} has {} queues, not {}", options_.name, most, spec.queues),
                fmt::format("use --queues {} or fewer", most));
  }
  const unsigned frame = spec.buffer_len_max + unsigned{kFcsLength};
  unsigned longest = info_.max_mtu == 0 ? frame : info_.max_mtu + kHeader + unsigned{kFcsLength};
  if (info_.max_mtu != 0 && spec.tagged) longest += kTag;  // no part of the MTU
  const unsigned tag = spec.tagged ? kTag : 0;
  if (!options_.nic) longest = std::min<unsigned>(longest, info_.max_rx_pktlen + tag);
  if (frame > longest) {
    return fail(ErrorKind::kPrecondition,
                fmt::format("{} carries frames of {} bytes at the most, not {}", options_.name,
                            longest, frame),
                options_.interfaces.empty() ? "choose smaller frames, or another NIC"
                                            : fmt::format("choose smaller frames, or af_packet:{}",
                                                          options_.interfaces[0]));
  }
  return {};
}

Status DpdkDevice::configure(const OpenSpec& spec) {
  if (const int error = rte_eth_dev_info_get(port_, &info_); error != 0) {
    return refused(options_, "read", error);
  }
  if (Status ok = check_spec(spec); !ok) return ok;
  // Some NICs count the tag, and lose nothing by four bytes more; virtual devices do not.
  const unsigned tag = spec.tagged && !options_.nic ? kTag : 0;
  const auto mtu = static_cast<std::uint32_t>(spec.buffer_len_max - kHeader - tag);
  conf_.rxmode.mtu = std::clamp<std::uint32_t>(RTE_ETHER_MTU, mtu, info_.max_mtu);
  const std::uint64_t hash = info_.flow_type_rss_offloads & kRssUdp;
  if (spec.queues > 1 && hash != 0) {
    conf_.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf_.rx_adv_conf.rss_conf.rss_hf = hash;
  }
  conf_.txmode.offloads = info_.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
  conf_.rxmode.offloads = info_.rx_offload_capa & RTE_ETH_RX_OFFLOAD_TIMESTAMP;
  // A virtual device's queues are the other end's too: none that nobody empties.
  extra_tx_ = options_.nic && info_.max_tx_queues > spec.queues ? 1 : 0;
  const int error =
      rte_eth_dev_configure(port_, static_cast<std::uint16_t>(spec.queues),
                            static_cast<std::uint16_t>(spec.queues + extra_tx_), &conf_);
  if (error != 0) return refused(options_, "configure", error);
  rte_ether_addr mac{};
  rte_eth_macaddr_get(port_, &mac);
  std::copy_n(mac.addr_bytes, 6, mac_.bytes.begin());
  if (mac_.is_zero() || mac_.is_multicast()) {  // net_ring has none: one of local administration
    mac_ = {{0x02, 0x57, 0x50, 0, static_cast<std::uint8_t>(port_ >> 8),
             static_cast<std::uint8_t>(port_)}};
  }
  return {};
}

Status DpdkDevice::add_queue(unsigned index, const OpenSpec& spec, std::uint16_t rx_ring,
                             std::uint16_t tx_ring) {
  const auto queue = static_cast<std::uint16_t>(index);
  const int node = rte_eth_dev_socket_id(port_);
  const auto capacity =
      std::max<std::uint16_t>(kCapacityMin, static_cast<std::uint16_t>(spec.buffer_len_max + 64));
  Result<Pool> tx =
      make_pool(fmt::format("tx_{}_{}", port_, index), tx_ring + kOutsideRings, capacity, node);
  if (!tx) return tl::unexpected(tx.error());
  Result<Pool> rx =
      make_pool(fmt::format("rx_{}_{}", port_, index),
                rx_buffers(info_.driver_name, rx_ring) + kOutsideRings, capacity, node);
  if (!rx) return tl::unexpected(rx.error());
  rte_eth_txconf tx_conf = info_.default_txconf;
  tx_conf.offloads = conf_.txmode.offloads;
  const auto socket = static_cast<unsigned>(node);
  int error = rte_eth_tx_queue_setup(port_, queue, tx_ring, socket, &tx_conf);
  if (error == 0 && extra_tx_ != 0 && index + 1 == spec.queues) {
    error = rte_eth_tx_queue_setup(port_, static_cast<std::uint16_t>(index + 1), tx_ring, socket,
                                   &tx_conf);
  }
  if (error != 0) return refused(options_, "set up a send queue of", error);
  rte_eth_rxconf rx_conf = info_.default_rxconf;
  rx_conf.offloads = conf_.rxmode.offloads;
  error = rte_eth_rx_queue_setup(port_, queue, rx_ring, socket, &rx_conf, rx->get());
  if (error != 0) return refused(options_, "set up a receive queue of", error);
  Gate* gate = extra_tx_ == 0 && index == 0 ? &gate_ : nullptr;
  tx_.push_back(std::make_unique<TxBursts>(port_, queue, std::move(*tx), gate));
  if (index == 0) {
    const auto spoken = static_cast<std::uint16_t>(extra_tx_ == 0 ? 0 : spec.queues);
    responder_ = std::make_unique<Responder>(port_, spoken, tx_[0]->pool(), gate_, mac_,
                                             spec.own_addresses, spec.vlan);
  }
  rx_.push_back(std::make_unique<RxBursts>(port_, queue, std::move(*rx), spec.steering, *responder_,
                                           options_.ring_holds));
  return {};
}

Status DpdkDevice::add_queues(const OpenSpec& spec) {
  auto rx_ring = static_cast<std::uint16_t>(std::min<std::uint32_t>(spec.ring_frames, 1u << 15));
  std::uint16_t tx_ring = kTxRing;
  if (const int error = rte_eth_dev_adjust_nb_rx_tx_desc(port_, &rx_ring, &tx_ring); error != 0) {
    return refused(options_, "size the rings of", error);
  }
  if (options_.nic && rx_ring < spec.ring_frames) {
    facts_.notes.push_back(
        fmt::format("the NIC's receive ring holds {} frames, not {}", rx_ring, spec.ring_frames));
  }
  for (unsigned i = 0; i < spec.queues; ++i) {
    if (Status ok = add_queue(i, spec, rx_ring, tx_ring); !ok) return ok;
  }
  return {};
}

Status DpdkDevice::start(const OpenSpec& spec, Pages pages) {
  if (Status ok = configure(spec); !ok) return ok;
  if (Status ok = add_queues(spec); !ok) return ok;
  if (const int error = rte_eth_dev_start(port_); error != 0) {
    return refused(options_, "start", error);
  }
  started_ = true;
  if (!options_.makes.empty()) {
    rte_eth_dev_info_get(port_, &info_);
    if (Status ok = below_.add(info_.if_index); !ok) return ok;
  }
  if (options_.promiscuous || spec.steering.everything) rte_eth_promiscuous_enable(port_);
  rte_eth_allmulticast_enable(port_);  // neighbour solicitations go to groups
  if (!options_.keep_flow_control) refuse_pause_frames(port_, link_up());
  use_nic_stamps();
  rte_eth_stats at_open{};
  rte_eth_stats_get(port_, &at_open);
  rx_missed_.begin(at_open.imissed + at_open.rx_nombuf);
  rx_errors_.begin(at_open.ierrors);
  tx_taken_.begin(at_open.opackets);
  tx_counted_.begin(at_open.oerrors);
  describe(spec, pages);
  return {};
}

void DpdkDevice::use_nic_stamps() {
  facts_.rx_stamp = "poll";
  if ((conf_.rxmode.offloads & RTE_ETH_RX_OFFLOAD_TIMESTAMP) == 0) return;
  RxStamps stamps{.line = &nic_line_};
  const auto first = read_nic_clock();
  if (rte_mbuf_dyn_rx_timestamp_register(&stamps.offset, &stamps.flag) != 0 || !first) {
    facts_.notes.emplace_back("the NIC stamps what it receives, but its clock cannot be read");
    return;
  }
  clock_.sleep_until(first->reference + kFirstBaseline);
  const auto second = read_nic_clock();
  if (!second || second->ticks <= first->ticks) return;
  nic_line_.begin(*first, *second);
  nic_reading_ = *second;
  nic_begun_at_ = first->reference;
  for (const auto& queue : rx_) queue->use_stamps(stamps);
  facts_.rx_stamp = "nic";
}

// The reading of a register across the bus, between two of our clock: the narrowest of some.
std::optional<TickReading> DpdkDevice::read_nic_clock() {
  constexpr int kReadings = 8;
  std::optional<TickReading> narrowest;
  Nanoseconds width_ns = std::numeric_limits<Nanoseconds>::max();
  for (int i = 0; i < kReadings; ++i) {
    std::uint64_t ticks = 0;
    const Nanoseconds before = clock_.now();
    if (rte_eth_read_clock(port_, &ticks) != 0) return {};
    const Nanoseconds width = clock_.now() - before;
    if (width >= width_ns) continue;
    width_ns = width;
    narrowest = TickReading{.ticks = ticks, .reference = before + width / 2};
  }
  if (!narrowest) return {};
  // Ticks are of unknown length until there is a line.
  const double half_ticks = static_cast<double>(width_ns) / 2 * nic_line_.ticks_per_ns();
  narrowest->half_width_ticks = static_cast<std::uint64_t>(half_ticks) + 1;
  return narrowest;
}

// A NIC's crystal is not the processor's: some ppm apart and moving with the temperature, which is
// some us a second where nobody looks.
void DpdkDevice::follow_nic_clock() {
  if (facts_.rx_stamp != "nic") return;
  const Nanoseconds since = clock_.now() - nic_reading_.reference;
  if (since < kFollowEvery && since < nic_reading_.reference - nic_begun_at_) return;
  const auto reading = read_nic_clock();
  if (!reading || reading->reference <= nic_reading_.reference) return;
  const Nanoseconds off = nic_line_.behind(*reading);
  // What an interrupted reading may be off by is no step.
  const Nanoseconds step =
      kNicStepMin + static_cast<Nanoseconds>(static_cast<double>(reading->half_width_ticks) /
                                             nic_line_.ticks_per_ns());
  if (off <= step && off >= -step) {
    nic_line_.refit(*reading, reading->ticks);
  } else if (reading->ticks > nic_reading_.ticks) {
    nic_line_.begin_again(*reading);
  }
  nic_reading_ = *reading;
}

void DpdkDevice::describe(const OpenSpec& spec, Pages pages) {
  facts_.backend = "dpdk";
  facts_.device = options_.name;
  facts_.mac = mac_;
  std::uint16_t mtu = 0;
  if (rte_eth_dev_get_mtu(port_, &mtu) == 0) facts_.mtu = mtu;
  facts_.kernel_driver = info_.driver_name;
  const bool fast_free = (conf_.txmode.offloads & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE) != 0;
  facts_.mode = fmt::format("poll mode, {}{}", pages == Pages::kHuge ? "hugepages" : "no hugepages",
                            fast_free ? ", fast free" : "");
  facts_.queues = spec.queues;
  facts_.rx_spread = spec.queues;
  if (options_.nic) facts_.numa_node = rte_eth_dev_socket_id(port_);
  if (pages == Pages::kOrdinary) {
    facts_.notes.emplace_back("there are no hugepages: DPDK runs on ordinary pages, slower");
  }
  if (const std::string hidden = hidden_drops(info_.driver_name, options_.nic); !hidden.empty()) {
    facts_.notes.push_back(
        fmt::format("{} does not report its own drops ({}): a loss is not attributable",
                    info_.driver_name, hidden));
  }
  if (!options_.interfaces.empty()) {
    facts_.notes.emplace_back("this host's IP stack also receives the test frames");
  }
  if (spec.queues > 1 && options_.nic && conf_.rxmode.mq_mode != RTE_ETH_MQ_RX_RSS) {
    facts_.notes.emplace_back("the NIC cannot spread UDP flows over its receive queues");
  }
}

bool DpdkDevice::link_up() const {
  rte_eth_link link{};
  return rte_eth_link_get_nowait(port_, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

// Both ends are open by now, and a link needs both.
Status DpdkDevice::await_link() {
  const Nanoseconds until = clock_.now() + kLinkPatience;
  while (!link_up()) {
    if (stop_asked(stop_)) {
      return stopped_while(fmt::format("waiting for the link of {}", options_.name));
    }
    if (clock_.now() >= until) {
      return fail(ErrorKind::kPrecondition, fmt::format("{} has no link", options_.name),
                  options_.nic ? "check the cable and the other end"
                               : "start the other end of it, and check that both name one socket");
    }
    clock_.sleep_until(clock_.now() + kLinkStep);
  }
  was_up_ = true;
  if (!pauses_noted_ && pause_frames_are_on(port_)) {
    pauses_noted_ = true;
    facts_.notes.emplace_back(
        "pause frames are on: the other end can slow the sender, and the tester can slow the "
        "device");
  }
  rte_eth_link link{};
  const bool known = rte_eth_link_get_nowait(port_, &link) == 0 && options_.nic &&
                     link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN;
  if (known) facts_.line_rate_bps = std::uint64_t{link.link_speed} * 1'000'000;
  drain();
  return {};
}

// Takes what has come so far. net_memif's client also gives the other end its receive buffers with
// the first poll, and nothing can be sent to it before.
void DpdkDevice::drain() {
  std::array<Frame*, 32> burst{};
  for (const auto& queue : rx_) queue->release(std::span(burst).first(queue->poll(burst)));
}

void DpdkDevice::read_xstats(DeviceCounters& counters) const {
  const int count = rte_eth_xstats_get_names(port_, nullptr, 0);
  if (count <= 0) return;
  std::vector<rte_eth_xstat_name> names(static_cast<std::size_t>(count));
  std::vector<rte_eth_xstat> values(names.size());
  const auto size = static_cast<unsigned>(count);
  if (rte_eth_xstats_get_names(port_, names.data(), size) != count) return;
  if (rte_eth_xstats_get(port_, values.data(), size) != count) return;
  for (const rte_eth_xstat& one : values) {
    if (one.value != 0 && one.id < names.size()) {
      counters.detail.emplace_back(names[one.id].name, one.value);
    }
  }
}

Result<DeviceCounters> DpdkDevice::counters() {
  follow_nic_clock();
  const auto lacks = [](const auto& queue) { return queue->unstamped(); };
  if (std::any_of(rx_.begin(), rx_.end(), lacks)) facts_.rx_stamp = "poll";
  const Result<KernelPort::State> below = below_.read();
  if (!below) return tl::unexpected(below.error());
  rte_eth_stats now{};
  if (const int error = rte_eth_stats_get(port_, &now); error != 0) {
    return refused(options_, "read the counters of", error);
  }
  // Some virtual devices forget their counts when the other end goes: never go back with them.
  rx_missed_.read(now.imissed + now.rx_nombuf);
  rx_errors_.read(now.ierrors);
  tx_taken_.read(now.opackets);
  tx_counted_.read(now.oerrors);
  std::uint64_t offered_again = 0;
  for (const auto& queue : tx_) offered_again += queue->refused();
  std::uint64_t dropped_below = below->tx_dropped;
  if (info_.driver_name == kTakesForSent) {
    offered_again = 0;
    // Some are under way where this is read while others send.
    const std::uint64_t taken = tx_taken_.total();
    const std::uint64_t sent = below->tx_packets.value_or(taken);
    dropped_below = std::max(dropped_below, taken - std::min(taken, sent));
  }
  const std::uint64_t errors = tx_counted_.total();
  DeviceCounters counters;
  tx_errors_ = std::max(tx_errors_, errors - std::min(errors, offered_again));
  counters.tx_dropped = tx_errors_ + dropped_below;
  if (hidden_drops(info_.driver_name, options_.nic).empty()) {
    counters.rx_ring_dropped = rx_missed_.total();
    counters.rx_nic_dropped = rx_errors_.total();
  }
  for (const auto& queue : rx_) counters.rx_ring_filled += queue->filled();
  counters.link_up = below->up && link_up();
  // What the kernel counts misses no flap between two looks.
  downs_seen_ += was_up_ && !counters.link_up ? 1 : 0;
  counters.link_downs = downs_seen_ + below->downs;
  counters.times_back = below->times_back + rx_missed_.times_back() + rx_errors_.times_back() +
                        tx_taken_.times_back() + tx_counted_.times_back();
  counters.rx_blind = below->rx_blind;
  was_up_ = counters.link_up;
  read_xstats(counters);
  counters.detail.emplace_back("neighbour_answers", responder_->answered());
  return counters;
}

Result<MacAddress> DpdkDevice::resolve(const IpAddress& neighbour) {
  if (const Status ok = await_link(); !ok) return tl::unexpected(ok.error());
  const Nanoseconds until = clock_.now() + kAnswerPatience;
  Nanoseconds ask_at = clock_.now();
  while (clock_.now() < until) {
    if (stop_asked(stop_)) {
      return stopped_while(
          fmt::format("asking {} for its MAC on {}", format_ip(neighbour), options_.name));
    }
    if (clock_.now() >= ask_at) {
      responder_->ask(neighbour);
      ask_at = clock_.now() + kAskAgain;
    }
    drain();
    const MacAddress mac = responder_->heard_from(neighbour);
    if (!mac.is_zero() && !mac.is_multicast()) return mac;
    clock_.sleep_until(clock_.now() + kMillisecond);
  }
  return fail(
      ErrorKind::kPrecondition,
      fmt::format("neighbour {} does not answer on {}", format_ip(neighbour), options_.name),
      "check the address and the cable, or name the neighbour's MAC", EHOSTUNREACH);
}

}  // namespace

Result<std::unique_ptr<Device>> open_device(std::uint16_t port, const Options& options,
                                            const OpenSpec& spec, Pages pages, KernelPort below) {
  auto device = std::make_unique<DpdkDevice>(port, options, spec, std::move(below));
  if (const Status ok = device->start(spec, pages); !ok) return tl::unexpected(ok.error());
  return device;
}

}  // namespace wireproof::dpdk

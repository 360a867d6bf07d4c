// The I/O boundary: four abstract types. A driver implements them in drivers/<name>/ and exports
// one factory function; everything above sees only this header.
//
// Threads. Backend and Device belong to the control thread. Each TxQueue and each RxQueue is used
// by one worker thread at a time, and the two queues of the same index by two threads at once.
// Nothing here is called once a frame: per burst at most three calls to send and two to receive.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/stop.h"
#include "io/frame.h"
#include "io/port_claim.h"
#include "io/port_nature.h"
#include "io/tx_stamp_samples.h"

namespace wireproof {

enum class Layer {
  kL2,          // frames begin at the Ethernet header
  kUdpPayload,  // sockets: the kernel owns the headers, a frame is the UDP payload
};

// How the UDP payload of the frames of one trial begins, whatever their addresses.
using PayloadMark = std::array<std::uint8_t, 4>;

struct IpEndpoint {
  IpAddress ip;
  std::uint16_t l4_port = 0;
};

// Which received frames are handed to us; the rest stays the host's, so that a login over the same
// NIC survives. A frame matches when it is UDP over the address family of a prefix, its destination
// address lies in one of `destinations`, and its UDP destination port is `l4_port`; one VLAN tag
// (802.1Q) is looked through. Damaged payloads match too: the check of the payload is ours. Besides
// these, what Device::also_take names.
struct Steering {
  bool everything = false;  // all frames whatsoever, and none for the host (a bump in the wire)
  std::vector<IpPrefix> destinations;  // at most kMaxDestinations
  std::uint16_t l4_port = 0;
  static constexpr std::size_t kMaxDestinations = 4;
};

// "BACKEND:DEVICE[,key=value...]" taken apart by parse_port_spec (io/port_spec.h).
struct PortSpec {
  std::string backend;  // empty: choose the best usable one
  std::string device;
  std::map<std::string, std::string> options;  // a driver refuses keys it does not know
};

struct OpenSpec {
  unsigned queues = 1;               // queue pairs, indices 0..queues-1
  std::uint32_t ring_frames = 4096;  // receive room per queue, in frames; a power of two
  // Longest frame to be sent or received, without FCS, with its VLAN tag. `tagged`: four of these
  // bytes are one, which no MTU counts.
  std::uint16_t buffer_len_max = 1514;
  bool tagged = false;
  Steering steering;
  // The addresses that test frames come to this port for: a backend whose NIC the kernel does not
  // see answers ARP and neighbour discovery for them. Absent: for none.
  std::optional<IpPrefix> own_addresses;
  // The tag of the test frames (802.1Q id): neighbours are asked for under it. Absent: none.
  std::optional<std::uint16_t> vlan;
  // Sockets: what the kernel is to write into the headers; elsewhere frames bring their own.
  std::uint8_t dscp = 0;         // 0..63
  std::uint8_t ttl = 64;         // 1..255; IPv6: hop limit
  const Clock* clock = nullptr;  // outlives the device; never null
  // Outlives the device. Once set, whatever waits (open, await_link, resolve) gives up within 100
  // ms, with kInterrupted.
  StopFlag stop = nullptr;
};

struct DeviceFacts {
  std::string backend;
  std::string device;  // as the user wrote it
  Layer layer = Layer::kL2;
  MacAddress mac;                               // l2 only
  IpEndpoint endpoint;                          // udp_payload only: where this socket receives
  std::vector<std::uint16_t> sending_l4_ports;  // udp_payload only: where each queue sends from
  unsigned mtu = 0;                             // layer-3 bytes; 0: no limit known
  bool link_up = true;
  std::uint64_t line_rate_bps = 0;  // 0: none (veth, memory, loopback)
  int numa_node = -1;               // -1: unknown or does not matter
  std::string kernel_driver;        // "veth", "ixgbe"; empty for devices without one
  std::string mode;                 // what was granted: "copy", "zero-copy", "ring v2", "sendmmsg"
  std::string rx_stamp;             // who stamps received frames: "xdp", "kernel", "poll"
  unsigned queues = 1;
  // Over how many receive queues of the interface frames come that keep no order among each other,
  // whether each is a queue here or several are joined. 1: in the order of the wire.
  unsigned rx_spread = 1;
  // Its end may be on another thread than its peer's, at the same time: each takes the kernel tens
  // of milliseconds, and both together no longer than one.
  bool ends_apart = false;
  // Sentences for people: what was asked of the host and not granted, and what follows from it.
  std::vector<std::string> notes;
};

// Since open, never going back. Absent: this device cannot tell, which is not the same as zero.
struct DeviceCounters {
  // Frames we were told were taken, and which the kernel or NIC then threw away.
  std::optional<std::uint64_t> tx_dropped;
  // Frames meant for us that were thrown away for want of room in our own ring or socket buffer.
  // An upper bound where frames of others can be among them.
  std::optional<std::uint64_t> rx_ring_dropped;
  // Frames the NIC or its kernel driver threw away before they reached our ring.
  std::optional<std::uint64_t> rx_nic_dropped;
  // How often our own receive ring may have been full without anybody counting what it had no room
  // for: what was lost while this grew is not attributable.
  std::uint64_t rx_ring_filled = 0;
  std::optional<TxStampSamples> tx_stamps;
  bool link_up = true;
  // Grows each time that the link went: its carrier was lost, the interface was set down, or both.
  std::uint64_t link_downs = 0;
  // Grows when a counter behind these was set back by its driver: of an interval in which it grew,
  // they tell less than there was.
  std::uint64_t times_back = 0;
  // Why this device cannot tell what became of frames that reached its port (a clause: "XDP program
  // 12 runs before af_packet on t1"); empty when it can.
  std::string rx_blind;
  // The driver's own names and values, for people (ethtool -S style); may be empty.
  std::vector<std::pair<std::string, std::uint64_t>> detail;
};

// One worker's sending end. Frames pass borrow -> submit -> (the wire) -> reap -> borrow.
class TxQueue {
 public:
  virtual ~TxQueue() = default;
  // Lends empty frames: fills a prefix of `out` and returns its length, 0 when all are in flight
  // (call reap). The caller sets length (at most capacity) and bytes; it owns them until submit.
  virtual std::size_t borrow(std::span<Frame*> out) = 0;
  // Gives frames to the wire in order; returns how many of the first were accepted. Never blocks,
  // never drops: the rest stays the caller's, to submit again or give back. Accepted is not sent:
  // see DeviceCounters::tx_dropped.
  virtual std::size_t submit(std::span<Frame* const> burst) = 0;
  // Takes back what the device has finished with and wakes the device where it needs waking.
  // Returns the number still in flight.
  virtual std::size_t reap() = 0;
  // Returns borrowed frames unsent.
  virtual void give_back(std::span<Frame* const> frames) = 0;
};

// One worker's receiving end. Frames pass (the wire) -> poll -> release.
class RxQueue {
 public:
  virtual ~RxQueue() = default;
  // Takes what has arrived, in arrival order: fills a prefix of `out` and returns its length. Never
  // blocks. The caller owns the frames until release, and may write to them; whoever writes to one
  // sets its template_id to 0, because its buffer may be the sender's own (loopback).
  virtual std::size_t poll(std::span<Frame*> out) = 0;
  // Gives frames back, in any order and in any grouping. Frames not given back shrink the ring.
  virtual void release(std::span<Frame* const> frames) = 0;
};

class Device {
 public:
  // Stops traffic, undoes every change to the host. Queues must no longer be in use.
  virtual ~Device() = default;
  // As they were at open, but for link_up, line_rate_bps and notes (await_link) and rx_stamp, which
  // is what counters() last found to be in use. Valid as long as the device.
  [[nodiscard]] virtual const DeviceFacts& facts() const = 0;
  // Reads the kernel's or NIC's counters now. Fails (precondition) when the interface is gone.
  // Also while workers run.
  [[nodiscard]] virtual Result<DeviceCounters> counters() = 0;
  // Called once all ports of a test are open, for each of them, whether it sends or receives:
  // waits, some seconds at most, for a link that comes up only after that. Fails (precondition)
  // when it does not.
  [[nodiscard]] virtual Status await_link() { return {}; }
  // Where frames sent from here go. A socket needs it before the first submit; l2 devices ignore
  // it.
  [[nodiscard]] virtual Status connect(const DeviceFacts& peer) = 0;
  // From now on, besides what Steering says, frames are handed over whose UDP payload begins with
  // the mark, in place of the last one: what the path sent to another address is still the test's.
  // Before workers poll. A socket, which gets what the kernel gives it, ignores it.
  virtual void also_take(const PayloadMark& mark) { static_cast<void>(mark); }
  // The MAC of a neighbour, asked for on the wire, under the tag of the test frames; bounded to
  // some three seconds. What was heard before is not believed: a device may have been exchanged
  // since. Fails (precondition) when nobody answers; kUsage on udp_payload.
  [[nodiscard]] virtual Result<MacAddress> resolve(const IpAddress& neighbour) = 0;
  // index < facts().queues. Owned by the device.
  [[nodiscard]] virtual TxQueue& tx_queue(unsigned index) = 0;
  [[nodiscard]] virtual RxQueue& rx_queue(unsigned index) = 0;

  // Keeps what open_port claimed until all that the device did is undone.
  void keep(std::vector<PortClaim> claims) { claims_ = std::move(claims); }

 private:
  std::vector<PortClaim> claims_;
};

struct Probe {
  bool usable = false;
  std::string reason;  // why not; empty when usable
  std::string cure;    // what would mend it; may be empty
};

class Backend {
 public:
  virtual ~Backend() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  // One line for people.
  [[nodiscard]] virtual std::string_view summary() const = 0;
  // Can this process on this machine use it now? Changes nothing, sends nothing.
  [[nodiscard]] virtual Probe probe() const = 0;
  [[nodiscard]] virtual PortNature nature(const PortSpec& port) const {
    return {.interfaces = {port.device}};
  }
  // Whether a port that is named without a backend may be one of its own: any interface of the
  // kernel is.
  [[nodiscard]] virtual bool opens_interfaces() const { return false; }
  // What open() would refuse that can be known without opening: the same error, and nothing is
  // changed or sent. Not the rest of what open() may refuse.
  [[nodiscard]] virtual Status check(const PortSpec&, const OpenSpec&) const { return {}; }
  // Opens one port. Fails with kUsage on an unknown option or a name that can be no device (naming
  // the nearest known one), kPrecondition on whatever the host lacks, an interface among it. On
  // failure nothing is left behind.
  [[nodiscard]] virtual Result<std::unique_ptr<Device>> open(const PortSpec& port,
                                                             const OpenSpec& spec) = 0;
};

}  // namespace wireproof

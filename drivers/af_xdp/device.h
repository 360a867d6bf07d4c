// One opened network interface: the program that steers, a socket for each queue, and what the
// kernel counts.
#pragma once

#include <memory>
#include <vector>

#include "af_xdp/queues.h"
#include "af_xdp/socket.h"
#include "af_xdp/steer_program.h"
#include "base/unique_fd.h"
#include "io/backend.h"
#include "io/interface_counts.h"
#include "io/linux_interface.h"

namespace wireproof::af_xdp {

class XdpDevice final : public Device {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Device>> open(const std::string& interface,
                                                            const Options& options,
                                                            const OpenSpec& spec);

  [[nodiscard]] const DeviceFacts& facts() const override { return facts_; }
  // Also sets facts().rx_stamp to "poll" when the driver turns out to refuse stamps, to "xdp_hint"
  // when the NIC's own are used: both only show when frames arrive.
  [[nodiscard]] Result<DeviceCounters> counters() override;
  [[nodiscard]] Status connect(const DeviceFacts&) override { return {}; }
  [[nodiscard]] Result<MacAddress> resolve(const IpAddress& neighbour) override {
    return resolve_neighbour(interface_, neighbour, question_);
  }
  void also_take(const PayloadMark& mark) override { program_->also_take(mark); }
  [[nodiscard]] TxQueue& tx_queue(unsigned index) override { return *queues_.at(index).tx; }
  [[nodiscard]] RxQueue& rx_queue(unsigned index) override { return *rx_.at(index); }

 private:
  struct QueuePair {
    std::unique_ptr<Socket> socket;
    std::unique_ptr<XdpTxQueue> tx;
    std::unique_ptr<XdpRxQueue> rx;
  };

  XdpDevice(LinuxInterface interface, const NeighbourQuestion& question)
      : interface_(std::move(interface)), question_(question) {}
  Status open_queues(const Options& options, const OpenSpec& spec);
  void share_out(unsigned queues);
  Status receive_all_macs();
  Status wait_for_link() const;
  Status begin_counting();
  void state_facts(const OpenSpec& spec);

  LinuxInterface interface_;
  NeighbourQuestion question_;
  UniqueFd promiscuous_;
  std::unique_ptr<SteerProgram> program_;
  // One for each receive queue of the interface, so that none of its frames stays without a reader;
  // those behind the queues that were asked for send nothing. Destroyed before the program.
  std::vector<QueuePair> queues_;
  std::vector<std::unique_ptr<XdpRxTurns>> turns_;
  std::vector<RxQueue*> rx_;  // by the index that was asked for: one of queues_, or of turns_
  DeviceFacts facts_;
  InterfaceCounts kernel_;
  SteerCounts steer_at_open_;
  Counter explained_;
  Unexplained rx_dropped_;
};

}  // namespace wireproof::af_xdp

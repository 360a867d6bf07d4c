// Asks and answers who has an IP address on a port that no kernel speaks for. A router under test
// asks for the tester's addresses before it forwards to them, and again every minute: without an
// answer it goes silent in the middle of a run.
#pragma once

#include <rte_mbuf.h>

#include <atomic>
#include <map>
#include <optional>
#include <vector>

#include "base/address.h"
#include "io/backend.h"
#include "io/neighbour_message.h"

namespace wireproof::dpdk {

// Who may send on a queue that several threads send on. Nobody waits: a worker comes back with its
// burst, an answer is asked for again.
class Gate {
 public:
  [[nodiscard]] bool enter() { return !taken_.test_and_set(std::memory_order_acquire); }
  void leave() { taken_.clear(std::memory_order_release); }

 private:
  std::atomic_flag taken_;
};

class Responder {
 public:
  // Sends on (port, queue) through `gate` with frames of `pool`; all outlive it. `own`: the
  // addresses it answers for; `vlan`: the id
  // of the tag that it asks under, and believes answers under.
  Responder(std::uint16_t port, std::uint16_t queue, rte_mempool* pool, Gate& gate,
            const MacAddress& mac, const std::optional<IpPrefix>& own,
            const std::optional<std::uint16_t>& vlan);

  // A frame that is not test traffic: answered when it asks for one of our addresses, remembered
  // when it answers us. Any receiving worker.
  void take(std::span<const std::uint8_t> frame);

  // Control thread. What was heard before it is forgotten.
  void ask(const IpAddress& neighbour);
  // What a neighbour answered last; zero: nothing yet.
  [[nodiscard]] MacAddress heard_from(const IpAddress& neighbour);

  [[nodiscard]] std::uint64_t answered() const { return answered_.load(std::memory_order_relaxed); }

 private:
  [[nodiscard]] bool is_ours(const IpAddress& ip) const;
  bool send(std::span<const std::uint8_t> frame);

  std::uint16_t port_;
  std::uint16_t queue_;
  rte_mempool* pool_;
  Gate& gate_;
  MacAddress mac_;
  std::optional<IpPrefix> own_;
  std::optional<std::uint16_t> vlan_;
  Gate learning_;
  IpAddress learned_;  // under learning_
  MacAddress learned_mac_;
  std::atomic<std::uint64_t> answered_{0};
};

}  // namespace wireproof::dpdk

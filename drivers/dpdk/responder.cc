#include "responder.h"

#include <rte_ethdev.h>

#include <algorithm>
#include <cstring>

#include "eal.h"
#include "pool.h"

namespace wireproof::dpdk {
namespace {

constexpr int kTries = 1000;  // some microseconds: longer than a burst takes

bool enter_soon(Gate& gate) {
  for (int i = 0; i < kTries; ++i) {
    if (gate.enter()) return true;
    rte_pause();
  }
  return false;
}

}  // namespace

Responder::Responder(std::uint16_t port, std::uint16_t queue, rte_mempool* pool, Gate& gate,
                     const MacAddress& mac, const std::optional<IpPrefix>& own,
                     const std::optional<std::uint16_t>& vlan)
    : port_(port), queue_(queue), pool_(pool), gate_(gate), mac_(mac), own_(own), vlan_(vlan) {}

bool Responder::is_ours(const IpAddress& ip) const {
  if (!own_ || own_->address.v6 != ip.v6) return false;
  for (unsigned bit = 0; bit < own_->length; ++bit) {
    const auto differ = static_cast<unsigned>(own_->address.bytes[bit / 8] ^ ip.bytes[bit / 8]);
    if ((differ >> (7 - bit % 8) & 1) != 0) return false;
  }
  return true;
}

void Responder::take(std::span<const std::uint8_t> frame) {
  const auto message = read_neighbour_message(frame);
  if (!message) return;
  if (!message->request) {
    constexpr std::uint16_t kIdMask = 0x0fff;
    if ((message->vlan.value_or(0) & kIdMask) != vlan_.value_or(0)) return;
    if (!enter_soon(learning_)) return;
    learned_ = message->target;
    learned_mac_ = message->target_mac;
    learning_.leave();
    return;
  }
  if (!is_ours(message->target)) return;
  NeighbourFrame answer;
  const std::size_t length = write_neighbour_answer(answer, *message, mac_);
  if (send(std::span(answer).first(length))) answered_.fetch_add(1, std::memory_order_relaxed);
}

void Responder::ask(const IpAddress& neighbour) {
  const IpAddress from =
      own_ && own_->address.v6 == neighbour.v6 ? own_->address : IpAddress{.v6 = neighbour.v6};
  if (enter_soon(learning_)) {
    learned_ = {};
    learned_mac_ = {};
    learning_.leave();
  }
  NeighbourFrame question;
  const std::size_t length = write_neighbour_request(question, from, mac_, neighbour, vlan_);
  send(std::span(question).first(length));
}

MacAddress Responder::heard_from(const IpAddress& neighbour) {
  MacAddress mac;
  if (!enter_soon(learning_)) return mac;
  if (learned_ == neighbour) mac = learned_mac_;
  learning_.leave();
  return mac;
}

bool Responder::send(std::span<const std::uint8_t> frame) {
  adopt_thread();
  rte_mbuf* mbuf = rte_pktmbuf_alloc(pool_);
  if (mbuf == nullptr) return false;
  frame_of(mbuf)->template_id = 0;
  std::memcpy(rte_pktmbuf_mtod(mbuf, std::uint8_t*), frame.data(), frame.size());
  mbuf->data_len = static_cast<std::uint16_t>(frame.size());
  mbuf->pkt_len = mbuf->data_len;
  bool sent = false;
  if (enter_soon(gate_)) {
    sent = rte_eth_tx_burst(port_, queue_, &mbuf, 1) == 1;
    gate_.leave();
  }
  if (!sent) rte_pktmbuf_free(mbuf);
  return sent;
}

}  // namespace wireproof::dpdk

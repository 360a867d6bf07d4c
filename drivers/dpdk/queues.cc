#include "queues.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "eal.h"

namespace wireproof::dpdk {
namespace {

constexpr std::size_t kBurst = 64;

void** objects(std::array<rte_mbuf*, kBurst>& mbufs) {
  return reinterpret_cast<void**>(mbufs.data());
}

// data_off, refcnt 1, one segment, the port.
std::uint64_t rearm_word(std::uint16_t port) {
  const std::array<std::uint16_t, 4> fields{RTE_PKTMBUF_HEADROOM, 1, 1, port};
  std::uint64_t word = 0;
  std::memcpy(&word, fields.data(), sizeof word);
  return word;
}

}  // namespace

TxBursts::TxBursts(std::uint16_t port, std::uint16_t queue, Pool pool, Gate* gate)
    : port_(port), queue_(queue), pool_(std::move(pool)), gate_(gate), rearm_(rearm_word(port)) {}

std::size_t TxBursts::borrow(std::span<Frame*> out) {
  owner_.check();
  std::array<rte_mbuf*, kBurst> mbufs;
  std::size_t lent = 0;
  std::size_t wanted = std::min(out.size(), kBurst);
  while (wanted != 0) {
    // All or none: when the pool is nearly empty, what there is comes in ever smaller lots.
    if (rte_mempool_get_bulk(pool_.get(), objects(mbufs), static_cast<unsigned>(wanted)) != 0) {
      wanted /= 2;
      continue;
    }
    for (std::size_t i = 0; i < wanted; ++i) out[lent + i] = frame_of(mbufs[i]);
    lent += wanted;
    wanted = std::min({out.size() - lent, kBurst, wanted});
  }
  lent_ += static_cast<unsigned>(lent);
  return lent;
}

std::size_t TxBursts::submit(std::span<Frame* const> burst) {
  std::array<rte_mbuf*, kBurst> mbufs;
  std::size_t accepted = 0;
  if (gate_ != nullptr && !gate_->enter()) return 0;
  while (accepted < burst.size()) {
    const std::size_t count = std::min(kBurst, burst.size() - accepted);
    for (std::size_t i = 0; i < count; ++i) {
      Frame* frame = burst[accepted + i];
      rte_mbuf* mbuf = mbuf_of(frame);
      std::memcpy(&mbuf->rearm_data, &rearm_, sizeof rearm_);
      mbuf->ol_flags = 0;
      mbuf->pkt_len = frame->length;
      mbuf->data_len = frame->length;
      mbufs[i] = mbuf;
    }
    const std::size_t taken =
        rte_eth_tx_burst(port_, queue_, mbufs.data(), static_cast<std::uint16_t>(count));
    accepted += taken;
    if (taken < count) break;
  }
  if (gate_ != nullptr) gate_->leave();
  if (accepted < burst.size()) {
    refused_.store(refused_.load(std::memory_order_relaxed) + burst.size() - accepted,
                   std::memory_order_relaxed);
  }
  lent_ -= static_cast<unsigned>(accepted);
  return accepted;
}

std::size_t TxBursts::reap() {
  if (gate_ == nullptr || gate_->enter()) {
    rte_eth_tx_done_cleanup(port_, queue_, 0);  // where the driver can; else its next burst does it
    if (gate_ != nullptr) gate_->leave();
  }
  const unsigned idle = frames_free(pool_.get()) + lent_;
  return pool_->size - std::min(pool_->size, idle);
}

void TxBursts::give_back(std::span<Frame* const> frames) {
  for (Frame* frame : frames) rte_mempool_put(pool_.get(), mbuf_of(frame));
  lent_ -= static_cast<unsigned>(frames.size());
}

RxBursts::RxBursts(std::uint16_t port, std::uint16_t queue, Pool pool, const Steering& steering,
                   Responder& responder, std::uint32_t holds)
    : port_(port),
      queue_(queue),
      pool_(std::move(pool)),
      match_(steering),
      responder_(responder),
      full_(holds) {}

std::size_t RxBursts::poll(std::span<Frame*> out) {
  owner_.check();
  std::array<rte_mbuf*, kBurst> mbufs;
  const std::size_t room = std::min(out.size(), kBurst);
  const std::size_t came =
      rte_eth_rx_burst(port_, queue_, mbufs.data(), static_cast<std::uint16_t>(room));
  full_.took(static_cast<std::uint32_t>(came), static_cast<std::uint32_t>(room));
  for (std::size_t i = 0; i < came; ++i) rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], void*));
  std::size_t kept = 0;
  for (std::size_t i = 0; i < came; ++i) {
    rte_mbuf* mbuf = mbufs[i];
    Frame* frame = frame_of(mbuf);
    frame->data = rte_pktmbuf_mtod(mbuf, std::uint8_t*);
    frame->length = mbuf->data_len;
    frame->stamp = stamps_.offset < 0 ? 0 : stamps_.read(mbuf);
    const bool whole = mbuf->nb_segs == 1;
    if (whole && (match_.everything() || match_.matches({frame->data, frame->length}))) {
      if (frame->stamp == 0 && stamps_.offset >= 0) {
        unstamped_.store(true, std::memory_order_relaxed);
      }
      out[kept++] = frame;
    } else {
      divert(mbuf);
    }
  }
  return kept;
}

// Not test traffic: somebody may be asking for our address.
void RxBursts::divert(rte_mbuf* mbuf) {
  responder_.take({rte_pktmbuf_mtod(mbuf, std::uint8_t*), mbuf->data_len});
  rte_pktmbuf_free(mbuf);
}

void RxBursts::release(std::span<Frame* const> frames) {
  std::array<rte_mbuf*, kBurst> mbufs;
  while (!frames.empty()) {
    const std::size_t count = std::min(kBurst, frames.size());
    bool ours = true;
    for (std::size_t i = 0; i < count; ++i) {
      mbufs[i] = mbuf_of(frames[i]);
      ours &= mbufs[i]->pool == pool_.get();
    }
    // Over net_ring the buffers are the sender's, and go back to it.
    if (ours) {
      rte_mempool_put_bulk(pool_.get(), objects(mbufs), static_cast<unsigned>(count));
    } else {
      rte_pktmbuf_free_bulk(mbufs.data(), static_cast<unsigned>(count));
    }
    frames = frames.subspan(count);
  }
}

}  // namespace wireproof::dpdk

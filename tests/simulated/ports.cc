#include "simulated/ports.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "base/bytes.h"
#include "io/udp_location.h"
#include "packet/checksum.h"

namespace wireproof {
namespace {

// By the last bytes of the destination address and the source port: what differs between flows.
unsigned queue_of(std::span<const std::uint8_t> frame, unsigned queues) {
  const std::optional<UdpLocation> udp = find_udp(frame);
  assert(udp);
  const std::uint8_t* at = frame.data() + udp->udp;
  return (load_be32(at - 4) + load_be16(at)) % queues;
}

// Puts another word into the payload and mends the UDP checksum (RFC 1624, section 3).
void exchange_word(Bytes& frame, std::size_t offset, std::uint16_t changed_bits) {
  const std::optional<UdpLocation> udp = find_udp(frame);
  assert(udp);
  std::uint8_t* word = frame.data() + udp->payload + offset;
  std::uint8_t* check = frame.data() + udp->udp + 6;
  const std::uint16_t before = load_be16(word);
  const auto after = static_cast<std::uint16_t>(before ^ changed_bits);
  ChecksumSum sum;
  sum.add(static_cast<std::uint16_t>(~load_be16(check)));
  sum.add(static_cast<std::uint16_t>(~before)).add(after);
  const auto mended = static_cast<std::uint16_t>(~sum.folded());
  store_be16(word, after);
  store_be16(check, mended == 0 ? 0xffff : mended);
}

}  // namespace

std::size_t PickyQueue::submit(std::span<Frame* const> burst) {
  latest_.assign(burst[0]->data, burst[0]->data + burst[0]->length);
  std::size_t taken = burst.size();
  if (random_ && random_->chance(0.5)) taken = random_->below(burst.size() + 1);
  return taken == 0 ? 0 : inner_.submit(burst.first(taken));
}

TesterPort::TesterPort(Device& inner, std::optional<std::uint64_t> picky_seed)
    : RelayedDevice(inner), facts_(inner.facts()) {
  facts_.rx_spread = facts_.queues;
  for (unsigned i = 0; i < facts_.queues; ++i) {
    if (picky_seed) ++*picky_seed;
    queues_.push_back(std::make_unique<PickyQueue>(inner.tx_queue(i), picky_seed, latest_));
  }
}

DevicePort::DevicePort(Device& inner) : RelayedDevice(inner), memory_(kFrames * kCapacity) {
  for (std::size_t i = 0; i < kFrames; ++i) {
    frames_[i].data = memory_.data() + i * kCapacity;
    frames_[i].capacity = kCapacity;
    free_.push_back(&frames_[i]);
  }
}

std::size_t DevicePort::borrow(std::span<Frame*> out) {
  const std::size_t count = std::min(out.size(), free_.size());
  std::copy_n(free_.end() - static_cast<std::ptrdiff_t>(count), count, out.begin());
  free_.resize(free_.size() - count);
  return count;
}

std::size_t DevicePort::submit(std::span<Frame* const> burst) {
  std::size_t taken = 0;
  for (; taken < burst.size(); ++taken) {
    if (!send({burst[taken]->data, burst[taken]->length})) break;
    if (++sent_ % kStrangerEvery == 0 && model_ != nullptr) send_stranger();
  }
  give_back(burst.first(taken));
  return taken;
}

std::size_t DevicePort::reap() {
  for (unsigned i = 0; i < facts().queues; ++i) inner_.tx_queue(i).reap();
  return 0;
}

void DevicePort::give_back(std::span<Frame* const> frames) {
  free_.insert(free_.end(), frames.begin(), frames.end());
}

std::size_t DevicePort::poll(std::span<Frame*> out) {
  for (unsigned i = 0; i < facts().queues; ++i) {
    polled_ = (polled_ + 1) % facts().queues;
    if (const std::size_t count = inner_.rx_queue(polled_).poll(out)) return count;
  }
  return 0;
}

void DevicePort::release(std::span<Frame* const> frames) {
  inner_.rx_queue(polled_).release(frames);
}

bool DevicePort::send(std::span<const std::uint8_t> bytes) {
  TxQueue& queue = inner_.tx_queue(queue_of(bytes, facts().queues));
  Frame* frame = nullptr;
  if (queue.borrow({&frame, 1}) == 0) return false;
  std::memcpy(frame->data, bytes.data(), bytes.size());
  frame->length = static_cast<std::uint16_t>(bytes.size());
  frame->template_id = 0;
  return queue.submit({&frame, 1}) == 1;
}

// docs/signature.md: the magic, the trial id, the direction or the stream is another's.
void DevicePort::send_stranger() {
  Bytes frame = model_->latest_sent();
  const std::uint64_t round = strangers_ / 3;
  switch (strangers_++ % 3) {
    case 0:
      exchange_word(frame, 0, 0x0001);
      break;
    case 1:
      exchange_word(frame, 2, static_cast<std::uint16_t>(1 + round % 1000));
      break;
    default:
      exchange_word(frame, 4, round % 2 == 0 ? 0x8000 : 0x0100);
  }
  const bool sent = send(frame);
  assert(sent);
  static_cast<void>(sent);
}

}  // namespace wireproof

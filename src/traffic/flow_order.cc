#include "traffic/flow_order.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace wireproof {
namespace {

// Near the golden section of the count, so that neighbours in time are far apart in number, and
// without a common divisor, so that every group is visited.
std::uint32_t golden_stride(std::uint32_t count) {
  auto stride = static_cast<std::uint32_t>(count * 0.618033988749895);
  stride = std::max<std::uint32_t>(stride, 1);
  while (std::gcd(stride, count) != 1) ++stride;
  return stride;
}

}  // namespace

FlowOrder::FlowOrder(const FlowOrderSpec& spec)
    : groups_(spec.groups),
      group_first_(spec.group_first),
      group_count_(spec.group_count),
      stride_(spec.permuted ? golden_stride(spec.group_count) : 1),
      small_members_(spec.flows / spec.groups),
      large_groups_(spec.flows % spec.groups) {
  assert(spec.groups >= 1 && spec.groups <= spec.flows);
  assert(spec.group_count >= 1 && spec.group_first + spec.group_count <= spec.groups);
  if (stride_ >= group_count_) stride_ %= group_count_;  // one group: stay
}

std::vector<std::uint64_t> FlowOrder::sent_per_group(const Cursor& end) const {
  std::vector<std::uint64_t> sent(group_count_, end.cycle);
  Cursor at = start();
  for (std::uint32_t i = 0; i < end.visited; ++i) {
    ++sent[at.offset];
    advance(at);
  }
  return sent;
}

std::uint64_t FlowOrder::distinct_flows(const Cursor& end) const {
  const std::vector<std::uint64_t> sent = sent_per_group(end);
  std::uint64_t distinct = 0;
  for (std::uint32_t i = 0; i < group_count_; ++i) {
    const std::uint64_t members = small_members_ + (group_first_ + i < large_groups_ ? 1 : 0);
    distinct += std::min(members, sent[i]);
  }
  return distinct;
}

}  // namespace wireproof

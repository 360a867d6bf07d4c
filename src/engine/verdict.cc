#include "engine/verdict.h"

#include <fmt/format.h>

#include <algorithm>

#include "trial/derive.h"

namespace wireproof {
namespace {

// Why the tester cannot vouch for this direction; empty when it can.
std::string disturbance(const DirectionResult& direction, const VerdictLimits& limits) {
  const Counts& counts = direction.counts;
  const Attribution& where = direction.attribution;
  const double tolerated = std::max(limits.unsent_ratio * static_cast<double>(counts.intended),
                                    static_cast<double>(limits.burst));
  if (static_cast<double>(counts.unsent) > tolerated) {
    return fmt::format("tx shortfall: {} of {} intended frames were not offered", counts.unsent,
                       counts.intended);
  }
  if (where.tx_ring > 0) {
    return fmt::format("tx ring: {} accepted frames were dropped before the wire", where.tx_ring);
  }
  if (!has_receiver(direction)) return {};
  if (const std::string broken = check_identities(direction); !broken.empty()) {
    return fmt::format("accounting: {}", broken);
  }
  if (counts.readdressed > 0) {
    return fmt::format(
        "readdressed: {} of this trial's frames arrived at {} and not where they were sent: "
        "something in the path rewrites addresses (NAT); send to an address and port that it "
        "leaves alone (--dst-ip, --dst-port)",
        counts.readdressed, direction.readdressed_to);
  }
  if (where.rx_ring > 0) {
    return fmt::format("rx ring: up to {} frames were dropped by the tester's own receive ring",
                       where.rx_ring);
  }
  if (where.rx_nic > 0) {
    return fmt::format("rx nic: up to {} frames were dropped by the tester's own NIC",
                       where.rx_nic);
  }
  if (where.not_attributable > direction.pacing.lost_behind) {
    return fmt::format(
        "not attributable: {} frames were lost, and the receiving driver hides its own drops",
        where.not_attributable - direction.pacing.lost_behind);
  }
  if (counts.unclassified > 0) {
    return fmt::format("window: {} frames came {} or more numbers late and cannot be told apart",
                       counts.unclassified, direction.window);
  }
  return {};
}

std::string behind_bursts(const DirectionResult& direction) {
  return fmt::format(
      "not attributable: {} of {} lost frames fell in or behind bursts of up to {} that the tester "
      "sent when its core was taken away; more than {} at once are charged to nobody",
      direction.pacing.lost_behind, direction.counts.lost, direction.pacing.burst_max,
      direction.pacing.burst_room);
}

}  // namespace

void judge(TrialResult& result, const VerdictLimits& limits) {
  result.verdict = Verdict::kInvalid;
  if (!result.reason.empty()) return;  // something outside the counts spoiled it: link, queues
  if (result.interrupted) {
    result.reason = "interrupted";
    return;
  }
  for (const DirectionResult& direction : result.directions) {
    result.reason = disturbance(direction, limits);
    if (!result.reason.empty()) return;
  }
  result.verdict = verdict_by_loss(result, result.spec.goal_loss_ratio);
  if (result.verdict == Verdict::kPass) return;
  for (const DirectionResult& direction : result.directions) {
    if (!has_receiver(direction) || loss_ratio(direction.counts) <= result.spec.goal_loss_ratio) {
      continue;
    }
    result.reason = result.verdict == Verdict::kFail
                        ? fmt::format("{} of {} offered frames were lost", direction.counts.lost,
                                      direction.counts.offered)
                        : behind_bursts(direction);
    return;
  }
}

}  // namespace wireproof

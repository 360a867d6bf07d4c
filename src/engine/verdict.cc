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
  if (where.not_attributable > 0) {
    return fmt::format(
        "not attributable: {} frames were lost, and the receiving driver hides its own drops",
        where.not_attributable);
  }
  if (counts.unclassified > 0) {
    return fmt::format("window: {} frames came {} or more numbers late and cannot be told apart",
                       counts.unclassified, direction.window);
  }
  return {};
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
  for (const DirectionResult& direction : result.directions) {
    const double ratio = has_receiver(direction) ? loss_ratio(direction.counts) : 0;
    if (ratio > result.spec.goal_loss_ratio) {
      result.verdict = Verdict::kFail;
      result.reason = fmt::format("{} of {} offered frames were lost", direction.counts.lost,
                                  direction.counts.offered);
      return;
    }
  }
  result.verdict = Verdict::kPass;
}

}  // namespace wireproof

#include "engine/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/units.h"
#include "traffic/pacer.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

constexpr const char* kShortfall = "tx shortfall";

// Of one direction or all: no loss of no frames is no pass.
bool nothing_sent(const TrialResult& result) {
  return std::any_of(result.directions.begin(), result.directions.end(),
                     [](const DirectionResult& one) { return one.counts.offered == 0; });
}

// What would let the tester offer what was asked.
std::string shortfall_advice(const DirectionResult& direction, const VerdictLimits& limits) {
  const PacingSummary& pacing = direction.pacing;
  const double behind =
      pacing.gap_target > 0
          ? std::ceil(static_cast<double>(pacing.lateness_max) / pacing.gap_target) + 1
          : 0;
  const auto needed = static_cast<std::uint64_t>(std::min(behind, 1e9));
  std::string advice = "to offer all of it: ";
  if (pacing.stalls > 0 && needed > limits.burst_allowed && needed <= Pacer::kBurstMax) {
    advice += fmt::format(
        "--burst {} catches up after the longest transmit lateness, {}, if the device's queue has "
        "room for it; or ",
        std::bit_ceil(needed), format_duration(pacing.lateness_max));
  }
  return advice + "use a lower rate, more --queues with their own cores (--tx-cores)" +
         (limits.isolated ? std::string()
                          : ", or fewer other programs on them (--isolate, as root)") +
         "; 'wireproof doctor' shows what limits this host";
}

// Every direction's loss is in the reason, and each is named where there are several.
std::string loss_text(const TrialResult& result) {
  Counts sum;
  std::string each;
  for (const DirectionResult& direction : result.directions) {
    sum.offered += direction.counts.offered;
    sum.lost += direction.counts.lost;
    each += fmt::format("{}{} -> {} {} of {}", each.empty() ? ": " : ", ", direction.from,
                        receiver_name(direction), format_count(direction.counts.lost),
                        format_count(direction.counts.offered));
  }
  return fmt::format("{} of {} offered frames were lost{}", format_count(sum.lost),
                     format_count(sum.offered), result.directions.size() > 1 ? each : "");
}

std::string accounting(const DirectionResult& direction) {
  const std::string broken = check_identities(direction);
  return broken.empty() ? broken : fmt::format("accounting: {}", broken);
}

// Why the tester cannot guarantee this direction; empty when it can.
std::string disturbance(const DirectionResult& direction, const VerdictLimits& limits) {
  if (limits.link_went) return accounting(direction);
  const Counts& counts = direction.counts;
  const Attribution& where = direction.attribution;
  const double tolerated = std::max(limits.unsent_ratio * static_cast<double>(counts.intended),
                                    static_cast<double>(limits.burst));
  if (static_cast<double>(counts.unsent) > tolerated) {
    return fmt::format("{}: {} of {} intended frames were not offered", kShortfall,
                       format_count(counts.unsent), format_count(counts.intended));
  }
  if (where.tx_ring > 0) {
    return fmt::format("tx ring: {} accepted frames were dropped before the wire",
                       format_count(where.tx_ring));
  }
  if (!has_receiver(direction)) return {};
  if (const std::string broken = accounting(direction); !broken.empty()) return broken;
  if (counts.readdressed > 0) {
    return fmt::format(
        "readdressed: {} of this trial's frames arrived at {} and not where they were sent: "
        "something in the path rewrites addresses (NAT); send to an address and port that it "
        "leaves alone (--dst-ip, --dst-port)",
        counts.readdressed, direction.readdressed_to);
  }
  if (where.rx_ring > 0) {
    return fmt::format("rx ring: up to {} frames were dropped by the tester's own receive ring",
                       format_count(where.rx_ring));
  }
  if (where.rx_nic > 0) {
    return fmt::format("rx nic: up to {} frames were dropped by the tester's own NIC or host",
                       format_count(where.rx_nic));
  }
  if (where.not_attributable > direction.pacing.lost_behind) {
    return fmt::format(
        "not attributable: {} frames were lost, and the receiving driver does not report its own "
        "drops",
        format_count(where.not_attributable - direction.pacing.lost_behind));
  }
  if (counts.unclassified > 0) {
    return fmt::format(
        "window: {} frames came {} or more numbers late; their order and duplication are unknown",
        counts.unclassified, direction.window);
  }
  return {};
}

std::string behind_bursts(const DirectionResult& direction) {
  return fmt::format(
      "not attributable: {} of {} lost frames were in or behind bursts of up to {} that the tester "
      "sent after a pre-emption; the tester does not charge losses behind more than {} frames at "
      "once to the device",
      format_count(direction.pacing.lost_behind), format_count(direction.counts.lost),
      direction.pacing.burst_max, direction.pacing.burst_room);
}

}  // namespace

void judge(TrialResult& result, const VerdictLimits& limits) {
  result.verdict = Verdict::kInvalid;
  if (!result.reason.empty()) return;  // something outside the counts spoiled it: link, queues
  if (result.interrupted) {
    result.reason = nothing_sent(result) ? "interrupted before a frame was sent" : "interrupted";
    return;
  }
  if (nothing_sent(result)) {
    result.reason = "no frame was sent";
    return;
  }
  for (const DirectionResult& direction : result.directions) {
    result.reason = disturbance(direction, limits);
    if (result.reason.empty()) continue;
    if (result.reason.starts_with(kShortfall)) {
      result.notes.push_back(shortfall_advice(direction, limits));
    }
    if (result.directions.size() > 1) {
      result.reason += fmt::format(" ({} -> {})", direction.from, receiver_name(direction));
    }
    return;
  }
  result.verdict = verdict_by_loss(result, result.spec.goal_loss_ratio);
  if (result.verdict == Verdict::kPass) return;
  for (const DirectionResult& direction : result.directions) {
    if (!has_receiver(direction) || loss_ratio(direction.counts) <= result.spec.goal_loss_ratio) {
      continue;
    }
    result.reason = result.verdict == Verdict::kFail ? loss_text(result) : behind_bursts(direction);
    return;
  }
}

}  // namespace wireproof

#include "engine/core_plan.h"

#include <fmt/format.h>

#include <algorithm>

namespace wireproof {
namespace {

bool contains(const CpuList& list, unsigned cpu) {
  return std::find(list.begin(), list.end(), cpu) != list.end();
}

Status check_allowed(const CpuList& wanted, const CpuList& allowed, std::string_view flag) {
  for (const unsigned cpu : wanted) {
    if (!contains(allowed, cpu)) {
      return fail(ErrorKind::kUsage,
                  fmt::format("{} {}: this process may not run there", flag, cpu),
                  fmt::format("allowed cores: {}", fmt::join(allowed, ",")));
    }
  }
  return {};
}

std::vector<unsigned> deal(const CpuList& cores, unsigned loops) {
  std::vector<unsigned> dealt;
  for (unsigned i = 0; i < loops; ++i) dealt.push_back(cores[i % cores.size()]);
  return dealt;
}

std::string describe(const CorePlan& plan) {
  return fmt::format("threads share cores: sender on {}, receiver on {}", fmt::join(plan.tx, ","),
                     fmt::join(plan.rx, ","));
}

}  // namespace

Result<CorePlan> plan_cores(const CorePlanSpec& spec) {
  for (const auto& [cores, flag] :
       {std::pair{&spec.tx_cores, "--tx-cores"}, std::pair{&spec.rx_cores, "--rx-cores"}}) {
    if (const Status ok = check_allowed(*cores, spec.allowed, flag); !ok) {
      return tl::unexpected(ok.error());
    }
  }
  CpuList preferred;
  for (const unsigned cpu : spec.allowed) {
    if (contains(spec.near, cpu)) preferred.push_back(cpu);
  }
  if (preferred.size() < std::min<std::size_t>(spec.allowed.size(), 2)) preferred = spec.allowed;
  if (spec.isolate && preferred.size() > 1)
    std::erase(preferred, spec.allowed.front());  // the host's

  CpuList tx = spec.tx_cores;
  CpuList rx = spec.rx_cores;
  if (rx.empty()) rx = preferred;
  if (tx.empty()) tx.assign(preferred.rbegin(), preferred.rend());
  CorePlan plan{.tx = deal(tx, spec.tx_loops), .rx = deal(rx, spec.rx_loops)};

  const CpuList used = plan.with_loops();
  plan.shared = used.size() < plan.tx.size() + plan.rx.size();
  if (plan.shared) plan.note = describe(plan);
  const CpuList kept_free = spec.isolate ? used : plan.tx;
  for (const unsigned cpu : spec.allowed) {
    if (!contains(kept_free, cpu)) plan.control.push_back(cpu);
  }
  if (plan.control.empty() && spec.isolate) {
    return fail(ErrorKind::kUsage,
                fmt::format("--isolate: the loops need all cores that this process may use: {}",
                            fmt::join(spec.allowed, ",")),
                "leave one to the rest of the host: --tx-cores, --rx-cores, fewer --queues");
  }
  if (plan.control.empty()) plan.control = spec.allowed;
  return plan;
}

CpuList CorePlan::with_loops() const {
  CpuList used = tx;
  used.insert(used.end(), rx.begin(), rx.end());
  std::sort(used.begin(), used.end());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  return used;
}

}  // namespace wireproof

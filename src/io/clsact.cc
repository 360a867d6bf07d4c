#include "io/clsact.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <vector>

#include "io/link_messages.h"
#include "io/netlink.h"

namespace wireproof {
namespace {

constexpr std::uint32_t kIngress = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
constexpr std::uint32_t kEgress = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS);
constexpr std::uint32_t kPriorityMax = 0xffff;

Result<std::vector<TcFilter>> filters_at(unsigned interface_index, std::uint32_t parent) {
  tcmsg wanted{};
  wanted.tcm_ifindex = static_cast<int>(interface_index);
  wanted.tcm_parent = parent;
  std::vector<TcFilter> filters;
  const Status asked =
      netlink_ask(NetlinkRequest(RTM_GETTFILTER, NLM_F_DUMP, wanted),
                  [&](const NetlinkAnswer& answer) { filters.push_back(tc_filter_of(answer)); });
  if (!asked) return tl::unexpected(asked.error());
  return filters;
}

Result<bool> has_clsact(unsigned interface_index) {
  tcmsg wanted{};
  wanted.tcm_ifindex = static_cast<int>(interface_index);
  bool found = false;
  const Status asked = netlink_ask(
      NetlinkRequest(RTM_GETQDISC, NLM_F_DUMP, wanted), [&](const NetlinkAnswer& answer) {
        const auto header = answer.header<tcmsg>();
        // The kernel dumps every interface's, whatever was asked.
        if (header.tcm_ifindex == wanted.tcm_ifindex && header.tcm_parent == TC_H_CLSACT) {
          found = true;
        }
      });
  if (!asked) return tl::unexpected(asked.error());
  return found;
}

bool is_ours(const TcFilter& filter) {
  return filter.handle == 0 || filter.program_name.starts_with(kClsactProgramName);
}

Status ask_tc(std::uint16_t type, const tcmsg& what) {
  Status done = netlink_ask(NetlinkRequest(type, NLM_F_ACK, what), [](const NetlinkAnswer&) {});
  // Gone with its interface, or by somebody else's hand, is as good.
  const int error = done ? 0 : done.error().errno_value;
  if (done || error == ENOENT || error == EINVAL || error == ENODEV) return {};
  return done;
}

Status delete_filter(unsigned interface_index, const TcFilter& filter) {
  tcmsg what{};
  what.tcm_ifindex = static_cast<int>(interface_index);
  what.tcm_parent = kIngress;
  what.tcm_handle = filter.handle;
  what.tcm_info = TC_H_MAKE(filter.priority << 16, htons(ETH_P_ALL));
  return ask_tc(RTM_DELTFILTER, what);
}

Status delete_empty_qdisc(unsigned interface_index) {
  for (const std::uint32_t parent : {kIngress, kEgress}) {
    const auto filters = filters_at(interface_index, parent);
    if (filters && !filters->empty()) return {};  // somebody else uses it by now
  }
  tcmsg what{};
  what.tcm_ifindex = static_cast<int>(interface_index);
  what.tcm_parent = TC_H_CLSACT;
  what.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
  return ask_tc(RTM_DELQDISC, what);
}

// 0 where the field is missing or no number: matches nothing.
std::uint32_t number(const JournalEntry& entry, const char* key) {
  const auto field = entry.fields.find(key);
  std::uint32_t value = 0;
  if (field == entry.fields.end()) return 0;
  const std::string& text = field->second;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

Result<ClsactFilter> plan_ingress_filter(const LinuxInterface& interface,
                                         std::uint32_t program_id) {
  const auto present = has_clsact(interface.index);
  if (!present) return tl::unexpected(present.error());
  ClsactFilter plan{.priority = 1, .program_id = program_id, .takes_qdisc_away = !*present};
  if (!*present) return plan;
  const auto filters = filters_at(interface.index, kIngress);
  if (!filters) return tl::unexpected(filters.error());
  const auto taken = [&](std::uint32_t priority) {
    return std::any_of(filters->begin(), filters->end(),
                       [&](const TcFilter& filter) { return filter.priority == priority; });
  };
  while (plan.priority < kPriorityMax && taken(plan.priority)) ++plan.priority;
  // Another wireproof made it, and would leave it to us.
  plan.takes_qdisc_away =
      !filters->empty() && std::all_of(filters->begin(), filters->end(), is_ours);
  return plan;
}

JournalEntry journal_entry(const LinuxInterface& interface, const ClsactFilter& filter) {
  return {.kind = kClsactKind,
          .fields = {{"interface", interface.name},
                     {"index", std::to_string(interface.index)},
                     {"priority", std::to_string(filter.priority)},
                     {"handle", std::to_string(filter.handle)},
                     {"program", std::to_string(filter.program_id)},
                     {"qdisc", filter.takes_qdisc_away ? "ours" : "found"}}};
}

Status undo_clsact_filter(const JournalEntry& entry) {
  const std::uint32_t index = number(entry, "index");
  const auto present = has_clsact(index);
  if (!present) return tl::unexpected(present.error());
  if (!*present) return {};
  const auto filters = filters_at(index, kIngress);
  if (!filters) return tl::unexpected(filters.error());
  for (const TcFilter& filter : *filters) {
    if (filter.handle == 0 || filter.program_id != number(entry, "program") ||
        filter.priority != number(entry, "priority") || !is_ours(filter)) {
      continue;
    }
    if (Status deleted = delete_filter(index, filter); !deleted) return deleted;
  }
  const auto qdisc = entry.fields.find("qdisc");
  if (qdisc == entry.fields.end() || qdisc->second != "ours") return {};
  return delete_empty_qdisc(index);
}

}  // namespace wireproof

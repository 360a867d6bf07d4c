// The clsact queueing discipline and the filters on it (man 8 tc, tc-bpf): what must be known to
// leave an interface as it was found. Attaching a program is the driver's part.
#pragma once

#include <cstdint>
#include <string>

#include "base/journal.h"
#include "base/result.h"
#include "io/linux_interface.h"

namespace wireproof {

struct ClsactFilter {
  std::uint32_t priority = 0;
  std::uint32_t handle = 1;
  std::uint32_t program_id = 0;   // of the BPF program: tells ours from a later one in its place
  bool takes_qdisc_away = false;  // the qdisc is ours: it goes with its last filter
};

// All programs that wireproof attaches are called so; how a filter is known as ours.
inline constexpr const char* kClsactProgramName = "wireproof_guard";

// A free place for an ingress filter, in front of the others where there is room.
[[nodiscard]] Result<ClsactFilter> plan_ingress_filter(const LinuxInterface& interface,
                                                       std::uint32_t program_id);

// For the journal: JournalEntry{kClsactKind, ...} and its undo.
inline constexpr const char* kClsactKind = "clsact-filter";
[[nodiscard]] JournalEntry journal_entry(const LinuxInterface& interface,
                                         const ClsactFilter& filter);
[[nodiscard]] Status undo_clsact_filter(const JournalEntry& entry);

}  // namespace wireproof

// On which CPUs the interrupts of NICs are served (Documentation/core-api/irq/irq-affinity.rst).
#pragma once

#include <string>
#include <vector>

#include "base/cpu.h"
#include "base/journal.h"
#include "base/result.h"
#include "io/pci_nic.h"

namespace wireproof {

// Of `nics`, those that these ports are, by PCI address or interface, or stand on (VLANs, bonds,
// bridges), by the lower_* links of sysfs below `root`.
[[nodiscard]] std::vector<PciNic> nics_below(const std::vector<std::string>& ports,
                                             std::vector<PciNic> nics,
                                             const std::string& root = "/");

struct MovedInterrupts {
  unsigned moved = 0;
  std::vector<unsigned> refused;  // numbers
  int refusal = 0;                // of the last: errno
};

// Serves the NICs' interrupts on none of `off`: on what is left of the CPUs they are allowed, or
// where nothing is left on the others of `online`. Each is written to the journal, which undoes it.
// Fails (kPrecondition) where the journal cannot be written.
[[nodiscard]] Result<MovedInterrupts> move_interrupts(const std::vector<PciNic>& nics,
                                                      const CpuList& off, const CpuList& online,
                                                      Journal& journal,
                                                      const std::string& root = "/");

// Of the NICs' interrupts, how many may be served on one of these CPUs now.
[[nodiscard]] unsigned served_on(const std::vector<PciNic>& nics, const CpuList& cpus,
                                 const std::string& root = "/");

// For the journal: JournalEntry{kInterruptKind, ...} and its undo, which leaves alone what somebody
// else has set meanwhile.
inline constexpr const char* kInterruptKind = "interrupt-affinity";
[[nodiscard]] Status undo_interrupt_affinity(const JournalEntry& entry,
                                             const std::string& root = "/");

}  // namespace wireproof

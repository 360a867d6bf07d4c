#include "job/isolation.h"

#include <fmt/format.h>

#include "io/interrupts.h"
#include "job/leftovers.h"

namespace wireproof {

Isolation::Isolation() : journal_(undo_kinds()) {}

Result<std::unique_ptr<Isolation>> Isolation::make(const CpuList& cores,
                                                   const std::vector<std::string>& interfaces) {
  std::unique_ptr<Isolation> made(new Isolation);
  auto partition = CorePartition::make(cores, made->journal_);
  if (!partition) return tl::unexpected(partition.error());
  made->partition_ = std::move(*partition);
  made->facts_.cores = cores;
  const std::vector<PciNic> nics = nics_below(interfaces, read_pci_nics("/"));
  const auto moved = move_interrupts(nics, cores, CpuFacts{}.online(), made->journal_);
  if (!moved) return tl::unexpected(moved.error());
  made->facts_.interrupts_moved = moved->moved;
  if (!moved->refused.empty())
    made->notes_.push_back(fmt::format(
        "the kernel keeps interrupts of a test port on isolated cores (of /proc/irq: {}); it "
        "manages them itself",
        fmt::join(moved->refused, ",")));
  return made;
}

}  // namespace wireproof

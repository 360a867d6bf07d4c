#include "job/isolation.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <cstdio>
#include <cstring>

#include "io/interrupts.h"
#include "job/leftovers.h"

namespace wireproof {
namespace {

// Linux before 6.2: the CPUs that a program was given are forgotten with every change of its
// group's (commit "sched: Always preserve the user requested cpumask").
bool kernel_forgets_pins() {
  utsname names{};
  unsigned major = 0, minor = 0;
  uname(&names);
  return std::sscanf(names.release, "%u.%u", &major, &minor) == 2 &&
         (major < 6 || (major == 6 && minor < 2));
}

}  // namespace

Isolation::Isolation() : journal_(undo_kinds()) {}

Result<std::unique_ptr<Isolation>> Isolation::make(const CpuList& cores,
                                                   const std::vector<std::string>& ports) {
  std::unique_ptr<Isolation> made(new Isolation);
  auto partition = CorePartition::make(cores, made->journal_);
  if (!partition) return tl::unexpected(partition.error());
  made->partition_ = std::move(*partition);
  made->facts_.cores = cores;
  if (kernel_forgets_pins())
    made->notes_.emplace_back(
        "--isolate on a kernel before 6.2: programs that were pinned (taskset, dut --core) may run "
        "on any core from now on");
  made->nics_ = nics_below(ports, read_pci_nics("/"));
  const auto moved = move_interrupts(made->nics_, cores, CpuFacts{}.online(), made->journal_);
  if (!moved) return tl::unexpected(moved.error());
  made->facts_.interrupts_moved = moved->moved;
  made->left_ = static_cast<unsigned>(moved->refused.size());
  if (made->left_ > 0)
    made->notes_.push_back(fmt::format(
        "interrupts of the ports stay on isolated cores (of /proc/irq: {}): the kernel refuses to "
        "move them: {}",
        fmt::join(moved->refused, ","), std::strerror(moved->refusal)));
  return made;
}

std::string Isolation::interrupts_came_back() const {
  const unsigned served = served_on(nics_, facts_.cores);
  if (served <= left_) return {};
  return fmt::format(
      "{} interrupts of the ports were moved back to isolated cores by another program "
      "(irqbalance, "
      "or the driver)",
      served - left_);
}

}  // namespace wireproof

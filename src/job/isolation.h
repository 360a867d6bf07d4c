// --isolate: the cores of a test's loops are taken from everybody else, and the interrupts of its
// NICs from them, until the test has ended. Undone by this, by the next start, or by `cleanup`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/core_partition.h"
#include "base/journal.h"
#include "io/pci_nic.h"
#include "report/document.h"

namespace wireproof {

class Isolation {
 public:
  // `cores`: not empty. `ports`: interfaces and PCI addresses of the test. Fails with
  // kPrecondition; then nothing has changed. No thread is in the partition any more when this ends.
  [[nodiscard]] static Result<std::unique_ptr<Isolation>> make(
      const CpuList& cores, const std::vector<std::string>& ports);

  [[nodiscard]] const CorePartition& partition() const { return *partition_; }
  [[nodiscard]] const IsolationFacts& facts() const { return facts_; }
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }
  // Interrupts that are served on the cores in spite of it now, as a sentence; empty: none.
  [[nodiscard]] std::string interrupts_came_back() const;

 private:
  Isolation();

  Journal journal_;
  std::unique_ptr<CorePartition> partition_;  // ends first: the process leaves it
  std::vector<PciNic> nics_;
  unsigned left_ = 0;  // interrupts that could not be moved
  IsolationFacts facts_;
  std::vector<std::string> notes_;
};

}  // namespace wireproof

// --isolate: the cores of a test's loops are taken from everybody else, and the interrupts of its
// NICs from them, until the test has ended. Undone by this, by the next start, or by `cleanup`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/core_partition.h"
#include "base/journal.h"
#include "report/document.h"

namespace wireproof {

class Isolation {
 public:
  // `cores`: not empty. `interfaces`: those of the test's ports. Fails with kPrecondition; then
  // nothing has changed. No thread is in the partition any more when this ends.
  [[nodiscard]] static Result<std::unique_ptr<Isolation>> make(
      const CpuList& cores, const std::vector<std::string>& interfaces);

  [[nodiscard]] const CorePartition& partition() const { return *partition_; }
  [[nodiscard]] const IsolationFacts& facts() const { return facts_; }
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  Isolation();

  Journal journal_;
  std::unique_ptr<CorePartition> partition_;  // ends first: the process leaves it
  IsolationFacts facts_;
  std::vector<std::string> notes_;
};

}  // namespace wireproof

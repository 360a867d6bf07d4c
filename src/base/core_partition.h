// Cores that the scheduler gives to nobody else: an isolated partition of the host's cgroup v2
// (Documentation/admin-guide/cgroup-v2.rst, cpuset.cpus.partition; Linux 6.1 and later). Threads
// that join it run there; all other programs go to the other cores, those too that were pinned to
// these. Kernel threads that belong to a core stay.
//
// A thread can be in another group than its process only below the group of the process, and a
// partition only below another one: so the process goes to the root group meanwhile, and the
// partition is a threaded group of that.
#pragma once

#include <memory>
#include <string>

#include "base/cpu.h"
#include "base/journal.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace wireproof {

class CorePartition {
 public:
  // Whether this process could make one: its rights, and how the host has set up its groups.
  // Changes nothing. kPrecondition. Files are looked for below `root`.
  [[nodiscard]] static Status check(const std::string& root = "/");

  // Takes `cores` (not empty) from all others. Written to the journal before it is made; the
  // journal is also what takes it away, after this. One at a time in a process. kPrecondition.
  [[nodiscard]] static Result<std::unique_ptr<CorePartition>> make(const CpuList& cores,
                                                                   Journal& journal);

  // The process goes back to the group it came from, with all its threads.
  ~CorePartition();
  CorePartition(const CorePartition&) = delete;
  CorePartition& operator=(const CorePartition&) = delete;

  // The calling thread is in the partition from now on, and may pin itself to one of the cores.
  [[nodiscard]] Status join() const;
  // Whether the cores are still taken: whoever may write there can undo it, and so does the kernel
  // where another group claims them. Says why not.
  [[nodiscard]] Status holds() const;

 private:
  CorePartition(std::string groups, std::string name)
      : groups_(std::move(groups)), name_(std::move(name)) {}

  std::string groups_;  // where the hierarchy is mounted
  std::string name_;    // of the partition's group there
  UniqueFd threads_;    // its cgroup.threads
  std::string before_;  // the group the process was taken from; empty: it was not
};

// For the journal: JournalEntry{kCorePartitionKind, ...} and its undo.
inline constexpr const char* kCorePartitionKind = "core-partition";
[[nodiscard]] Status undo_core_partition(const JournalEntry& entry, const std::string& root = "/");

}  // namespace wireproof

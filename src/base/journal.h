// Changes to the host that the kernel does not undo by itself when a process dies. Each is written
// to a file before it is made, and undone from what is written there: by the process that made it,
// or, when that was killed, by `wireproof cleanup` or the next start.
//
// A journal file belongs to the living process that holds its lock (flock), which the kernel drops
// at death. The format is one line an entry, `KIND NETNS key=value ...`, so that a person can undo
// it by hand.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace wireproof {

// What a change was, in its maker's words: enough to undo it, and to recognise that it is no longer
// there or has been replaced by somebody else's.
struct JournalEntry {
  std::string kind;  // names the undo; no blanks
  std::map<std::string, std::string> fields;
  // Inode of the network namespace it was made in, filled by record(); kWholeHost: of none.
  std::uint64_t netns = 0;

  static constexpr std::uint64_t kWholeHost = 0;
};

// Undoes one change, in the namespace it was made in (anywhere, what is the whole host's). Succeeds
// also when there is nothing (left) to undo: the entry is written first, and the change may not
// have been made.
using Undo = std::function<Status(const JournalEntry&)>;
using UndoKinds = std::map<std::string, Undo>;

// /run/wireproof where this process may write there, else $XDG_RUNTIME_DIR/wireproof; empty when
// there is neither.
[[nodiscard]] std::filesystem::path journal_directory();

// One thread. Makes its file at the first record, removes it with its last entry.
class Journal {
 public:
  enum class Where { kThisNamespace, kHost };

  explicit Journal(UndoKinds kinds, std::filesystem::path directory = journal_directory())
      : kinds_(std::move(kinds)), directory_(std::move(directory)) {}
  // Undoes everything, the latest first. What cannot be undone stays written, so does what was made
  // in a network namespace that this thread has left.
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Call before the change. `entry.kind` is one of the kinds given. Fails (kPrecondition) when it
  // cannot be written: then the change must not be made.
  [[nodiscard]] Status record(JournalEntry entry, Where where = Where::kThisNamespace);

 private:
  [[nodiscard]] Status create_file();

  UndoKinds kinds_;
  std::filesystem::path directory_, path_;
  UniqueFd file_;
  std::vector<JournalEntry> entries_;
};

enum class Leftover {
  kUndone,
  kWouldUndo,    // dry run
  kFailed,       // `reason` says why; stays written
  kElsewhere,    // in another, living network namespace: stays written
  kVanished,     // its network namespace is gone and took it along
  kUnknownKind,  // written by another version or build; stays written
};

struct LeftoverChange {
  JournalEntry entry;
  pid_t owner = 0;  // who made it
  Leftover outcome = Leftover::kUndone;
  std::string reason;
};

// Undoes what dead processes left. Living ones' journals are not touched. With `dry_run` changes
// nothing. Fails (kPrecondition) when the directory cannot be read; a missing one is empty.
[[nodiscard]] Result<std::vector<LeftoverChange>> undo_dead(
    const UndoKinds& kinds, bool dry_run,
    const std::filesystem::path& directory = journal_directory());

// What is written now, by the living and the dead; of files that cannot be read nothing.
[[nodiscard]] std::vector<JournalEntry> all_journalled(
    const std::filesystem::path& directory = journal_directory());

// The file's format: the line of one entry, with its newline, and the entries of a whole file. A
// line that was cut short by the death of its writer is left out: that change was not made.
[[nodiscard]] std::string journal_line(const JournalEntry& entry);
[[nodiscard]] std::vector<JournalEntry> parse_journal(std::string_view text);

// "clsact-filter interface=eth0 ..." for people.
[[nodiscard]] std::string describe(const JournalEntry& entry);

}  // namespace wireproof

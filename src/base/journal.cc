#include "base/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>

namespace wireproof {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSuffix = ".journal";
constexpr int kCreateAttempts = 100;  // names taken, or taken away by a cleanup at that moment

std::uint64_t namespace_inode(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

std::uint64_t own_namespace() {
  return namespace_inode("/proc/thread-self/ns/net");
}

// Somebody lives in it, or `ip netns` keeps it. One that is only held open by a descriptor is
// missed; its entry is then called vanished.
bool namespace_lives(std::uint64_t inode) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/run/netns", error)) {
    if (namespace_inode(entry.path()) == inode) return true;
  }
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (namespace_inode(entry.path() / "ns/net") == inode) return true;
  }
  return false;
}

bool is_plain(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 ||
         std::strchr("._:/-", letter) != nullptr;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char letter : text) {
    if (is_plain(letter) && letter != '\0') {
      out += letter;
    } else {
      out += fmt::format("%{:02x}", static_cast<unsigned char>(letter));
    }
  }
  return out;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    const char* first = text.data() + i + 1;
    if (text.size() - i < 3 || std::from_chars(first, first + 2, value, 16).ptr != first + 2) {
      return std::nullopt;
    }
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

// nullopt for a line that no writer of ours has finished.
std::optional<JournalEntry> parse_line(const std::string& line) {
  std::istringstream words(line);
  JournalEntry entry;
  if (!(words >> entry.kind >> entry.netns)) return std::nullopt;
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) return std::nullopt;
    const auto value = unescaped(std::string_view(word).substr(equals + 1));
    if (!value) return std::nullopt;
    entry.fields[word.substr(0, equals)] = *value;
  }
  return entry;
}

std::vector<JournalEntry> read_entries(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream content;
  content << file.rdbuf();
  return parse_journal(content.view());
}

bool write_all(const UniqueFd& file, const std::string& text) {
  return ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// The lock and the file's name may part when a cleanup deletes what it believes dead.
bool still_named(const UniqueFd& file) {
  struct stat status {};
  return fstat(file.get(), &status) == 0 && status.st_nlink > 0;
}

bool is_here(const JournalEntry& entry) {
  return entry.netns == JournalEntry::kWholeHost || entry.netns == own_namespace();
}

LeftoverChange judge(const JournalEntry& entry, const UndoKinds& kinds, bool dry_run) {
  LeftoverChange change;
  change.entry = entry;
  const auto undo = kinds.find(entry.kind);
  if (!is_here(entry)) {
    change.outcome = namespace_lives(entry.netns) ? Leftover::kElsewhere : Leftover::kVanished;
  } else if (undo == kinds.end()) {
    change.outcome = Leftover::kUnknownKind;
  } else if (dry_run) {
    change.outcome = Leftover::kWouldUndo;
  } else if (const Status undone = undo->second(entry); !undone) {
    change.outcome = Leftover::kFailed;
    change.reason = undone.error().message;
  }
  return change;
}

bool stays_written(const LeftoverChange& change) {
  return change.outcome != Leftover::kUndone && change.outcome != Leftover::kVanished;
}

// The latest first. The file goes when all of it is undone; an entry undone twice does no harm.
void undo_file(const fs::path& path, const UndoKinds& kinds, bool dry_run,
               std::vector<LeftoverChange>& changes) {
  const UniqueFd file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file || flock(file.get(), LOCK_EX | LOCK_NB) != 0) return;  // its owner lives
  std::vector<JournalEntry> entries = read_entries(path);
  std::reverse(entries.begin(), entries.end());
  bool all_gone = true;
  for (const JournalEntry& entry : entries) {
    LeftoverChange change = judge(entry, kinds, dry_run);
    change.owner = static_cast<pid_t>(std::atoi(path.filename().c_str()));
    all_gone = all_gone && !stays_written(change);
    changes.push_back(std::move(change));
  }
  if (all_gone && !dry_run) ::unlink(path.c_str());
}

Status cannot_write(const fs::path& path, int error) {
  return fail(ErrorKind::kPrecondition,
              fmt::format("cannot write the journal {}: {}", path.string(), std::strerror(error)),
              "make /run/wireproof writable, or set XDG_RUNTIME_DIR", error);
}

}  // namespace

fs::path journal_directory() {
  fs::path system = "/run/wireproof";
  std::error_code error;
  const bool exists = fs::exists(system, error);
  if (access(exists ? system.c_str() : "/run", W_OK | X_OK) == 0) return system;
  const char* own = std::getenv("XDG_RUNTIME_DIR");
  return own != nullptr && *own != '\0' ? fs::path(own) / "wireproof" : fs::path();
}

Status Journal::create_file() {
  static std::atomic<unsigned> counter{0};
  if (directory_.empty()) return cannot_write("/run/wireproof", EACCES);
  std::error_code ignored;
  fs::create_directory(directory_, ignored);  // when it fails, opening the file says why
  for (int attempt = 0; attempt < kCreateAttempts; ++attempt) {
    path_ = directory_ / fmt::format("{}.{}{}", getpid(), counter++, kSuffix);
    file_ =
        UniqueFd(::open(path_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_APPEND | O_CLOEXEC, 0600));
    if (!file_ && errno != EEXIST) return cannot_write(path_, errno);
    if (file_ && flock(file_.get(), LOCK_EX | LOCK_NB) == 0 && still_named(file_)) return {};
  }
  file_.close();
  return cannot_write(path_, EEXIST);
}

Status Journal::record(JournalEntry entry, Where where) {
  assert(kinds_.contains(entry.kind));
  if (!file_) {
    if (Status created = create_file(); !created) return created;
  }
  entry.netns = where == Where::kHost ? JournalEntry::kWholeHost : own_namespace();
  if (!write_all(file_, journal_line(entry))) return cannot_write(path_, errno);
  entries_.push_back(std::move(entry));
  return {};
}

Journal::~Journal() {
  bool all_undone = true;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    all_undone = is_here(*entry) && kinds_.at(entry->kind)(*entry).has_value() && all_undone;
  }
  if (file_ && all_undone) ::unlink(path_.c_str());
}

Result<std::vector<LeftoverChange>> undo_dead(const UndoKinds& kinds, bool dry_run,
                                              const fs::path& directory) {
  std::vector<LeftoverChange> changes;
  std::error_code error;
  if (directory.empty() || !fs::exists(directory, error)) return changes;
  for (const auto& file : fs::directory_iterator(directory, error)) {
    if (file.path().extension() == kSuffix) undo_file(file.path(), kinds, dry_run, changes);
  }
  if (error) {
    return fail(ErrorKind::kPrecondition,
                fmt::format("cannot read {}: {}", directory.string(), error.message()), {},
                error.value());
  }
  return changes;
}

std::vector<JournalEntry> all_journalled(const fs::path& directory) {
  std::vector<JournalEntry> all;
  std::error_code error;
  for (fs::directory_iterator file(directory, error), end; !error && file != end;
       file.increment(error)) {
    if (file->path().extension() != kSuffix) continue;
    for (JournalEntry& entry : read_entries(file->path())) all.push_back(std::move(entry));
  }
  return all;
}

std::string journal_line(const JournalEntry& entry) {
  std::string line = fmt::format("{} {}", entry.kind, entry.netns);
  for (const auto& [key, value] : entry.fields) line += fmt::format(" {}={}", key, escaped(value));
  return line + '\n';
}

std::vector<JournalEntry> parse_journal(std::string_view text) {
  std::vector<JournalEntry> entries;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    if (auto entry = parse_line(std::string(text.substr(0, end)))) {
      entries.push_back(std::move(*entry));
    }
    text.remove_prefix(end + 1);
  }
  return entries;
}

std::string describe(const JournalEntry& entry) {
  std::string text = entry.kind;
  for (const auto& [key, value] : entry.fields) text += fmt::format(" {}={}", key, value);
  // Whoever wrote the file: a terminal obeys what is no text.
  const auto unprintable = [](char letter) { return letter < ' ' || letter > '~'; };
  std::replace_if(text.begin(), text.end(), unprintable, '?');
  return text;
}

}  // namespace wireproof

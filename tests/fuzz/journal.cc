// Journals that dead processes left: what is read is written and read again, as the same, and a
// file that was cut short gives the entries that were whole, and no other.
#include "base/journal.h"
#include "fuzz/fuzz.h"

namespace wireproof::fuzz {
namespace {

std::string written(const std::vector<JournalEntry>& entries) {
  std::string text;
  for (const JournalEntry& entry : entries) text += journal_line(entry);
  return text;
}

bool same(const std::vector<JournalEntry>& one, const std::vector<JournalEntry>& other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](const JournalEntry& a, const JournalEntry& b) {
                      return a.kind == b.kind && a.netns == b.netns && a.fields == b.fields;
                    });
}

}  // namespace
}  // namespace wireproof::fuzz

FUZZ_TARGET(journal) {
  const auto entries = parse_journal(text_of(bytes));
  const std::string text = written(entries);
  const auto again = parse_journal(text);
  require(same(again, entries), "a journal is not read back");
  require(written(again) == text, "a journal changes when it is read");
  for (const JournalEntry& entry : entries) require_sentence(describe(entry), text.size() + 1);
  for (std::size_t cut = 0; cut < std::min<std::size_t>(text.size(), 64); ++cut) {
    const auto left = parse_journal(std::string_view(text).substr(0, text.size() - cut));
    require(left.size() + (cut == 0 ? 0 : 1) <= entries.size() || entries.empty(), "more is left");
    const std::vector<JournalEntry> front(
        entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(left.size()));
    require(same(left, front), "what is left of a journal is not its front");
  }
}

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "report/text_parts.h"
#include "trial/derive.h"

namespace wireproof {

namespace {

bool same_goal(const SearchGoal& a, const SearchGoal& b) {
  return a.name == b.name && a.loss_ratio == b.loss_ratio;
}

std::string heading(const SearchSpec& spec) {
  const std::string goal =
      spec.goal.loss_ratio == 0
          ? std::string("no frame is lost")
          : fmt::format("at most {} % of the frames are lost", percent_text(spec.goal.loss_ratio));
  const bool several = spec.duration_sum > spec.final_duration || spec.goal.exceed_ratio > 0;
  const std::string part =
      several ? fmt::format(" in {} % of {}", percent_text(1 - spec.goal.exceed_ratio),
                            duration_text(spec.duration_sum))
              : std::string();
  std::string text =
      fmt::format("highest rate at which {}{} ({}), to {} %, by trials of {}", goal, part,
                  spec.goal.name, percent_text(spec.precision), duration_text(spec.trial_duration));
  if (spec.final_duration > spec.trial_duration)
    text += fmt::format(", confirmed over {}", duration_text(spec.final_duration));
  return wrapped(text);
}

struct Cells {
  std::string size, fps, l1, l2, line, lost, loss, trials, note;
};

std::string row_text(const Cells& c, bool with_line) {
  std::string out = fmt::format("{:>5}{:>14}{:>11}{:>11}", c.size, c.fps, c.l1, c.l2);
  if (with_line) out += fmt::format("{:>8}", c.line);
  out += fmt::format("{:>10}{:>9}{:>7}", c.lost, c.loss, c.trials);
  if (!c.note.empty()) out += fmt::format("{:>5}", c.note);
  return trimmed_line(out);
}

Cells cells_of(const SearchResult& search, double line_rate_bps, const std::string& note) {
  const double size = exact_frame_size(search.spec);
  Cells c{.size = std::to_string(search.spec.frame_size),
          .fps = "-",
          .l1 = "-",
          .l2 = "-",
          .line = "-",
          .lost = "-",
          .loss = "-",
          .trials = std::to_string(search.trials.size()),
          .note = note};
  if (!search.lower_bound_fps) return c;
  const double fps = *search.lower_bound_fps;
  c.fps = fps_text(fps);
  c.l1 = mbit_text(layer1_bps(fps, size));
  c.l2 = mbit_text(layer2_bps(fps, size));
  if (line_rate_bps > 0)
    c.line = fmt::format("{:.2f}", fps / line_rate_fps(line_rate_bps, size) * 100);
  if (!search.final_trial) return c;
  std::uint64_t lost = 0;
  for (const DirectionResult& direction : search.final_trial->directions)
    lost += direction.counts.lost;
  c.lost = grouped(lost);
  c.loss = percent_text(loss_ratio(*search.final_trial));
  return c;
}

bool nothing_came_back(const SearchResult& search) {
  std::uint64_t offered = 0;
  for (const TrialResult& trial : search.trials) {
    for (const DirectionResult& direction : trial.directions) {
      if (direction.counts.received > 0) return false;
      offered += direction.counts.offered;
    }
  }
  return offered > 0;
}

std::string note_of(const SearchResult& search) {
  std::string note = search.tester_limited ? "tester-limited, " : "";
  const bool at_least = search.lower_bound_fps && !search.regular && !search.upper_bound_fps;
  if (search.tester_limited || at_least) note += "at least this: ";
  note += search.reason;
  if (const auto by_short = by_short_trials_fps(search); by_short && search.lower_bound_fps) {
    note += fmt::format("{}by trials of {} alone {} frames/s", note.empty() ? "" : "; ",
                        duration_text(search.spec.trial_duration), fps_text(*by_short));
  }
  if (nothing_came_back(search))
    note += "; no frame came back in any trial: check MAC addresses, routes and filters";
  if (search.error) note += (note.empty() ? "" : "; ") + search.error->message;
  return note;
}

std::string table(const RunReport& report, const SearchGoal& goal,
                  std::vector<std::string>& notes) {
  const bool with_line = report.line_rate_bps > 0;
  std::string out =
      row_text({.l1 = "L1", .l2 = "L2", .line = "% of", .lost = "lost", .loss = "loss"}, with_line);
  out +=
      row_text({"bytes", "frames/s", "Mbit/s", "Mbit/s", "line", "frames", "%", "trials", "note"},
               with_line);
  for (const SearchResult& search : report.searches) {
    if (!same_goal(search.spec.goal, goal)) continue;
    std::string mark;
    if (const std::string note = note_of(search); !note.empty()) {
      notes.push_back(note);
      mark = fmt::format("[{}]", notes.size());
    }
    out += row_text(cells_of(search, report.line_rate_bps, mark), with_line);
  }
  return out;
}

}  // namespace

std::string path_text(const std::vector<TrialResult>& trials) {
  std::string out;
  if (trials.empty()) return out;
  for (const DirectionResult& direction : trials.front().directions)
    out += wrapped(fmt::format("{} -> {}", direction.from, receiver_name(direction)), 2);
  return out;
}

std::string searches_text(const RunReport& report) {
  std::vector<SearchGoal> goals;
  std::vector<std::string> notes;
  std::string out;
  for (const SearchResult& search : report.searches) {
    if (out.empty()) out = path_text(search.trials);
  }
  for (const SearchResult& search : report.searches) {
    const SearchGoal& goal = search.spec.goal;
    if (std::any_of(goals.begin(), goals.end(),
                    [&](const SearchGoal& seen) { return same_goal(seen, goal); }))
      continue;
    goals.push_back(goal);
    out += "\n" + heading(search.spec) + table(report, goal, notes);
  }
  if (!notes.empty()) out += "\n";
  for (std::size_t i = 0; i < notes.size(); ++i)
    out += wrapped(fmt::format("[{}] {}", i + 1, notes[i]), 4);
  return out + "\n";
}

namespace {

// Of all searches, each once, and of a suite's other tests.
std::vector<const TrialResult*> in_order(const RunReport& report) {
  std::map<std::uint64_t, const TrialResult*> all;
  for (const SearchResult& search : report.searches) {
    for (const TrialResult& trial : search.trials) all.emplace(trial.spec.id, &trial);
  }
  for (const TrialResult& trial : report.trials) all.emplace(trial.spec.id, &trial);
  std::vector<const TrialResult*> trials;
  for (const auto& [id, trial] : all) trials.push_back(trial);
  return trials;
}

}  // namespace

std::string search_trials_text(const RunReport& report) {
  constexpr const char* kRow = "{:>5}{:>6}{:>7}{:>14}{:>14}{:>12}{:>9}  {}";
  std::string out;
  for (const TrialResult* const trial : in_order(report)) {
    std::uint64_t lost = 0;
    for (const DirectionResult& direction : trial->directions) lost += direction.counts.lost;
    out += trimmed_line(
        fmt::format(fmt::runtime(kRow), trial->spec.id, trial->spec.frame_size,
                    fmt::format("{:g}", seconds(trial->spec.duration)),
                    trial->spec.max_rate ? "max" : fps_text(trial->spec.intended_fps),
                    fps_text(offered_fps(*trial)), grouped(lost), percent_text(loss_ratio(*trial)),
                    word_of(kVerdictWords, trial->verdict)));
    if (trial->reason.empty()) continue;
    // wrapped() takes blanks for ends of words.
    constexpr std::size_t kIndent = 11;
    out += wrapped(std::string(kIndent, '.') + trial->reason, kIndent)
               .replace(0, kIndent, kIndent, ' ');
  }
  if (out.empty()) return out;
  return trimmed_line(fmt::format(fmt::runtime(kRow), "trial", "bytes", "s", "asked/s", "offered/s",
                                  "lost", "loss %", "verdict")) +
         out + "\n";
}

}  // namespace wireproof

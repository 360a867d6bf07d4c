#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "base/units.h"
#include "report/text.h"
#include "report/text_parts.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

// A table of one test: its rows, and sentences about some of them at its end.
class TestTable {
 public:
  void row(const std::string& line, const std::string& note = {}) {
    std::string text = line;
    if (!note.empty()) {
      notes_.push_back(note);
      text += fmt::format("  [{}]", notes_.size());
    }
    rows_ += trimmed_line(text);
  }
  // A sentence, of a size of which there is no figure, or in front of its row.
  void say(const std::string& name, const std::string& why) {
    const std::string line = fmt::format("{:>7}  {}", name, why.empty() ? "not finished" : why);
    // wrapped() takes blanks for ends of words.
    const std::size_t indent = line.find_first_not_of(' ');
    rows_ +=
        wrapped(std::string(indent, '.') + line.substr(indent), 9).replace(0, indent, indent, ' ');
  }
  [[nodiscard]] std::string text(const std::string& heading, const std::string& columns) const {
    std::string out = "\n" + wrapped(heading) + trimmed_line(columns) + rows_;
    for (std::size_t i = 0; i < notes_.size(); ++i)
      out += wrapped(fmt::format("[{}] {}", i + 1, notes_[i]), 4);
    return out;
  }

 private:
  std::string rows_;
  std::vector<std::string> notes_;
};

using Sizes = std::vector<SuiteSizeResult>;

template <auto kTest>
const SuiteSizeResult* first_with(const Sizes& sizes) {
  const auto found = std::find_if(sizes.begin(), sizes.end(),
                                  [](const auto& one) { return (one.*kTest).has_value(); });
  return found == sizes.end() ? nullptr : &*found;
}

std::string repeated(std::size_t times, Nanoseconds each) {
  return fmt::format("{} trial{} of {}", times, times == 1 ? "" : "s", duration_text(each));
}

std::string limit_text(RateLimit limit) {
  switch (limit) {
    case RateLimit::kLineRate:
      return "line rate";
    case RateLimit::kGivenLine:
      return "given line rate";
    case RateLimit::kMaxRate:
      return "--max-rate";
    case RateLimit::kMeasured:
      break;
  }
  return "measured";
}

std::string maximum_text(const Sizes& sizes) {
  std::string out = trimmed_line(fmt::format("{:>7}{:>14}{:>14}{:>10}  {}", "bytes", "max frames/s",
                                             "throughput/s", "% of max", "max is"));
  for (const SuiteSizeResult& size : sizes) {
    const bool both = size.max_fps && size.throughput_fps;
    std::string source = size.max_fps ? limit_text(size.limit) : "";
    for (const auto& [is, words] : {std::pair{size.throughput_is_at_least, "at least"},
                                    {size.throughput_given, "throughput given"}}) {
      if (is) source += (source.empty() ? "" : "; ") + std::string(words);
    }
    out += trimmed_line(fmt::format(
        "{:>7}{:>14}{:>14}{:>10}  {}", size.name, size.max_fps ? fps_text(*size.max_fps) : "-",
        size.throughput_fps ? fps_text(*size.throughput_fps) : "-",
        both ? fmt::format("{:.2f}", *size.throughput_fps / *size.max_fps * 100) : "-", source));
  }
  return out;
}

// `bound`: to which the clocks are known. No digit is finer.
std::string latency_table(const Sizes& sizes, Nanoseconds bound) {
  const SuiteSizeResult* const first = first_with<&SuiteSizeResult::latency>(sizes);
  if (first == nullptr) return {};
  TestTable table;
  const auto micro = [bound](const std::optional<double>& ns) {
    return ns ? microseconds_text(*ns, bound) : std::string("-");
  };
  Nanoseconds span = 0;
  for (const SuiteSizeResult& size : sizes) {
    if (!size.latency) continue;
    const LatencyTest& test = *size.latency;
    if (test.directions.empty()) table.say(size.name, test.reason);
    span = std::max(span, test.tx_span_max);
    std::string note = test.reason;
    if (test.lost > 0)
      note = fmt::format("{} frames were lost at this load{}{}", grouped(test.lost),
                         note.empty() ? "" : "; ", note);
    const bool several = test.directions.size() > 1;
    for (const LatencyOfDirection& one : test.directions) {
      if (several) table.say(size.name, fmt::format("{} -> {}", one.from, one.to));
      table.row(fmt::format("{:>7}{:>12}{:>11}{:>11}{:>11}{:>11}{:>11}", several ? "" : size.name,
                            fps_text(test.load_fps), micro(one.mean), micro(one.typical),
                            micro(one.worst_case), micro(one.min), micro(one.max)),
                note);
      note.clear();
    }
  }
  const auto repetitions =
      first->latency->directions.empty() ? 0 : first->latency->directions.front().repetitions;
  return table.text(
      fmt::format(
          "Latency (RFC 2544 section 26.2, RFC 8219 section 7.1), {}, at the throughput, "
          "in microseconds: mean, median (typical), 99.9th percentile (worst case); each is "
          "too long by at most {} us (TX timestamp)",
          repeated(repetitions, first->latency->duration),
          microseconds_text(static_cast<double>(span), bound)),
      fmt::format("{:>7}{:>12}{:>11}{:>11}{:>11}{:>11}{:>11}", "bytes", "load/s", "mean", "typical",
                  "worst", "min", "max"));
}

// Loads are rows and sizes columns, as many as a line holds.
std::string loss_table(const Sizes& sizes) {
  std::vector<const SuiteSizeResult*> all;
  for (const SuiteSizeResult& size : sizes) {
    if (size.loss) all.push_back(&size);
  }
  std::string out;
  constexpr std::size_t kColumns = 7;
  for (std::size_t begin = 0; begin < all.size(); begin += kColumns) {
    const std::size_t end = std::min(all.size(), begin + kColumns);
    TestTable table;
    std::string columns = fmt::format("{:>9}", "% of max");
    std::map<double, std::map<std::size_t, std::string>, std::greater<>> rows;
    for (std::size_t i = begin; i < end; ++i) {
      columns += fmt::format("{:>10}", all[i]->name);
      for (const LossStep& step : all[i]->loss->steps)
        rows[step.percent][i] = step.loss_ratio ? percent_text(*step.loss_ratio) : "invalid";
    }
    for (const auto& [percent, cells] : rows) {
      std::string line = fmt::format("{:>9g}", percent);
      for (std::size_t i = begin; i < end; ++i)
        line += fmt::format("{:>10}", cells.contains(i) ? cells.at(i) : "");
      table.row(line);
    }
    for (std::size_t i = begin; i < end; ++i) {
      const LossTest& test = *all[i]->loss;
      if (!test.complete || !test.reason.empty()) table.say(all[i]->name, test.reason);
    }
    out += table.text(fmt::format("Frame loss rate in % of the offered frames (RFC 2544 section "
                                  "26.3), trials of {}; blank: the test had ended",
                                  duration_text(all.front()->loss->duration)),
                      columns);
  }
  return out;
}

std::string back_to_back_table(const Sizes& sizes) {
  const SuiteSizeResult* const first = first_with<&SuiteSizeResult::back_to_back>(sizes);
  if (first == nullptr) return {};
  TestTable table;
  for (const SuiteSizeResult& size : sizes) {
    if (!size.back_to_back) continue;
    const BackToBackTest& test = *size.back_to_back;
    if (test.bursts.empty()) {
      table.say(size.name, (test.applicable ? "" : "not applicable: ") + test.reason);
      continue;
    }
    const BufferFigures figures = buffer_figures(test);
    table.row(fmt::format("{:>7}{:>10.1f}{:>8.0f}{:>8.0f}{:>7.1f}{:>5}{:>12}{:>9.1f}{:>9.1f}",
                          size.name, figures.frames.mean, figures.frames.min, figures.frames.max,
                          figures.frames.stdev, test.step_frames, fps_text(figures.sent_fps),
                          figures.buffer_frames, figures.corrected_ns * 1e-3),
              test.reason);
  }
  return table.text(
      fmt::format(
          "Back-to-back frames (RFC 2544 section 26.4, RFC 9004), {} repetition{}: longest "
          "bursts without loss, the step of their search, the rate at which they were sent, "
          "and the corrected buffer in frames and in microseconds at the maximum rate",
          first->back_to_back->bursts.size(), first->back_to_back->bursts.size() == 1 ? "" : "s"),
      fmt::format("{:>7}{:>10}{:>8}{:>8}{:>7}{:>5}{:>12}{:>9}{:>9}", "bytes", "average", "min",
                  "max", "stdev", "step", "sent/s", "buffer", "us"));
}

// Of recovery and reset: a mean, and each.
std::string times_text_of(const std::vector<Nanoseconds>& times) {
  std::string each;
  for (const Nanoseconds time : times)
    each += (each.empty() ? "" : ", ") + fmt::format("{:.1f}", static_cast<double>(time) * 1e-6);
  const double mean = static_cast<double>(mean_time(times)) * 1e-6;
  return times.size() == 1 ? fmt::format("{:>12.1f}", mean)
                           : fmt::format("{:>12.1f}  ({})", mean, each);
}

std::string recovery_table(const Sizes& sizes) {
  const SuiteSizeResult* const first = first_with<&SuiteSizeResult::recovery>(sizes);
  if (first == nullptr) return {};
  TestTable table;
  for (const SuiteSizeResult& size : sizes) {
    if (!size.recovery) continue;
    const RecoveryTest& test = *size.recovery;
    if (test.times.empty()) {
      table.say(size.name, (test.applicable ? "" : "not applicable: ") + test.reason);
      continue;
    }
    table.row(fmt::format("{:>7}{:>14}{:>14}{}", size.name, fps_text(test.overload_fps),
                          fps_text(test.then_fps), times_text_of(test.times)),
              test.reason);
  }
  return table.text(
      "System recovery (RFC 2544 section 26.5): from the end of an overload to the last loss, in "
      "milliseconds",
      fmt::format("{:>7}{:>14}{:>14}{:>12}", "bytes", "overload/s", "reduced/s", "ms"));
}

std::string reset_table(const Sizes& sizes) {
  const SuiteSizeResult* const first = first_with<&SuiteSizeResult::reset>(sizes);
  if (first == nullptr) return {};
  TestTable table;
  const ResetTest& test = *first->reset;
  if (test.times.empty()) {
    table.say(first->name, test.reason);
  } else {
    table.row(fmt::format("{:>7}{:>14}{}", first->name, fps_text(test.load_fps),
                          times_text_of(test.times)),
              test.reason);
  }
  return table.text("Reset (RFC 2544 section 26.6, RFC 6201: by frames lost), in milliseconds",
                    fmt::format("{:>7}{:>14}{:>12}", "bytes", "load/s", "ms"));
}

}  // namespace

std::string suite_text(const RunReport& report) {
  if (!report.suite) return {};
  const Sizes& sizes = report.suite->sizes;
  std::string out;
  if (report.searches.empty()) {
    out = path_text(report.trials) + "\n";
  } else {
    out = searches_text(report);
  }
  out +=
      wrapped("Throughput (RFC 2544 section 26.1), beside the maximum rate") + maximum_text(sizes);
  const Nanoseconds bound = std::max<Nanoseconds>(1, report.here().clock.bound_ns.value_or(1));
  out += latency_table(sizes, bound) + loss_table(sizes) + back_to_back_table(sizes) +
         recovery_table(sizes) + reset_table(sizes) + "\n";
  if (report.suite->deviations.empty()) return out;
  out += "deviations from the RFCs:\n";
  for (const std::string& one : report.suite->deviations) out += wrapped("- " + one, 2);
  return out + "\n";
}

std::string progress_text(const SuiteProgress& progress) {
  return fmt::format("[{}/{}] {} bytes, {}: trial {}{}{}, about {} s left", progress.number,
                     progress.tests, progress.size, word_of(kSuiteTestWords, progress.test),
                     progress.trials, progress.so_far.empty() ? "" : ", ", progress.so_far,
                     (progress.left + kSecond - 1) / kSecond);
}

}  // namespace wireproof

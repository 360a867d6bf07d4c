#include "report/json.h"

#include <algorithm>
#include <array>
#include <set>

#include "report/calibration_fields.h"
#include "report/config_fields.h"
#include "report/dut_fields.h"
#include "report/host_fields.h"
#include "report/search_fields.h"
#include "report/suite_fields.h"

namespace wireproof {

namespace {

// Settings may hold lists of lists.
constexpr int kResultDepth = 16;

// What a kind of result says besides the trials.

// Ratios are of one, times whole nanoseconds.
Json criterion_value(const Criterion& criterion, double value) {
  if (criterion.unit == CriterionUnit::kNanoseconds) return std::llround(value);
  return value;
}

template <typename Fields>
void criterion_fields(Fields& f, Is<CriterionResult> auto& result) {
  auto& criterion = result.criterion;
  f.field("trial_id", result.trial_id);
  if constexpr (Fields::kReads) {
    f.field("name", criterion.name);
    std::string unit;
    f.unless_empty("unit", unit);
    f.when(true, "limit", criterion.limit);
    // By its name it is known what it needs.
    const std::string words = unit.empty()
                                  ? criterion.name
                                  : fmt::format("{}>{:.0f}{}", criterion.name,
                                                unit == "ns" ? 1.0 : 0.0, unit == "ns" ? "ns" : "");
    const auto known = parse_criteria("name", words);
    if (!known || known->size() != 1) return f.refuse(f.at("name"));
    const double limit = criterion.limit;
    criterion = known->front();
    criterion.limit = limit;
  } else {
    f.derived("criterion", describe(criterion));
  }
  f.field("name", criterion.name);
  f.field("failed", result.failed);
  const bool measured = criterion.unit != CriterionUnit::kVerdict;
  if (measured) {
    f.derived("unit", criterion.unit == CriterionUnit::kRatio ? "ratio" : "ns");
    f.derived("limit", criterion_value(criterion, criterion.limit));
  }
  f.when(measured, "from", result.from);
  f.when(measured, "to", result.to);
  if constexpr (Fields::kReads) {
    f.optional("measured", result.measured);
  } else if (result.measured) {
    f.derived("measured", criterion_value(criterion, *result.measured));
  }
  f.unless_empty("reason", result.reason);
}

// The last trial of a run in short; nothing where none took place.
template <typename Fields>
void trial_result(Fields& f, Is<RunReport> auto& report) {
  if (report.trials.empty()) return;
  const TrialResult& last = report.trials.back();
  f.derived("trial_id", last.spec.id);
  f.derived("verdict", word_of(kVerdictWords, last.verdict));
  f.derived("reason", last.reason);
  const auto each = [](auto& inner, auto& one) { criterion_fields(inner, one); };
  if constexpr (Fields::kReads) {
    if (!f.has("criteria")) return;
    f.list("criteria", report.criteria, each);
    for (CriterionResult& one : report.criteria) {
      for (const TrialResult& trial : report.trials) {
        if (trial.spec.id == one.trial_id) one.frame_size = trial.spec.frame_size;
      }
    }
  } else if (!report.criteria.empty()) {
    f.list("criteria", report.criteria, each);
  }
}

template <typename Fields>
void search_result(Fields& f, Is<RunReport> auto& report) {
  f.list("searches", report.searches, [&](auto& inner, auto& search) {
    search_fields(inner, search, report.hosts, report.line_rate_bps);
  });
}

template <typename Fields>
void rfc2544_result(Fields& f, Is<RunReport> auto& report) {
  search_result(f, report);
  if constexpr (Fields::kReads) {
    if (f.has("sizes")) suite_fields(f, report.suite.emplace());
  } else if (report.suite) {
    suite_fields(f, *report.suite);
  }
}

template <typename Fields>
void dut_result(Fields& f, Is<RunReport> auto& report) {
  if constexpr (Fields::kReads) {
    if (f.has("ports")) dut_fields(f, report.dut.emplace());
  } else if (report.dut) {
    dut_fields(f, *report.dut);
  }
}

template <typename Fields>
void calibration_result(Fields& f, Is<RunReport> auto& report) {
  f.list("calibrations", report.calibrations,
         [](auto& inner, auto& entry) { calibration_fields(inner, entry); });
  f.unless_empty("file", report.calibration_file);
}

// The kinds there are.
struct ResultKind {
  ReportKind kind;
  void (*write)(ObjectWriter& f, const RunReport& report);
  void (*read)(ObjectReader& f, RunReport& report);
};

constexpr std::array kResultKinds{
    ResultKind{ReportKind::kTrial, trial_result<ObjectWriter, const RunReport>,
               trial_result<ObjectReader, RunReport>},
    ResultKind{ReportKind::kSearch, search_result<ObjectWriter, const RunReport>,
               search_result<ObjectReader, RunReport>},
    ResultKind{ReportKind::kRfc2544, rfc2544_result<ObjectWriter, const RunReport>,
               rfc2544_result<ObjectReader, RunReport>},
    ResultKind{ReportKind::kDut, dut_result<ObjectWriter, const RunReport>,
               dut_result<ObjectReader, RunReport>},
    ResultKind{ReportKind::kCalibration, calibration_result<ObjectWriter, const RunReport>,
               calibration_result<ObjectReader, RunReport>},
};

const ResultKind& result_kind(ReportKind kind) {
  const auto found = std::find_if(kResultKinds.begin(), kResultKinds.end(),
                                  [kind](const ResultKind& one) { return one.kind == kind; });
  return found == kResultKinds.end() ? kResultKinds.front() : *found;
}

// The trials of a run, each once, whatever rests on it.

std::vector<TrialResult> all_trials(const RunReport& report) {
  std::vector<TrialResult> all = report.trials;
  std::set<std::uint64_t> told;
  for (const SearchResult& search : report.searches) {
    for (const TrialResult& trial : search.trials) {
      if (told.insert(trial.spec.id).second) all.push_back(trial);
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const TrialResult& a, const TrialResult& b) {
    return a.spec.id < b.spec.id;
  });
  return all;
}

// Into the searches that name them; what none names stays a trial of the run.
void deal_trials(RunReport& report) {
  std::set<std::uint64_t> dealt;
  for (SearchResult& search : report.searches) {
    for (TrialResult& trial : search.trials) {
      const auto found =
          std::find_if(report.trials.begin(), report.trials.end(),
                       [&](const TrialResult& one) { return one.spec.id == trial.spec.id; });
      if (found == report.trials.end()) continue;
      dealt.insert(trial.spec.id);
      trial = *found;
    }
  }
  std::erase_if(report.trials,
                [&dealt](const TrialResult& trial) { return dealt.contains(trial.spec.id); });
}

template <typename Fields>
void trials_field(Fields& f, Is<RunReport> auto& report) {
  const auto each = [&](auto& inner, auto& trial) { trial_fields(inner, trial, report.hosts); };
  if constexpr (Fields::kReads) {
    f.list("trials", report.trials, each);
  } else {
    f.list("trials", all_trials(report), each);
  }
}

template <typename Fields>
void started_at_field(Fields& f, auto& unix_ns) {
  if constexpr (Fields::kReads) {
    std::string text;
    f.field("started_at", text);
    const auto read = read_rfc3339_utc(text);
    if (!read) return f.refuse(f.at("started_at"));
    unix_ns = *read;
  } else {
    f.derived("started_at", rfc3339_utc(unix_ns));
  }
}

template <typename Fields>
void document_fields(Fields& f, Is<RunReport> auto& report) {
  f.derived("schema", kResultSchema);
  f.derived("schema_version", kResultSchemaVersion);
  f.word("kind", report.kind, kReportKindWords);
  f.object("tool", [&](auto& tool) {
    tool.field("name", report.tool.name);
    tool.field("version", report.tool.version);
    tool.unless_empty("git", report.tool.git);
    tool.field("backends", report.tool.backends);
  });
  started_at_field(f, report.started_at_unix_ns);
  f.seconds("duration_s", report.duration);
  f.object("environment",
           [&](auto& inner) { environment_fields(inner, report.hosts, report.line_rate_bps); });
  f.field("command", report.command);
  config_field(f, "settings", report.settings, true);
  config_field(f, "config", report.config);
  f.word("status", report.status, kRunStatusWords);
  error_field(f, "error", report.error);
  trials_field(f, report);
  f.object("result", [&](auto& inner) {
    if constexpr (Fields::kReads) {
      result_kind(report.kind).read(inner, report);
      deal_trials(report);
    } else {
      result_kind(report.kind).write(inner, report);
    }
  });
  f.field("notes", report.notes);
}

Json document_json(const RunReport& report) {
  Json json = Json::object();
  ObjectWriter writer(json);
  document_fields(writer, report);
  return json;
}

template <typename Body>
std::string event(const char* name, const Body& body) {
  Json json = {{"event", name}};
  ObjectWriter writer(json);
  body(writer);
  return dump(json, -1);
}

tl::unexpected<Error> no_result(std::string why) {
  return fail(ErrorKind::kPrecondition, "this is no result that can be read: " + std::move(why),
              "give a document that wireproof wrote with --json");
}

}  // namespace

Json error_json(const std::optional<Error>& error) {
  Json json = Json::object();
  ObjectWriter writer(json);
  error_field(writer, "error", error);
  return json["error"];
}

std::string dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_json(const RunReport& report) {
  return dump(document_json(report), 2);
}

Result<RunReport> read_result(std::string_view text) {
  const Json json = parse_bounded(text, kResultDepth);
  if (!json.is_object()) return no_result("it is not a JSON object");
  const std::string version = text_at(json, "schema_version");
  if (version.empty() || text_at(json, "schema") != kResultSchema) {
    return no_result("it is not a result of wireproof");
  }
  if (!version.starts_with("1.")) return no_result("it is of a later schema version");
  RunReport report;
  std::string wrong;
  ObjectReader reader(json, "", wrong);
  document_fields(reader, report);
  if (wrong.empty()) return report;
  return no_result(wrong + " is missing, of another kind or impossible");
}

std::string trial_event(const TrialResult& trial, const Hosts& hosts) {
  return event("trial", [&](ObjectWriter& f) {
    f.object("trial", [&](auto& inner) { trial_fields(inner, trial, hosts); });
  });
}

std::string interval_event(std::uint64_t trial_id, const DirectionResult& so_far) {
  return event("interval", [&](ObjectWriter& f) {
    f.field("trial_id", trial_id);
    f.object("interval", [&](auto& inner) {
      const TaggedInterval last = tagged(so_far.intervals.back(), so_far);
      interval_fields(inner, last);
    });
  });
}

std::string progress_event(const SuiteProgress& progress) {
  return event("progress", [&](ObjectWriter& f) {
    f.field("size", progress.size);
    f.word("test", progress.test, kSuiteTestWords);
    f.field("number", progress.number);
    f.field("tests", progress.tests);
    f.field("trials", progress.trials);
    f.unless_empty("so_far", progress.so_far);
    f.seconds("left_s", progress.left);
  });
}

std::string result_event(const RunReport& report) {
  return event("result", [&](ObjectWriter& f) { f.derived("document", document_json(report)); });
}

}  // namespace wireproof

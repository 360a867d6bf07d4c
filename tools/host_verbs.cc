#include "tools/host_verbs.h"

#include <unistd.h>

#include <algorithm>

#include "io/linux_interface.h"
#include "job/host_facts.h"
#include "report/presentable.h"
#include "report/write_file.h"
#include "tools/doctor.h"
#include "tools/doctor_plan.h"

namespace wireproof {
namespace {

HostReport begin_host_report(const Session& session) {
  HostReport report;
  report.tool = session.origin.tool;
  report.host = host_facts(session.clock);
  report.backends = backend_facts(session.backends);
  return report;
}

// JSON where it was asked for, and text on standard output unless the JSON stands there.
int write_out(const OutputSettings& output, const std::string& json, const std::string& text,
              int code) {
  const bool json_to_stdout = output.json && (output.json->empty() || *output.json == "-");
  Status written;
  if (output.json) written = write_result(json_to_stdout ? "-" : *output.json, json);
  if (!output.quiet && !json_to_stdout) {
    const Status shown = write_all(STDOUT_FILENO, text, "standard output");
    if (written) written = shown;
  }
  if (written) return code;
  print_error(written.error());
  return exit_code(ErrorKind::kOutput);
}

// "doctor --json eth0": the name of an interface behind --json is the interface, not a file.
void untangle(std::string& interface, OutputSettings& output) {
  if (!interface.empty() || !output.json || output.json->empty()) return;
  const std::vector<std::string> names = interface_names();
  if (std::find(names.begin(), names.end(), *output.json) == names.end()) return;
  interface = *output.json;
  output.json = "-";
}

Status examine(HostReport& report, const std::string& plan, const Clock& clock) {
  std::optional<LinePlan> made;
  if (!plan.empty()) {
    const auto rates = parse_plan(plan);
    if (!rates) return tl::unexpected(rates.error());
    auto planned = make_plan(*rates, clock);
    if (!planned) return tl::unexpected(planned.error());
    made = std::move(*planned);
  }
  auto findings = examine_host(report.backends, report.interface, made);
  if (!findings) return tl::unexpected(findings.error());
  report.findings = std::move(*findings);
  report.plan = std::move(made);
  return {};
}

// What could be found out all the same (the backends) stays in the document.
int refuse(HostReport& report, const Error& error, const OutputSettings& output, Verb verb) {
  report.error = presentable(error);
  print_error(error);
  const std::string json =
      verb == Verb::kDoctor ? doctor_to_json(report) : backends_to_json(report);
  return write_out(output, json, "", exit_code(error.kind));
}

}  // namespace

int refuse_host_verb(Verb verb, const Error& error, const Session& session) {
  HostReport report = begin_host_report(session);
  return refuse(report, error, session.output, verb);
}

int run_backends(const Session& session) {
  const HostReport report = begin_host_report(session);
  return write_out(session.output, backends_to_json(report), backends_to_text(report), 0);
}

int run_doctor(const DoctorSettings& doctor, const Session& session) {
  HostReport report = begin_host_report(session);
  OutputSettings output = session.output;
  report.interface = doctor.interface;
  untangle(report.interface, output);
  if (const Status examined = examine(report, doctor.plan, session.clock); !examined) {
    return refuse(report, examined.error(), output, Verb::kDoctor);
  }
  const bool blocked = bearing_of(report) == Bearing::kBlocks;
  return write_out(output, doctor_to_json(report), doctor_to_text(report),
                   blocked ? exit_code(ErrorKind::kPrecondition) : 0);
}

}  // namespace wireproof

#include "report/sample_host_reports.h"

namespace wireproof {

HostReport sample_host_report() {
  using enum BackendFacts::State;
  HostReport report;
  report.tool = {.version = "1.2.3", .git = "abc", .backends = {}};
  report.host.host = "lab1";
  report.host.kernel = "Linux 6.1.0";
  report.host.cpu = "Example 9000";
  report.interface = "ens1f0";
  report.backends = {
      {"af_xdp", "sockets behind an XDP program", kRefused, "cap_bpf is missing", "run as root"},
      {"loopback", "a wire in memory", kUsable, "", ""},
      {"dpdk", "", kLeftOut, "libdpdk not found", ""}};
  report.findings = {{Bearing::kGood, "clock", "tsc", ""},
                     {Bearing::kLimits, "memlock",
                      "8192 KiB, which is too little for the rings that a port with many queues of "
                      "the default length would like to have",
                      "ulimit -l unlimited, or a service with a LimitMEMLOCK of its own, or "
                      "cap_ipc_lock on the file"}};
  return report;
}

HostReport sample_host_report_with_plan(const std::vector<double>& line_rates_bps) {
  HostReport report = sample_host_report();
  report.plan = plan_lines({{"64", 64, 8.125, 18.1, 1.1},
                            {"imix", 353.83, 13.5, 28.9, 2.1},
                            {"1518", 1518, 8.4, 72.5, 1}},
                           1024, line_rates_bps, {});
  return report;
}

HostReport failed_host_report() {
  HostReport report = sample_host_report();
  report.findings.clear();
  report.error = Error{ErrorKind::kUsage, "no interface 'x'", "did you mean 'y'?", 19};
  return report;
}

std::vector<HostReport> sample_host_reports() {
  return {sample_host_report(), sample_host_report_with_plan({100e9}),
          sample_host_report_with_plan(usual_line_rates()), failed_host_report()};
}

}  // namespace wireproof

#include "tools/known_cables.h"

#include <fmt/format.h>

#include <cstdlib>
#include <set>

#include "trial/derive.h"

namespace wireproof {
namespace {

std::size_t different(const std::vector<unsigned>& cores) {
  return std::set<unsigned>(cores.begin(), cores.end()).size();
}

std::string schedule_of(const PacketTrialSpec& trial) {
  const std::string word(word_of(kScheduleWords, trial.schedule));
  return trial.schedule == ScheduleKind::kBursty ? fmt::format("{} {}", word, trial.burst_size)
                                                 : word;
}

}  // namespace

CalibrationKey calibration_key(const DirectionResult& direction, const OpenPorts& ports,
                               const TestSettings& test, const RunReport& report,
                               const std::string& size) {
  const HostFacts& host = report.environment;
  CalibrationKey key{.host = host.host,
                     .kernel = host.kernel,
                     .cpu = host.cpu,
                     .version = report.tool.version,
                     .pacing = std::string(word_of(kPacingWords, ports.trial.pacing)),
                     .schedule = schedule_of(ports.trial),
                     .idle = std::string(word_of(kIdlePolicyWords, ports.trial.idle)),
                     .size = size,
                     .queues = test.trial.queues,
                     .tx_cores = different(ports.cores.tx),
                     .rx_cores = different(ports.cores.rx),
                     .cores_shared = ports.cores.shared,
                     .bidirectional = test.bidirectional};
  if (const NicFacts* tx = find_nic(host, direction.from)) {
    key.tx_backend = tx->backend;
    key.tx_driver = tx->driver;
    key.tx_mode = tx->mode;
  }
  if (const NicFacts* rx = find_nic(host, receiver_name(direction))) {
    key.rx_backend = rx->backend;
    key.rx_driver = rx->driver;
    key.rx_mode = rx->mode;
    key.rx_stamp = rx->rx_stamp;
  }
  if (!direction.delay) return key;
  key.metric = direction.delay->metric;
  key.tx_stamp = direction.delay->tx_stamp;
  // As it was used: a driver may turn out to refuse its stamps, or the NIC to have its own.
  if (!direction.delay->rx_stamp.empty()) key.rx_stamp = direction.delay->rx_stamp;
  return key;
}

std::string calibration_path() {
  return calibration_path(std::getenv("XDG_STATE_HOME"), std::getenv("HOME"));
}

BesideKnownCables::BesideKnownCables(const OpenPorts& ports, const TestSettings& test,
                                     RunReport& report)
    : ports_(ports), test_(test), report_(report) {
  const std::string path = test.no_calibration ? std::string() : calibration_path();
  if (path.empty()) return;
  if (auto known = load_calibrations(path)) {
    known_ = std::move(*known);
  } else {
    report.notes.push_back(known.error().message);
  }
}

void BesideKnownCables::use(Measurer& inner, std::string size) {
  inner_ = &inner;
  size_ = std::move(size);
}

Result<TrialResult> BesideKnownCables::measure(const TrialSpec& spec) {
  Result<TrialResult> trial = inner_->measure(spec);
  if (!trial || known_.empty()) return trial;
  for (DirectionResult& direction : trial->directions) {
    const CalibrationKey key = calibration_key(direction, ports_, test_, report_, size_);
    if (const CalibrationEntry* entry = find_calibration(known_, key))
      direction.bare_cable = beside(*entry);
  }
  return trial;
}

}  // namespace wireproof

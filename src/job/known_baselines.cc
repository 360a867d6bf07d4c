#include "job/known_baselines.h"

#include <set>

#include "settings/reading.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

std::size_t different(const std::vector<unsigned>& cores) {
  return std::set<unsigned>(cores.begin(), cores.end()).size();
}

}  // namespace

CalibrationKey calibration_key(const DirectionResult& direction, const OpenPorts& ports,
                               const Settings& settings, const RunReport& report,
                               const std::string& size) {
  const HostFacts& host = report.here();
  CalibrationKey key{.host = host.host,
                     .kernel = host.kernel,
                     .cpu = host.cpu,
                     .version = report.tool.version,
                     .idle = std::string(word_of(kIdlePolicyWords, ports.trial.idle)),
                     .size = size,
                     .tx_cores = different(ports.cores.tx),
                     .rx_cores = different(ports.cores.rx),
                     .cores_shared = ports.cores.shared,
                     .settings = calibration_conditions(settings)};
  if (const NicFacts* tx = find_nic(report.hosts, direction.from)) {
    key.tx_backend = tx->backend;
    key.tx_driver = tx->driver;
    key.tx_mode = tx->mode;
  }
  if (const NicFacts* rx = find_nic(report.hosts, receiver_name(direction))) {
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

BesideBaselines::BesideBaselines(const OpenPorts& ports, const Settings& settings,
                                 const std::string& file, RunReport& report)
    : ports_(ports), settings_(settings), report_(report) {
  if (settings.test.no_calibration || file.empty()) return;
  if (auto known = load_calibrations(file)) {
    known_ = std::move(*known);
  } else {
    report.notes.push_back(known.error().message);
  }
}

void BesideBaselines::use(Measurer& inner, std::string size) {
  inner_ = &inner;
  size_ = std::move(size);
}

Result<TrialResult> BesideBaselines::measure(const TrialSpec& spec) {
  Result<TrialResult> trial = inner_->measure(spec);
  if (!trial || known_.empty()) return trial;
  for (DirectionResult& direction : trial->directions) {
    const CalibrationKey key = calibration_key(direction, ports_, settings_, report_, size_);
    if (const CalibrationEntry* entry = find_calibration(known_, key))
      direction.baseline = beside(*entry);
  }
  return trial;
}

}  // namespace wireproof

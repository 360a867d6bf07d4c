#include "report/document.h"

#include <fmt/format.h>

#include <ctime>

namespace wireproof {

std::string rfc3339_utc(std::int64_t unix_ns) {
  const std::int64_t fraction = ((unix_ns % kSecond) + kSecond) % kSecond;
  const std::time_t seconds = (unix_ns - fraction) / kSecond;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     fraction);
}

std::string_view word(ReportKind kind) {
  switch (kind) {
    case ReportKind::kTrial:
      return "trial";
    case ReportKind::kSearch:
      return "search";
    case ReportKind::kDut:
      return "dut";
    case ReportKind::kCalibration:
      return "calibration";
  }
  return "trial";
}

std::string_view word(RunStatus status) {
  switch (status) {
    case RunStatus::kOk:
      return "ok";
    case RunStatus::kFailed:
      return "failed";
    case RunStatus::kInvalid:
      return "invalid";
    case RunStatus::kAborted:
      return "aborted";
    case RunStatus::kError:
      return "error";
  }
  return "error";
}

std::string_view word(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kFail:
      return "fail";
    case Verdict::kInvalid:
      return "invalid";
  }
  return "invalid";
}

std::string_view word(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return "usage";
    case ErrorKind::kPrecondition:
      return "precondition";
    case ErrorKind::kPeer:
      return "peer";
    case ErrorKind::kOutput:
      return "output";
    case ErrorKind::kInvalid:
      return "invalid";
    case ErrorKind::kInterrupted:
      return "interrupted";
  }
  return "precondition";
}

const NicFacts* find_nic(const HostFacts& host, const std::string& port) {
  for (const NicFacts& nic : host.nics)
    if (nic.port == port || nic.device == port) return &nic;
  return nullptr;
}

}  // namespace wireproof

// What a job tells while it runs.
#pragma once

#include <cstdint>
#include <string>

#include "report/document.h"

namespace wireproof {

// Called on the thread that runs the job, between measurements or in the waits of one: must not
// throw, and what takes long keeps the job waiting. Each does nothing unless overridden.
class JobEvents {
 public:
  virtual ~JobEvents() = default;

  // An interval of a trial's counted traffic is over; what its direction has come to by then.
  virtual void interval(std::uint64_t /*trial*/, const DirectionResult& /*so_far*/) {}
  // A trial is over. `hosts`: of the report.
  virtual void trial(const TrialResult& /*trial*/, const Hosts& /*hosts*/) {}
  // How far it is, as a line for people without a newline; takes the place of the one before.
  virtual void progress(const std::string& /*line*/) {}
  // A trial of a suite is over.
  virtual void suite(const SuiteProgress& /*progress*/) {}
  // A sentence that whoever waits for the job should hear now, not with the result.
  virtual void warning(const std::string& /*sentence*/) {}
  // What the job is for has begun, as a line for whoever waits for that.
  virtual void ready(const std::string& /*line*/) {}
};

}  // namespace wireproof

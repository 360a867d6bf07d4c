#include "job/command_measurer.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <cmath>

#include "engine/verdict.h"
#include "job/child_process.h"
#include "report/trial_exchange.h"

namespace wireproof {

namespace {

constexpr std::size_t kAnswerMax = 64 * 1024;
constexpr int kTickMs = 20;          // how soon an interruption is seen
constexpr double kTolerance = 0.01;  // of what was asked: duration, intended

Status check_exit(const std::string& command, int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (WIFEXITED(status) && (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127))
    return fail(ErrorKind::kPrecondition,
                fmt::format("the trial command '{}' cannot be run (exit code {})", command,
                            WEXITSTATUS(status)),
                "give the path of a program that may be executed");
  if (WIFEXITED(status))
    return fail(ErrorKind::kPeer, fmt::format("the trial command '{}' ended with exit code {}",
                                              command, WEXITSTATUS(status)));
  return fail(ErrorKind::kPeer, fmt::format("the trial command '{}' was ended by signal {}",
                                            command, WTERMSIG(status)));
}

bool near(double value, double asked, double slack) {
  return std::abs(value - asked) <= asked * kTolerance + slack;
}

TrialResult to_result(const TrialSpec& spec, const TrialAnswer& answer) {
  TrialResult result;
  result.spec = spec;
  result.duration = answer.duration;
  DirectionResult& direction = result.directions.emplace_back();
  direction.from = "trial-command";
  direction.to = direction.from;  // and sequence_spaces 0: losses alone are known
  Counts& c = direction.counts;
  c.intended = answer.intended;
  c.offered = answer.offered;
  c.unsent = answer.intended - answer.offered;
  c.received = c.unique = answer.received;
  c.lost = answer.offered - answer.received;
  direction.attribution.tx_shortfall = c.unsent;
  direction.attribution.dut = c.lost;
  result.reason = answer.invalid;
  // Longer than asked means a lower load than asked.
  if (result.reason.empty() && !near(seconds(answer.duration), seconds(spec.duration), 0))
    result.reason = fmt::format("the trial lasted {:g} s instead of {:g} s",
                                seconds(answer.duration), seconds(spec.duration));
  judge(result, {.burst = 1});
  return result;
}

}  // namespace

Result<std::string> CommandMeasurer::run(const TrialSpec& spec) const {
  const Nanoseconds deadline = clock_.now() + spec.duration + spec_.grace;
  Result<ChildProcess> child = ChildProcess::start(spec_.command, trial_request(spec));
  if (!child) return tl::unexpected(child.error());
  std::string answer;
  while (true) {
    if (interrupted_.load()) return fail(ErrorKind::kInterrupted, "interrupted");
    if (clock_.now() > deadline)
      return fail(ErrorKind::kPeer,
                  fmt::format("the trial command '{}' did not end within {:g} s", spec_.command,
                              seconds(spec.duration + spec_.grace)));
    // Asked before reading: what was written before the end is then read for certain.
    const std::optional<int> status = child->ended();
    std::string part;
    do {
      part = child->read_some(status ? 0 : kTickMs);
      answer += part;
    } while (status && !part.empty() && answer.size() <= kAnswerMax);
    if (answer.size() > kAnswerMax)
      return fail(ErrorKind::kPeer,
                  fmt::format("the trial command '{}' answered with more than {} bytes",
                              spec_.command, kAnswerMax));
    if (!status) continue;
    if (Status good = check_exit(spec_.command, *status); !good)
      return tl::unexpected(good.error());
    return answer;
  }
}

Result<TrialResult> CommandMeasurer::measure(const TrialSpec& spec) {
  if (spec.max_rate)
    return fail(ErrorKind::kUsage,
                "--trial-command needs --max-rate: the other tester's maximum is not known",
                "give the highest load to try");
  const Result<std::string> text = run(spec);
  if (!text) return tl::unexpected(text.error());
  const Result<TrialAnswer> answer = parse_trial_answer(*text);
  if (!answer) return tl::unexpected(answer.error());
  const double intended = spec.intended_fps * seconds(spec.duration);
  if (!near(static_cast<double>(answer->intended), intended, 1))
    return fail(ErrorKind::kPeer,
                fmt::format("the trial command's answer: intended {} frames where {:.0f} were "
                            "asked for (load_fps x duration_s)",
                            answer->intended, intended));
  return to_result(spec, *answer);
}

}  // namespace wireproof

#include "job/logged_measurer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/units.h"
#include "report/write_file.h"

namespace wireproof {
namespace {

// Some hundred thousand trials.
constexpr off_t kLogBytesMax = off_t{1} << 30;

tl::unexpected<Error> cannot(const char* what, const std::string& path, ErrorKind kind) {
  const int error = errno;
  return fail(kind, fmt::format("the log '{}' cannot be {}: {}", path, what, std::strerror(error)),
              "name another file", error);
}

// Two runs would write into one file.
Status lock(const UniqueFd& file, const std::string& path) {
  if (flock(file.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return {};
  return fail(ErrorKind::kPrecondition, fmt::format("the log '{}' is in use by another run", path),
              "wait until that run is over, or name another file");
}

// Where each pre-emption lay is what explains a trial that is not valid; the others of a long run
// would be some hundred thousand lines of it.
void shorten(TrialResult& trial) {
  if (trial.verdict == Verdict::kInvalid) return;
  for (DirectionResult& direction : trial.directions) {
    direction.pacing.preemptions.log.clear();
    direction.receive_preemptions.log.clear();
  }
}

Result<std::string> whole_text(const UniqueFd& file, const std::string& path) {
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return cannot("read", path, ErrorKind::kPrecondition);
  if (!S_ISREG(status.st_mode) || status.st_size > kLogBytesMax)
    return fail(ErrorKind::kPrecondition,
                fmt::format("the log '{}' cannot be resumed: it is {}", path,
                            S_ISREG(status.st_mode) ? "too large" : "no regular file"),
                "name the file that --log wrote");
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t got =
        pread(file.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot("read", path, ErrorKind::kPrecondition);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  text.resize(done);
  return text;
}

// As far as it was asked for; the number is told apart by the log itself.
bool same_trial(const TrialSpec& logged, const TrialSpec& asked) {
  return logged.id == asked.id && logged.frame_size == asked.frame_size &&
         logged.max_rate == asked.max_rate &&
         (asked.max_rate || logged.intended_fps == asked.intended_fps) &&
         logged.frames == asked.frames && logged.step == asked.step &&
         logged.duration == asked.duration && logged.goal_loss_ratio == asked.goal_loss_ratio &&
         logged.link_may_go == asked.link_may_go;
}

}  // namespace

Result<std::unique_ptr<LoggedMeasurer>> LoggedMeasurer::open(const TrialLogSettings& log, Verb verb,
                                                             const Clock& clock,
                                                             RunReport& report) {
  std::unique_ptr<LoggedMeasurer> made(new LoggedMeasurer(clock, report));
  const TrialLogHead head{.verb = std::string(word_of(kVerbWords, verb)),
                          .host = report.here().host,
                          .settings = report.settings,
                          .line_rate_bps = report.line_rate_bps};
  Status ok;
  if (!log.begin.empty()) ok = made->begin(log.begin, head);
  if (!log.resume.empty()) ok = made->go_on(log.resume, head, report);
  if (!ok) return tl::unexpected(ok.error());
  return made;
}

Status LoggedMeasurer::begin(const std::string& path, const TrialLogHead& head) {
  file_ = UniqueFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (!file_) return cannot("written", path, ErrorKind::kOutput);
  if (Status ok = lock(file_, path); !ok) return ok;
  struct stat status {};
  if (fstat(file_.get(), &status) == 0 && status.st_size > 0)
    return fail(ErrorKind::kUsage, fmt::format("the log '{}' is there already", path),
                "give --resume to go on with it, or name another file");
  path_ = path;
  return write_all(file_.get(), trial_log_line(head), path_);
}

Status LoggedMeasurer::go_on(const std::string& path, const TrialLogHead& head, RunReport& report) {
  file_ = UniqueFd(::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
  if (!file_) return cannot("read", path, ErrorKind::kPrecondition);
  if (Status ok = lock(file_, path); !ok) return ok;
  const Result<std::string> text = whole_text(file_, path);
  if (!text) return tl::unexpected(text.error());
  Result<TrialLogText> log = read_trial_log(*text, head, report.hosts);
  if (!log) return tl::unexpected(log.error());
  if (log->whole_bytes < text->size()) {
    if (ftruncate(file_.get(), static_cast<off_t>(log->whole_bytes)) != 0)
      return cannot("written", path, ErrorKind::kOutput);
    report.notes.push_back(fmt::format(
        "the last line of the log '{}' was cut off: that trial is measured again", path));
  }
  logged_ = std::move(log->trials);
  path_ = path;
  const std::size_t count = logged_.size();
  report.notes.push_back(fmt::format("the first {} trial{} {} taken from the log '{}'",
                                     format_count(count), count == 1 ? "" : "s",
                                     count == 1 ? "was" : "were", path));
  return {};
}

Result<TrialResult> LoggedMeasurer::measure(const TrialSpec& spec) {
  if (from_log()) {
    LoggedTrial& logged = logged_[next_];
    if (!same_trial(logged.trial.spec, spec))
      return fail(
          ErrorKind::kPrecondition,
          fmt::format("the log '{}' cannot be resumed: its trial {} is not the one that this "
                      "run makes there",
                      path_, next_ + 1),
          "it is of another version of this program: begin a new one with --log");
    ++next_;
    clock_.add(logged.took);
    logged.trial.spec = spec;
    shorten(logged.trial);  // that of an earlier version is whole
    return std::move(logged.trial);
  }
  const Nanoseconds begun = clock_.now();
  Result<TrialResult> trial = inner_->measure(spec);
  if (trial) shorten(*trial);
  if (!trial || path_.empty() || trial->interrupted) return trial;
  const LoggedTrial logged{.took = clock_.now() - begun, .trial = *trial};
  if (Status ok = write_all(file_.get(), trial_log_line(logged, report_.hosts), path_); !ok)
    return tl::unexpected(ok.error());
  fdatasync(file_.get());  // what is no file has nothing to keep, and says so
  return trial;
}

}  // namespace wireproof

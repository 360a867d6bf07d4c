// Jobs as whoever embeds them runs them: after each other on one thread, and beside each other.
#include "job/job.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>

#include <functional>
#include <stdexcept>
#include <thread>

#include "base/thread_scope.h"
#include "io/linux_interface.h"
#include "loopback/loopback.h"
#include "settings/asked.h"
#include "support/fake_root.h"
#include "support/netns.h"
#include "support/relayed_device.h"

namespace wireproof {
namespace {

// Before any test: one that leaves fewer behind must not hide it from the next.
const CpuList kCpusAtStart = allowed_cpus();

// What the thread of a job finds itself on while it runs.
class Witness final : public JobEvents {
 public:
  void trial(const TrialResult&, const Hosts&) override {
    cpus = allowed_cpus();
    if (on_trial) on_trial();
  }
  void interval(std::uint64_t, const DirectionResult&) override {
    if (on_interval) on_interval();
  }
  void ready(const std::string& line) override {
    cpus = allowed_cpus();
    slack = prctl(PR_GET_TIMERSLACK);
    said = line;
  }

  CpuList cpus;
  int slack = 0;
  std::string said;
  std::function<void()> on_interval;
  std::function<void()> on_trial;
};

// What a test makes of the ports: what they are, and what each tells whenever it is asked how much
// it counted, which it was `asked` so many times before.
struct PortChanges {
  std::function<void(DeviceFacts& port)> facts;
  std::function<void(DeviceCounters& now, unsigned asked)> counters;
};

class ChangedPort final : public RelayedDevice {
 public:
  ChangedPort(std::unique_ptr<Device> inner, const PortChanges& changes)
      : RelayedDevice(*inner),
        owned_(std::move(inner)),
        changes_(changes),
        facts_(owned_->facts()) {
    if (changes_.facts) changes_.facts(facts_);
  }
  [[nodiscard]] const DeviceFacts& facts() const override { return facts_; }
  [[nodiscard]] Result<DeviceCounters> counters() override {
    Result<DeviceCounters> now = inner_.counters();
    if (now && changes_.counters) changes_.counters(*now, asked_++);
    return now;
  }

 private:
  std::unique_ptr<Device> owned_;
  const PortChanges& changes_;
  DeviceFacts facts_;
  unsigned asked_ = 0;
};

class ChangedBackend final : public Backend {
 public:
  ChangedBackend(std::unique_ptr<Backend> inner, const PortChanges& changes)
      : inner_(std::move(inner)), changes_(changes) {}
  [[nodiscard]] std::string_view name() const override { return inner_->name(); }
  [[nodiscard]] std::string_view summary() const override { return inner_->summary(); }
  [[nodiscard]] Probe probe() const override { return inner_->probe(); }
  [[nodiscard]] PortNature nature(const PortSpec& port) const override {
    return inner_->nature(port);
  }
  [[nodiscard]] Status check(const PortSpec& port, const OpenSpec& spec) const override {
    return inner_->check(port, spec);
  }
  [[nodiscard]] Result<std::unique_ptr<Device>> open(const PortSpec& port,
                                                     const OpenSpec& spec) override {
    auto opened = inner_->open(port, spec);
    if (!opened) return opened;
    return std::make_unique<ChangedPort>(std::move(*opened), changes_);
  }

 private:
  std::unique_ptr<Backend> inner_;
  const PortChanges& changes_;
};

// Its ports are interfaces of the kernel, and none is ever opened.
class NamedOnly final : public Backend {
 public:
  [[nodiscard]] std::string_view name() const override { return "fake"; }
  [[nodiscard]] std::string_view summary() const override { return "opens nothing"; }
  [[nodiscard]] Probe probe() const override { return {.usable = true}; }
  [[nodiscard]] Result<std::unique_ptr<Device>> open(const PortSpec&, const OpenSpec&) override {
    return fail(ErrorKind::kPrecondition, "it opens nothing");
  }
};

// A job with everything that is its own.
struct OneJob {
  explicit OneJob(std::unique_ptr<Backend> backend = make_loopback_backend()) {
    backends.backends.push_back(std::make_unique<ChangedBackend>(std::move(backend), changes));
  }
  RunReport run(const Settings& settings, const CpuList& cores = allowed_cpus()) {
    return run_job(settings, context(cores));
  }
  Result<std::string> plan(const Settings& settings) {
    return plan_job(settings, context(allowed_cpus()));
  }
  JobContext context(const CpuList& cores) {
    return {.backends = backends,
            .clock = clock,
            .cancelled = cancelled,
            .events = events,
            .cores = cores,
            .calibration_file = calibration_file,
            .origin = {
                .tool = {.version = "7"}, .command = {"asked", "for"}, .started_at = clock.now()}};
  }

  PortChanges changes;
  BackendSet backends;
  HostClock clock;
  std::atomic<bool> cancelled{false};
  Witness events;
  std::string calibration_file;
};

Settings trial_of(const char* duration, const char* sizes = "64") {
  Asked asked = between("loopback:a", "loopback:b");
  asked["duration"] = duration;
  asked["waiting-time"] = "50ms";
  asked["warm-up"] = "0";
  asked["interval"] = "20ms";
  asked["size"] = sizes;
  auto settings = asked.read();
  EXPECT_TRUE(settings.has_value()) << settings.error().message;
  return *settings;
}

const Counts& counts_of(const RunReport& report) {
  return report.trials.at(0).directions.at(0).counts;
}

TEST(Job, OfATrialIsAReport) {
  OneJob job;
  const RunReport report = job.run(trial_of("100ms", "64,128"));
  EXPECT_FALSE(report.error) << report.error->message;
  EXPECT_EQ(report.kind, ReportKind::kTrial);
  EXPECT_EQ(report.tool.version, "7");
  EXPECT_EQ(report.command, (std::vector<std::string>{"asked", "for"}));
  EXPECT_EQ(report.here().nics.size(), 2u);
  EXPECT_GT(report.duration, 200 * kMillisecond);
  ASSERT_EQ(report.trials.size(), 2u);
  EXPECT_GT(counts_of(report).offered, 0u);
  EXPECT_EQ(counts_of(report).unique, counts_of(report).offered);
}

// Several may follow each other on one thread.
TEST(Job, LeavesItsThreadAsItWas) {
  const CpuList& cpus = kCpusAtStart;
  ASSERT_EQ(allowed_cpus(), cpus);
  const ScopedTimerSlack slack(77'000);
  OneJob job;
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(job.run(trial_of("50ms")).error);
    if (cpus.size() > 1) {
      EXPECT_LT(job.events.cpus.size(), cpus.size()) << "it keeps off the core that sends";
    }
    EXPECT_EQ(allowed_cpus(), cpus);
  }
  Settings settings{.verb = Verb::kDut};
  settings.dut.a = "loopback:a";
  settings.dut.b = "loopback:b";
  settings.dut.duration = 20 * kMillisecond;
  EXPECT_FALSE(job.run(settings, {cpus.front()}).error);
  EXPECT_EQ(job.events.cpus, CpuList{cpus.front()}) << "on the job's own cores";
  EXPECT_EQ(allowed_cpus(), cpus);
  settings.dut.core = cpus.back();
  const RunReport report = job.run(settings);
  EXPECT_FALSE(report.error) << report.error->message;
  EXPECT_TRUE(report.dut);
  EXPECT_TRUE(job.events.said.starts_with("dut: forwarding loopback:a <-> loopback:b"));
  EXPECT_EQ(job.events.cpus, CpuList{cpus.back()});
  EXPECT_EQ(job.events.slack, 1);
  EXPECT_EQ(allowed_cpus(), cpus);
  EXPECT_EQ(prctl(PR_GET_TIMERSLACK), 77'000);
}

TEST(Job, ThatCannotBeginIsAReport) {
  OneJob job;
  Settings settings = trial_of("50ms");
  settings.test.rx = "loopback:nowhere";
  const RunReport report = job.run(settings);
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->kind, ErrorKind::kUsage);
  EXPECT_EQ(report.status, RunStatus::kError);
  EXPECT_FALSE(report.settings.empty());
  EXPECT_FALSE(report.config.empty());
  EXPECT_TRUE(report.trials.empty());
  settings.verb = Verb::kDoctor;
  EXPECT_EQ(job.run(settings).error->message, "doctor is not a job");
}

// A fault nobody foresaw takes away what was not measured yet, and no more.
TEST(Job, KeepsWhatWasCompleteWhenSomethingThrows) {
  OneJob job;
  bool first_over = false;
  job.events.on_trial = [&] { first_over = true; };
  job.changes.counters = [&](DeviceCounters&, unsigned) {
    if (first_over) throw std::runtime_error("no such counter");
  };
  const RunReport report = job.run(trial_of("50ms", "64,128"));
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->message, "the run cannot go on: no such counter");
  EXPECT_EQ(report.status, RunStatus::kError);
  ASSERT_EQ(report.trials.size(), 1u);
  EXPECT_EQ(counts_of(report).unique, counts_of(report).offered);
  EXPECT_GT(report.duration, 50 * kMillisecond) << "it was ended like any other";
}

TEST(Job, OneInvalidTrialOfSeveralIsWhatTheRunIs) {
  OneJob job;
  job.changes.counters = [](DeviceCounters& now, unsigned asked) {
    now.link_downs = asked > 0 ? 1 : 0;  // in the first trial
  };
  const RunReport report = job.run(trial_of("50ms", "64,128"));
  ASSERT_EQ(report.trials.size(), 2u);
  EXPECT_EQ(report.trials[0].verdict, Verdict::kInvalid);
  EXPECT_EQ(report.trials[0].reason, "link: a went down during the trial");
  EXPECT_EQ(report.status, RunStatus::kInvalid);
}

TEST(Job, TheLineIsAsFastAsItsSlowerPort) {
  OneJob job;
  job.changes.facts = [](DeviceFacts& port) {
    port.line_rate_bps = port.device == "a" ? 10'000'000'000u : 1'000'000'000u;
  };
  EXPECT_EQ(job.run(trial_of("50ms")).line_rate_bps, 1e9);
}

TEST(Job, APlanSaysTheLoadAtBothLayers) {
  OneJob job;
  const auto plan = job.plan(trial_of("1s"));
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_NE(plan->find(" 1.000 kpps, 672.000 kbps L1, 512.000 kbps L2, 1,000 frames\n"),
            std::string::npos)
      << *plan;
}

// A dry run says what a run would: a frame is lost that goes to the port it was sent from.
TEST(Job, ADestinationIsJudgedAtThePortThatSendsThere) {
  if (const std::string why = no_namespaces(); !why.empty()) GTEST_SKIP() << why;
  const VethPair veth;
  const std::string near = format_mac(read_interface(veth.near())->mac);
  const std::string far = format_mac(read_interface(veth.far())->mac);
  OneJob job(std::make_unique<NamedOnly>());
  const auto planned = [&](const std::string& macs) {
    Asked asked = between(("fake:" + veth.near()).c_str(), ("fake:" + veth.far()).c_str());
    asked["bidirectional"] = "true";
    asked["dst-mac"] = macs;
    const auto settings = asked.read();
    EXPECT_TRUE(settings) << settings.error().message;
    const auto plan = job.plan(*settings);
    return plan ? std::string("planned") : plan.error().message;
  };
  const std::string nobody = "02:00:00:00:00:99";
  EXPECT_EQ(planned(far + "," + near), "planned") << "a cable";
  EXPECT_NE(planned(near + "," + nobody).find("MAC " + near + " is that of"), std::string::npos);
  EXPECT_NE(planned(nobody + "," + far).find("MAC " + far + " is that of"), std::string::npos);
}

// A p99.9 needs 20,000 of them: at 4,000 a second five seconds.
TEST(Job, ABaselineDelayIsMeasuredUntilThereAreFramesEnough) {
  const FakeRoot state;
  OneJob job;
  job.calibration_file = state.path() + "/calibration.json";
  job.changes.counters = [&job](DeviceCounters&, unsigned) { job.cancelled = true; };
  Asked asked(Verb::kCalibrate);
  asked["tx"] = "loopback:a";
  asked["rx"] = "loopback:b";
  asked["rate"] = "4kpps";
  asked["warm-up"] = "0";
  const auto settings = asked.read();
  ASSERT_TRUE(settings) << settings.error().message;
  const RunReport report = job.run(*settings);
  EXPECT_EQ(report.status, RunStatus::kAborted);
  ASSERT_EQ(report.trials.size(), 1u);
  EXPECT_EQ(report.trials[0].spec.duration, 5 * kSecond);
}

TEST(Job, CancelledBeforeItBeganHasMeasuredNothing) {
  OneJob job;
  job.cancelled = true;
  const RunReport report = job.run(trial_of("50ms"));
  EXPECT_EQ(report.status, RunStatus::kAborted);
  EXPECT_TRUE(report.trials.empty() || counts_of(report).offered == 0);
}

// The trials were whole, but not all that were asked for.
TEST(Job, CancelledBetweenTwoTrialsIsCutShort) {
  OneJob job;
  job.events.on_trial = [&] { job.cancelled = true; };
  const RunReport report = job.run(trial_of("50ms", "64,128"));
  EXPECT_EQ(report.status, RunStatus::kAborted);
  ASSERT_EQ(report.trials.size(), 1u);
  EXPECT_FALSE(report.trials[0].interrupted);
}

// Two in one process, each on cores of its own: one is cancelled, and the other does not notice.
TEST(Job, RunsBesideAnother) {
  const CpuList& cpus = kCpusAtStart;
  OneJob first, second;
  RunReport cancelled, whole;
  CpuList after_first, after_second;
  first.events.on_interval = [&] { first.cancelled = true; };
  {
    const std::jthread one([&] {
      cancelled = first.run(trial_of("60s"), {cpus.front()});
      after_first = allowed_cpus();
    });
    const std::jthread other([&] {
      whole = second.run(trial_of("300ms"), {cpus.back()});
      after_second = allowed_cpus();
    });
  }
  EXPECT_EQ(cancelled.status, RunStatus::kAborted);
  ASSERT_EQ(cancelled.trials.size(), 1u);
  EXPECT_TRUE(cancelled.trials[0].interrupted);
  EXPECT_GT(counts_of(cancelled).offered, 0u);
  EXPECT_LT(cancelled.trials[0].duration, 60 * kSecond);
  EXPECT_FALSE(whole.error);
  EXPECT_NE(whole.status, RunStatus::kAborted);
  EXPECT_EQ(counts_of(whole).intended, 300u);
  EXPECT_EQ(counts_of(whole).lost, 0u);
  EXPECT_EQ(cancelled.here().cores_used.at(0).core, cpus.front());
  EXPECT_EQ(whole.here().cores_used.at(0).core, cpus.back());
  EXPECT_EQ(after_first, cpus);
  EXPECT_EQ(after_second, cpus);
}

}  // namespace
}  // namespace wireproof

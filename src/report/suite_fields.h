// A suite, for a document. Private to src/report.
#pragma once

#include "report/fields.h"
#include "trial/derive.h"
#include "trial/suite.h"

namespace wireproof {

void trials_of_test(auto& f, auto& test) {
  f.field("trial_ids", test.trial_ids);
  f.unless_empty("reason", test.reason);
}

void members(auto&& f, Is<LatencyOfDirection> auto& one) {
  f.field("from", one.from);
  f.field("to", one.to);
  f.unless_zero("stream", one.stream);
  f.field("repetitions", one.repetitions);
  f.field("mean_ns", one.mean);
  f.optional("typical_ns", one.typical);
  f.optional("worst_case_ns", one.worst_case);
  f.field("min_ns", one.min);
  f.field("max_ns", one.max);
}

void latency_fields(auto& f, Is<LatencyTest> auto& test) {
  f.unless_zero("load_fps", test.load_fps);
  f.seconds("duration_s", test.duration);
  f.field("directions", test.directions);
  f.field("lost", test.lost);
  f.unless_zero("tx_span_max_ns", test.tx_span_max);
  trials_of_test(f, test);
}

void members(auto&& f, Is<LossStep> auto& step) {
  f.field("percent", step.percent);
  f.field("load_fps", step.load_fps);
  f.optional("loss_ratio", step.loss_ratio);
  f.field("trial_id", step.trial_id);
}

void loss_fields(auto& f, Is<LossTest> auto& test) {
  f.seconds("duration_s", test.duration);
  f.field("steps", test.steps);
  f.field("complete", test.complete);
  trials_of_test(f, test);
}

void members(auto&& f, Is<BackToBackBurst> auto& burst) {
  f.field("frames", burst.frames);
  f.field("fps", burst.fps);
}

void back_to_back_fields(auto& f, Is<BackToBackTest> auto& test) {
  f.field("applicable", test.applicable);
  f.field("bursts", test.bursts);
  f.unless_zero("throughput_fps", test.throughput_fps);
  f.unless_zero("max_fps", test.max_fps);
  f.unless_zero("step_frames", test.step_frames);
  if (!test.bursts.empty()) {
    const BufferFigures figures = buffer_figures(test);
    f.derived("average_frames", figures.frames.mean);
    f.derived("min_frames", figures.frames.min);
    f.derived("max_frames", figures.frames.max);
    f.derived("stdev_frames", figures.frames.stdev);
    f.derived("sent_fps", figures.sent_fps);
    f.derived("implied_buffer_ns", std::llround(figures.implied_ns));
    f.derived("corrected_buffer_ns", std::llround(figures.corrected_ns));
    f.derived("buffer_frames", figures.buffer_frames);
  }
  trials_of_test(f, test);
}

// Their mean; of none, nothing.
void times_fields(auto& f, auto& times) {
  f.field("times_ns", times);
  if (!times.empty()) f.derived("average_ns", mean_time(times));
}
void recovery_fields(auto& f, Is<RecoveryTest> auto& test) {
  f.field("applicable", test.applicable);
  f.unless_zero("overload_fps", test.overload_fps);
  f.unless_zero("then_fps", test.then_fps);
  times_fields(f, test.times);
  trials_of_test(f, test);
}

void reset_fields(auto& f, Is<ResetTest> auto& test) {
  f.unless_zero("load_fps", test.load_fps);
  f.derived("method", "frame-loss");
  times_fields(f, test.times);
  trials_of_test(f, test);
}

void suite_size_fields(auto& f, Is<SuiteSizeResult> auto& size) {
  f.field("name", size.name);
  f.field("frame_size", size.frame_size);
  f.unless_zero("mean_frame_size", size.mean_frame_size);
  f.optional("max_fps", size.max_fps);
  f.word("max_fps_from", size.limit, kRateLimitWords);
  f.optional("throughput_fps", size.throughput_fps);
  f.field("throughput_given", size.throughput_given);
  f.unless_equal("throughput_is_at_least", size.throughput_is_at_least, false);
  if (size.throughput_fps && size.max_fps)
    f.derived("percent_of_max", *size.throughput_fps / *size.max_fps * 100);
  f.maybe("latency", size.latency, [](auto& inner, auto& of) { latency_fields(inner, of); });
  f.maybe("frame_loss", size.loss, [](auto& inner, auto& of) { loss_fields(inner, of); });
  f.maybe("back_to_back", size.back_to_back,
          [](auto& inner, auto& of) { back_to_back_fields(inner, of); });
  f.maybe("recovery", size.recovery, [](auto& inner, auto& of) { recovery_fields(inner, of); });
  f.maybe("reset", size.reset, [](auto& inner, auto& of) { reset_fields(inner, of); });
}

void suite_fields(auto& f, Is<SuiteResult> auto& suite) {
  f.list("sizes", suite.sizes, [](auto& inner, auto& size) { suite_size_fields(inner, size); });
  f.field("deviations", suite.deviations);
}

}  // namespace wireproof

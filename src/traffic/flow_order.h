// Which flow the next frame belongs to, and its sequence number: arithmetic on a counter, no memory
// per flow, so that a million flows cost what one does.
//
// Flows are numbered 0..flows-1 and belong to sequence spaces ("groups"): flow f is in group
// f % groups. A worker owns a run of groups and visits each of them once a cycle, in a fixed
// permuted order; so the sequence number of a frame is the number of the cycle. Within a group the
// members take turns, cycle by cycle.
#pragma once

#include <cstdint>
#include <vector>

namespace wireproof {

inline constexpr std::uint32_t kSequenceSpacesMax = 4096;
// The same where frames come over several receive queues, which are chosen by flow: a space that
// two flows share would be torn between them. The group's field in the signature holds no more.
inline constexpr std::uint32_t kSequenceSpacesSpread = 65'536;

struct FlowOrderSpec {
  std::uint32_t flows = 1;
  std::uint32_t groups = 1;       // <= flows, over all workers
  std::uint32_t group_first = 0;  // this worker's run
  std::uint32_t group_count = 1;  // >= 1
  bool permuted = true;
};

class FlowOrder {
 public:
  explicit FlowOrder(const FlowOrderSpec& spec);

  // A place in the order: copied to come back to it.
  struct Cursor {
    std::uint64_t cycle = 0;         // the sequence number of every frame of this cycle
    std::uint32_t visited = 0;       // groups done in this cycle
    std::uint32_t offset = 0;        // the group of the next frame, from group_first
    std::uint32_t member_small = 0;  // cycle modulo the members of a small group ...
    std::uint32_t member_large = 0;  // ... and of a large one
  };

  [[nodiscard]] Cursor start() const { return {}; }

  [[nodiscard]] std::uint32_t group(const Cursor& at) const { return group_first_ + at.offset; }
  [[nodiscard]] std::uint32_t flow(const Cursor& at) const {
    const std::uint32_t group_index = group(at);
    return group_index +
           groups_ * (group_index < large_groups_ ? at.member_large : at.member_small);
  }

  // True: a new cycle begins.
  bool advance(Cursor& at) const {
    at.offset += stride_;
    if (at.offset >= group_count_) at.offset -= group_count_;
    if (++at.visited != group_count_) return false;
    end_cycle(at);
    return true;
  }

  // Frames of each of this worker's groups before `end`, from group_first on.
  [[nodiscard]] std::vector<std::uint64_t> sent_per_group(const Cursor& end) const;
  // Distinct flows among the frames before `end`.
  [[nodiscard]] std::uint64_t distinct_flows(const Cursor& end) const;

 private:
  void end_cycle(Cursor& at) const {
    at.visited = 0;
    at.offset = 0;
    ++at.cycle;
    if (++at.member_small == small_members_) at.member_small = 0;
    if (++at.member_large == small_members_ + 1) at.member_large = 0;
  }

  std::uint32_t groups_;
  std::uint32_t group_first_;
  std::uint32_t group_count_;
  std::uint32_t stride_;
  std::uint32_t small_members_;  // flows / groups; the first flows % groups groups have one more
  std::uint32_t large_groups_;
};

}  // namespace wireproof

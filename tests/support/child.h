// Work in a child process, for tests that give up privileges or limits for good.
#pragma once

#include <functional>
#include <vector>

namespace wireproof {

// Runs `work` in a forked child; 0 when it returned true, 1 when false, above 128 when a signal or
// an exception ended it. The child must leave the fixtures' objects alone.
[[nodiscard]] int in_child(const std::function<bool()>& work);

// The calling thread keeps these capabilities (CAP_...) and no other, for good.
void keep_only_capabilities(const std::vector<int>& kept);

}  // namespace wireproof

// Did you mean: the nearest of the names that exist.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wireproof {

// The known name with the smallest edit distance to `typed`, if it is close enough to be what the
// user meant (at most a third of the length, and at least two edits); empty otherwise.
[[nodiscard]] std::string nearest_name(std::string_view typed,
                                       const std::vector<std::string>& known);

// "did you mean 'eth0'?" or, when nothing is near, "known: a, b, c"; empty without known names.
[[nodiscard]] std::string did_you_mean(std::string_view typed,
                                       const std::vector<std::string>& known);

}  // namespace wireproof

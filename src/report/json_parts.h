// JSON values, as src/report alone sees them.
#pragma once

#include <nlohmann/json.hpp>

#include "report/document.h"
#include "trial/core_estimate.h"

namespace wireproof {

using Json = nlohmann::ordered_json;  // keys in the order in which they are to be read

[[nodiscard]] Json line_plan_json(const LinePlan& plan);
// null where there is none.
[[nodiscard]] Json error_json(const std::optional<Error>& error);

// Text that is not UTF-8 (an argument, a file name) is shown with replacement characters rather
// than ending the run. indent < 0: one line.
[[nodiscard]] std::string dump(const Json& json, int indent);

}  // namespace wireproof

// Documents of results: what is taken is written and read back, and written for the second time as
// it was for the first; and people can be told of it.
#include "fuzz/fuzz.h"
#include "report/json.h"
#include "report/text.h"

FUZZ_TARGET(result) {
  const auto read = read_result(text_of(bytes));
  if (!read) return require_refusal(read.error(), ErrorKind::kPrecondition);
  const std::string written = to_json(*read);
  const auto again = read_result(written);
  require(again.has_value(), "what is written is not read");
  require(to_json(*again) == written, "what is written changes when it is read");
  (void)to_text(*read, true);
}

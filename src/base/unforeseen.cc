#include "base/unforeseen.h"

#include <fmt/format.h>

#include <exception>
#include <new>
#include <stdexcept>
#include <system_error>

#include "base/memory.h"

namespace wireproof {

Error unforeseen_error() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (const std::length_error&) {  // more than any vector holds
    return out_of_memory();
  } catch (const std::system_error& refused) {
    return {ErrorKind::kPrecondition, fmt::format("the host refuses: {}", refused.what()),
            "see the limits of this process (ulimit -a) and of its control group",
            refused.code().value()};
  } catch (const std::exception& unforeseen) {
    return {ErrorKind::kPrecondition, fmt::format("the run cannot go on: {}", unforeseen.what()),
            "this is a fault of the program: please report it"};
  }
}

}  // namespace wireproof

// What the world can do to us, as a value. Library code returns these; only tools/ prints or exits.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace wireproof {

// One kind per documented exit code (docs/manual.md, "Exit codes"); tools/exit_code.h maps them.
enum class ErrorKind {
  kUsage,         // 2: a flag, a number or a configuration is wrong
  kPrecondition,  // 3: the host lacks something: capability, interface, neighbour, memory
  kPeer,          // 4: the other end is gone or refused us
  kOutput,        // 5: a result could not be written
  kInvalid,       // 6: the tester cannot guarantee what it measured
  kInterrupted,   // 130/143: the user stopped the run
};

struct Error {
  ErrorKind kind = ErrorKind::kPrecondition;
  std::string message;  // one sentence: what went wrong, naming the thing
  std::string hint;     // one sentence: the cure; may be empty
  int errno_value = 0;  // 0: no system call was involved
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string message,
                                                std::string hint = {}, int errno_value = 0) {
  return tl::unexpected<Error>(Error{kind, std::move(message), std::move(hint), errno_value});
}

}  // namespace wireproof

// Standard input, output and error as they may really be: closed by the caller, full, or a pipe
// that nobody reads.
#pragma once

#include <string_view>

namespace wireproof {

// First of all in main. A descriptor 0, 1 or 2 that the caller closed would become the first socket
// or file that is opened, and a result would be written into it: each gets /dev/null, standard
// output in a way that writing to it fails, because a result that nobody can read was not written.
void secure_standard_streams();

// To standard error. One that is closed or full loses the words and nothing else.
void say(std::string_view text);

// To standard output. Returns the exit code: 0, or that of a result not written, which is said.
[[nodiscard]] int print(std::string_view text);

}  // namespace wireproof

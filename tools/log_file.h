// A file that a run writes at its end, opened before the run begins.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "base/result.h"

namespace wireproof {

class LogFile {
 public:
  // Refuses at once a path that cannot be written (kOutput); what was in the file is kept until
  // there is something to put in its place.
  [[nodiscard]] static Result<LogFile> open(const std::string& path);

  // Empties it, before the first byte is written. Fails with kOutput.
  [[nodiscard]] Status empty();
  [[nodiscard]] std::FILE* file() const { return file_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  LogFile(std::FILE* file, std::string path) : file_(file), path_(std::move(path)) {}

  std::unique_ptr<std::FILE, Close> file_;
  std::string path_;
};

}  // namespace wireproof

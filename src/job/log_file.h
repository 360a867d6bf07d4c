// A file that a run writes at its end, checked before the run begins: a regular file appears whole
// or not at all, as results do; a pipe, a terminal or another device is written as it is.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "report/write_file.h"

namespace wireproof {

class LogFile {
 public:
  // Refuses at once a path that cannot be written (kOutput); nothing is made or changed yet. Opens
  // what is no regular file, which for a pipe waits for a reader (kInterrupted when a signal ended
  // that).
  [[nodiscard]] static Result<LogFile> open(const std::string& path);

  // Once, before the first byte. Fails with kOutput.
  [[nodiscard]] Status begin();
  // After the last byte: the file has its name. Without it a file of that name stays as it was.
  [[nodiscard]] Status commit();

  // Between begin() and commit().
  [[nodiscard]] std::FILE* file() const { return file_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  explicit LogFile(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] Status use(UniqueFd descriptor);

  std::string path_;    // as the user wrote it
  std::string target_;  // what it leads to; empty: no regular file, and open already
  std::optional<WholeFile> whole_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace wireproof

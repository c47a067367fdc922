#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "cse/primitive/value.h"

namespace gatehouse::ota {

/// The command line of a program with a JSON configuration: `--config FILE`, `--check`, and options
/// that take the place of members of the file.
class CommandLine {
 public:
  CommandLine(const std::string& name, const std::string& description);
  ~CommandLine();

  /// `member` of the configuration is what the option says. The strings are literals.
  void text(const char* option, const char* member, const char* help);
  void number(const char* option, const char* member, const char* help);
  void flag(const char* option, const char* member, const char* help);

  /// The exit code, if the program has to end now: help was asked for, or an option is wrong.
  std::optional<int> parse(int argc, char** argv);

  const std::string& config() const;  ///< file name
  bool check_only() const;
  const Value& overrides() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// SIGINT and SIGTERM, blocked from here on in this thread and those it starts, until somebody
/// waits for them. SIGPIPE is ignored. One object, made before any thread.
class StopSignals {
 public:
  StopSignals();
  void wait() const;
  /// Whether one came before the time was over.
  bool came_within(std::chrono::milliseconds time) const;
};

}  // namespace gatehouse::ota

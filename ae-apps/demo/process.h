#pragma once
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cse/primitive/result.h"

namespace gatehouse::demo {

using Variables = std::vector<std::pair<std::string, std::string>>;

/// What to start, and where its words go.
struct Command {
  std::string name;                ///< for people and for its log files
  std::vector<std::string> words;  ///< the program first
  Variables variables;             ///< added to our environment
  std::filesystem::path out;       ///< standard output
  std::filesystem::path err;       ///< standard error; may be the same file
};

/// A child of ours in a process group of its own (so Ctrl-C reaches us alone), which the kernel
/// kills should we vanish. Threading: the thread that started it.
class Process {
 public:
  /// Errors: kInternalServerError if no process can be made; a program that cannot be executed ends
  /// with status 127.
  static Result<std::unique_ptr<Process>> start(const Command& command);
  ~Process();  ///< kills what still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  const Command& command() const { return command_; }
  bool running();
  /// "ended with status 1", "was ended by signal 11"; empty while it runs.
  std::string end_text();
  bool succeeded();       ///< ended with status 0
  void send(int signal);  ///< if it still runs
  /// False if it still runs then.
  bool wait(std::chrono::steady_clock::time_point deadline);

 private:
  Process(Command command, pid_t pid) : command_(std::move(command)), pid_(pid) {}
  Command command_;
  pid_t pid_;
  std::optional<int> status_;
};

/// What a program said on both streams, once it ended with status 0. Errors: kInternalServerError
/// with its name and its last lines, also if it takes longer than `limit`.
Result<std::string> run_to_end(const Command& command, std::chrono::milliseconds limit);

/// Where a program is: in PATH or in the folders of daemons, which PATH may lack. Errors:
/// kNotFound.
Result<std::string> find_program(const std::string& name);

/// The end of a text file, at most `max_lines` of its last 16 KiB.
std::string last_lines(const std::filesystem::path& file, std::size_t max_lines);
std::string whole_file(const std::filesystem::path& file);

}  // namespace gatehouse::demo

#pragma once
#include <signal.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ae-apps/demo/process.h"
#include "ae-apps/demo/screen.h"
#include "ae-apps/demo/step_feed.h"

namespace gatehouse::demo {

/// Ctrl-C and SIGTERM become a flag that every wait looks at.
void catch_signals();
bool interrupted();

/// The processes of the demonstration, and all waiting for them. Threading: one thread.
class Crew {
 public:
  /// With `verbose` the primitives in followed logs are shown as they come.
  Crew(Screen& screen, bool verbose) : screen_(screen), verbose_(verbose) {}
  ~Crew() { stop_all(); }

  /// Starts a process that shall live until stop_all().
  Result<void> start(const Command& command);
  /// Asks `done` until it is true. `what` is shown meanwhile, unless it is empty. Errors:
  /// kRequestTimeout after `limit`; kInternalServerError if a process has ended meanwhile (its last
  /// words are in the text) or on Ctrl-C.
  Result<void> wait_until(const std::string& what, Milliseconds limit,
                          const std::function<bool()>& done,
                          Milliseconds look_every = Milliseconds(15));
  /// Holds a process still for as long as the object lives. Nothing if there is none of that name.
  class Pause {
   public:
    explicit Pause(Process* process);
    ~Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    Process* process_;
  };
  Pause pause(const std::string& name);
  /// kill -9, and the same once more. Errors: kNotFound; those of start().
  Result<void> kill_and_restart(const std::string& name) { return restart(name, SIGKILL); }
  /// The same with another signal, which the process may take its time for.
  Result<void> restart(const std::string& name, int signal);
  /// The log of a CSE, whose lines `op=… to=…` are primitives.
  void follow_primitives(const std::string& name, const std::filesystem::path& log);
  void show_primitives();

  /// The last one first: asks, waits, kills. Only what start() has made.
  void stop_all();
  /// The log file of the process that ended by itself, if one did.
  const std::filesystem::path& culprit_log() const { return culprit_log_; }

 private:
  Result<void> check_all_run();

  Screen& screen_;
  const bool verbose_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<std::pair<std::string, LogTail>> primitives_;
  std::filesystem::path culprit_log_;
};

}  // namespace gatehouse::demo

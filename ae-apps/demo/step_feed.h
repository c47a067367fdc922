#pragma once
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace gatehouse::demo {

/// Follows a text file that another process writes. Whole lines only.
class LogTail {
 public:
  explicit LogTail(std::filesystem::path file) : file_(std::move(file)) {}
  /// The lines that have come since the last call.
  std::vector<std::string> fresh_lines();

 private:
  std::filesystem::path file_;
  std::ifstream in_;
  std::string begun_;  ///< of a line whose end has not come yet
};

/// `STEP E event=downloaded ecu=ECU-1 bytes=4711`, as the server and the gateway print them.
struct StepEvent {
  std::string source;  ///< "server", "gateway"
  char letter = '?';
  std::chrono::steady_clock::time_point seen{};
  std::map<std::string, std::string, std::less<>> fields;
  std::string at(std::string_view name) const;  ///< empty if there is none
};

/// The value behind ` name=` in a line, unquoted; empty if there is none.
std::string field_of(const std::string& line, const std::string& name);
/// The fields of a line; false if it is no STEP line. Values are bare or quoted as in JSON.
bool parse_step(const std::string& line, StepEvent& out);

/// A line of a CSE's log about a NOTIFY that it has sent: letter 'N', fields event=NOTIFY, to, rsc,
/// via, us. False for any other.
bool parse_notification(const std::string& line, StepEvent& out);

/// What several programs said about their steps, in the order in which it was written. A thread of
/// its own reads it the moment it comes, so that StepEvent::seen tells how long things took.
/// Threading: any.
class StepFeed {
 public:
  StepFeed();
  ~StepFeed();
  StepFeed(const StepFeed&) = delete;
  StepFeed& operator=(const StepFeed&) = delete;

  /// The file must exist.
  void follow(const std::string& source, const std::filesystem::path& file);
  /// From the given place on.
  std::vector<StepEvent> events_since(std::size_t mark) const;
  std::size_t size() const;

 private:
  void run();
  void read();

  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, LogTail>> tails_;
  std::vector<StepEvent> events_;
  int watch_;  ///< inotify; less than 0: looks now and then
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace gatehouse::demo

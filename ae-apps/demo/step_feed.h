#pragma once
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
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

/// The fields of a line; false if it is no STEP line. Values are bare or quoted as in JSON.
bool parse_step(const std::string& line, StepEvent& out);

/// What several programs said about their steps, in the order in which it was read.
class StepFeed {
 public:
  void follow(const std::string& source, const std::filesystem::path& file);
  void read();
  const std::vector<StepEvent>& events() const { return events_; }

 private:
  std::vector<std::pair<std::string, LogTail>> tails_;
  std::vector<StepEvent> events_;
};

}  // namespace gatehouse::demo

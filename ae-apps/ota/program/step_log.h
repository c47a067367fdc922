#pragma once
#include <mutex>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse::ota {

/// What a program of the OTA part tells the world outside: steps for programs, sentences for
/// people. Threading: any thread. The streams outlive it.
class StepLog {
 public:
  using Field = std::pair<std::string, std::string>;
  StepLog(std::ostream& steps, std::ostream& log) : steps_(steps), log_(log) {}

  /// `STEP E event=downloaded ecu=ECU-1 bytes=4711`, one line, flushed. A value with anything but
  /// letters, digits and ._:/-+ is quoted as in JSON.
  void step(char letter, std::string_view event, const std::vector<Field>& fields = {});
  /// One line with the time before it.
  void say(std::string_view text);

 private:
  std::mutex mutex_;
  std::ostream& steps_;
  std::ostream& log_;
};

/// Now, as an m2m:timestamp in UTC.
std::string timestamp_now();

}  // namespace gatehouse::ota

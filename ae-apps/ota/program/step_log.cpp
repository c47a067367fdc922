#include "ae-apps/ota/program/step_log.h"

#include <algorithm>
#include <cctype>
#include <chrono>

#include "cse/codec/json.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::ota {
namespace {

bool is_plain(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("._:/-+").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

}  // namespace

std::string timestamp_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return to_text(Timestamp{std::chrono::duration_cast<std::chrono::microseconds>(since).count()});
}

void StepLog::step(char letter, std::string_view event, const std::vector<Field>& fields) {
  std::string line = std::string("STEP ") + letter + " event=" + std::string(event);
  for (const auto& [name, value] : fields) {
    line += ' ';
    line += name;
    line += '=';
    if (is_plain(value)) {
      line += value;
    } else {
      append_json_string(line, value);
    }
  }
  const std::lock_guard lock(mutex_);
  steps_ << line << std::endl;
}

void StepLog::say(std::string_view text) {
  const std::lock_guard lock(mutex_);
  log_ << timestamp_now() << ' ' << text << std::endl;
}

}  // namespace gatehouse::ota

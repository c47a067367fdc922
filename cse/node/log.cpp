#include "cse/node/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace gatehouse::node {
namespace {

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = std::make_shared<spdlog::logger>("gatehouse",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
    made->flush_on(spdlog::level::warn);
    return made;
  }();
  return *instance;
}

}  // namespace

void log(LogLevel level, std::string_view message) {
  static constexpr spdlog::level::level_enum kLevels[] = {
      spdlog::level::err, spdlog::level::warn, spdlog::level::info, spdlog::level::debug};
  logger().log(kLevels[static_cast<int>(level)],
               spdlog::string_view_t(message.data(), message.size()));
}

void set_log_level(const std::string& level) {
  logger().set_level(spdlog::level::from_str(level == "error" ? "err" : level));
  logger().flush_on(spdlog::level::info);
}

bool logs_debug() { return logger().should_log(spdlog::level::debug); }

std::string log_value(std::string_view text) {
  const std::string_view part = text.substr(0, 200);
  std::string value;
  bool quote = part.empty();
  for (const char c : part) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      value += '?';
    } else {
      if (c == '"' || c == '\\') value += '\\';
      quote = quote || c == ' ' || c == '"' || c == '=';
      value += c;
    }
  }
  if (part.size() < text.size()) value += "...";
  return quote ? "\"" + value + "\"" : value;
}

}  // namespace gatehouse::node

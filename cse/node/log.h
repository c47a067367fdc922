#pragma once
#include <string>
#include <string_view>

namespace gatehouse::node {

enum class LogLevel { kError, kWarning, kInfo, kDebug };

/// One line `time level message`; the message is key=value text. On standard error. Threading: any.
void log(LogLevel level, std::string_view message);
inline void log_info(std::string_view message) { log(LogLevel::kInfo, message); }
inline void log_error(std::string_view message) { log(LogLevel::kError, message); }
/// "error", "warning", "info" or "debug".
void set_log_level(const std::string& level);
bool logs_debug();

/// A text as a log value: quoted if it has spaces, control characters made visible, cut at 200
/// bytes.
std::string log_value(std::string_view text);

}  // namespace gatehouse::node

#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "cse/primitive/result.h"

namespace gatehouse::ota {

/// The old content or the new one, whatever happens in between; durable on return. Errors:
/// kInternalServerError.
Result<void> replace_file(const std::filesystem::path& file, std::string_view content);
/// Adds one line, durable on return. Errors: kInternalServerError.
Result<void> append_line(const std::filesystem::path& file, std::string_view line);
/// Empty if there is no such file. Errors: kNotAcceptable above the limit.
Result<std::string> read_text(const std::filesystem::path& file, std::size_t max_bytes);

}  // namespace gatehouse::ota

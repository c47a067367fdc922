#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cse/primitive/result.h"

namespace gatehouse::ota {

/// The old content or the new one, whatever happens in between; durable on return. Errors:
/// kInternalServerError.
Result<void> replace_file(const std::filesystem::path& file, std::string_view content);
/// As replace_file() with the bytes of `source`, which may be large; the folder is made. Again it
/// writes nothing, and makes durable what may not be yet. Errors: kNotFound if there is no source;
/// kInternalServerError.
Result<void> replace_with_copy(const std::filesystem::path& file,
                               const std::filesystem::path& source);
/// Name in the folder, and content.
using NamedContent = std::pair<std::string, std::string>;
/// All of these files of the folder or none of them, whatever happens in between, provided that
/// finish_replacing() is called before the folder is read again; durable on return. One call at a
/// time. After an error the next call must bring these files again, with what they are by then.
/// Errors: kInternalServerError.
Result<void> replace_files(const std::filesystem::path& folder,
                           const std::vector<NamedContent>& files);
/// Carries on what a crash ended in replace_files(); nothing if there was none. Errors:
/// kInternalServerError; kNotAcceptable if what is left of it cannot be read.
Result<void> finish_replacing(const std::filesystem::path& folder);
/// Adds one line, durable on return; behind a line that a loss of power cut off, it stands alone.
/// Errors: kInternalServerError.
Result<void> append_line(const std::filesystem::path& file, std::string_view line);
/// Empty if there is no such file. Errors: kNotAcceptable above the limit.
Result<std::string> read_text(const std::filesystem::path& file, std::size_t max_bytes);

}  // namespace gatehouse::ota

#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "bindings/http/page.h"

namespace gatehouse::http {

/// Serves the file `name` below `folder` to GET and HEAD, whole or one range of it, streamed from
/// disk. `name` is what stands in the URL behind the prefix, percent-encoded: segments of letters,
/// digits, '-', '_', '.', '~',
/// '+', '@' or ':'; a segment that begins with '.' and a symbolic link that leads out of `folder`
/// give 404, as does a file that is absent. Answers: 200, 206 with Content-Range, 304
/// (If-None-Match), 404, 405, 416 with `Content-Range: bytes */size`. Several ranges in one request
/// are answered whole, as RFC 9110 clause 14.2 allows. If-Range compares the ETag, which is strong:
/// size, time of change and file number.
Page file_page(const PageRequest& request, const std::filesystem::path& folder,
               std::string_view name, std::string_view content_type = "application/octet-stream");

/// A page handler that serves all of `folder` below the URL prefix "/images/".
PageHandler folder_pages(std::string prefix, std::filesystem::path folder);

}  // namespace gatehouse::http

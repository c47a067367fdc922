#include "cse/node/flex_files.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

namespace gatehouse::node {
namespace {

constexpr std::size_t kMaxFileBytes = 16 << 20;

std::string quoted(std::string_view name) { return "\"" + std::string(name) + "\""; }

/// Where the text that an error is about stands: "JSON, at byte 17: …", or "my:lamp/mode: …".
std::size_t place_of(const std::string& text, const std::string& error) {
  constexpr std::string_view kAtByte = "JSON, at byte ";
  if (error.starts_with(kAtByte)) {
    std::size_t byte = 0;
    std::from_chars(error.data() + kAtByte.size(), error.data() + error.size(), byte);
    return std::min(byte, text.size());
  }
  const std::string where = error.substr(0, error.find(": "));
  const std::size_t slash = where.find('/');
  const std::size_t root = text.find(quoted(where.substr(0, slash)));
  if (root == std::string::npos) return 0;
  if (slash == std::string::npos) return root;
  const std::size_t attribute = text.find(quoted(where.substr(slash + 1)), root);
  return attribute == std::string::npos ? root : attribute;
}

std::int64_t line_of(const std::string& text, std::size_t place) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(place);
  return 1 + std::count(text.begin(), end, '\n');
}

}  // namespace

Result<std::shared_ptr<const FlexContainers>> read_flex_files(
    const std::vector<std::string>& files) {
  auto all = std::make_shared<FlexContainers>();
  for (const std::string& file : files) {
    std::ifstream stream(file, std::ios::binary);
    std::stringstream content;
    if (stream) content << stream.rdbuf();
    if (!stream) return fail(Rsc::kBadRequest, file + ": cannot be read");
    const std::string text = content.str();
    if (text.size() > kMaxFileBytes) return fail(Rsc::kBadRequest, file + ": is too large");
    const auto added = all->add(text);
    if (added) continue;
    const std::string& why = added.error().detail;
    return fail(Rsc::kBadRequest,
                file + ":" + std::to_string(line_of(text, place_of(text, why))) + ": " + why);
  }
  return std::shared_ptr<const FlexContainers>(std::move(all));
}

}  // namespace gatehouse::node

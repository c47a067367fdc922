#include "certs/index.h"

#include <charconv>

#include "certs/names.h"

namespace gatehouse::pki {
namespace {

constexpr std::size_t kFields = 6;

std::string seconds_text(Time time) {
  return std::to_string(std::chrono::system_clock::to_time_t(time));
}

std::optional<Time> time_from(std::string_view text) {
  std::time_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return std::chrono::system_clock::from_time_t(seconds);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::optional<Entry> entry_from(std::string_view line) {
  const auto fields = split(line, '\t');
  if (fields.size() != kFields || fields[0].empty() || !check_file_name(fields[1])) return {};
  const auto kind = kind_named(fields[2]);
  const auto expires = time_from(fields[4]);
  const auto revoked = fields[5] == "-" ? std::nullopt : time_from(fields[5]);
  if (!kind || !expires || (fields[5] != "-" && !revoked)) return {};
  return Entry{std::string(fields[0]),
               std::string(fields[1]),
               *kind,
               fields[3] == "-" ? std::string() : std::string(fields[3]),
               *expires,
               revoked};
}

}  // namespace

const Entry* Index::newest(std::string_view name) const {
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (entry->name == name) return &*entry;
  }
  return nullptr;
}

Entry* Index::newest(std::string_view name) {
  return const_cast<Entry*>(std::as_const(*this).newest(name));
}

std::string Index::to_text() const {
  std::string out;
  for (const Entry& entry : entries) {
    out += entry.serial + '\t' + entry.name + '\t' + std::string(profile_of(entry.kind).name) +
           '\t' + (entry.identity.empty() ? "-" : entry.identity) + '\t' +
           seconds_text(entry.expires) + '\t' +
           (entry.revoked ? seconds_text(*entry.revoked) : "-") + '\n';
  }
  return out;
}

Result<Index> Index::from_text(std::string_view text) {
  Index index;
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.empty()) return index;
  for (const std::string_view line : split(text, '\n')) {
    auto entry = entry_from(line);
    if (!entry) {
      return fail(Rsc::kInternalServerError, "line " + std::to_string(index.entries.size() + 1) +
                                                 " of the authority's index is damaged");
    }
    index.entries.push_back(*std::move(entry));
  }
  return index;
}

}  // namespace gatehouse::pki

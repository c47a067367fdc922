#include "bindings/security/psk_table.h"

#include <sys/stat.h>

#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>

#include "cse/primitive/identifiers.h"

namespace gatehouse {
namespace {

constexpr std::size_t kMinKeyBytes = 16, kMaxKeyBytes = 64, kMaxIdentityBytes = 128;
constexpr std::size_t kMaxEntries = 100'000;

std::optional<std::string> bytes_of_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    if (error != std::errc{} || end != hex.data() + i + 2) return std::nullopt;
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

/// What is wrong with the line, or nothing.
std::string read_line(const std::string& line, PskEntry& entry) {
  std::istringstream words(line);
  std::string key, originators, more;
  words >> entry.identity >> key >> originators;
  if (originators.empty() || words >> more) {
    return "must be: identity, key in hex, originators joined by commas";
  }
  if (entry.identity.size() > kMaxIdentityBytes) return "the identity is too long";
  const auto bytes = bytes_of_hex(key);
  if (!bytes) return "the key is no hex text";
  if (bytes->size() < kMinKeyBytes || bytes->size() > kMaxKeyBytes) {
    return "the key must have 16 to 64 bytes";
  }
  entry.key = *bytes;
  std::istringstream list(originators);
  for (std::string one; std::getline(list, one, ',');) {
    const auto forms = forms_of_originator(one);
    if (forms.empty()) return "\"" + one + "\" is no CSE-ID or AE-ID";
    entry.originators.insert(entry.originators.end(), forms.begin(), forms.end());
  }
  return {};
}

}  // namespace

std::vector<std::string> forms_of_originator(const std::string& text) {
  const std::size_t slash = text.find('/', 1);
  if (text.starts_with('/') && slash != std::string::npos) {
    const std::string stem = text.substr(slash + 1);
    if (!is_cse_id(text.substr(0, slash)) || stem.size() < 2 || !is_ae_id_stem(stem)) return {};
    return {stem, text};
  }
  if (!is_cse_id(text) && (text.size() < 2 || !is_ae_id_stem(text))) return {};
  return {text};
}

Result<PskTable> PskTable::load(const std::string& file) {
  const auto unusable = [&file](const std::string& why) {
    return fail(Rsc::kInternalServerError, "PSK file '" + file + "': " + why);
  };
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return unusable("cannot be opened");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return unusable("others than its owner may read it; chmod 600");
  }
  std::ifstream in(file);
  PskTable table;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    line = line.substr(0, line.find('#'));
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    PskEntry entry;
    const std::string place = "line " + std::to_string(number) + ": ";
    if (const std::string wrong = read_line(line, entry); !wrong.empty()) {
      return unusable(place + wrong);
    }
    if (table.entries_.size() >= kMaxEntries) return unusable("has too many lines");
    const std::string identity = entry.identity;
    if (!table.entries_.emplace(identity, std::move(entry)).second) {
      return unusable(place + "the identity stands there twice");
    }
  }
  if (table.entries_.empty()) return unusable("has no key");
  return table;
}

std::vector<std::string> PskTable::identities() const {
  std::vector<std::string> all;
  for (const auto& [identity, entry] : entries_) all.push_back(identity);
  return all;
}

const PskEntry* PskTable::find(std::string_view identity) const {
  const auto found = entries_.find(identity);
  return found == entries_.end() ? nullptr : &found->second;
}

}  // namespace gatehouse

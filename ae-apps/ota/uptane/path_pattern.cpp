#include "ae-apps/ota/uptane/path_pattern.h"

#include <algorithm>

#include "ae-apps/ota/crypto/digest.h"

namespace gatehouse::uptane {
namespace {

/// The set that begins at pattern[at] == '['. Returns the position behind it, or npos if it has no
/// end (then '[' stands for itself).
std::size_t match_set(std::string_view pattern, std::size_t at, char c, bool& matched) {
  std::size_t i = at + 1;
  const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  bool found = false;
  for (const std::size_t first = i; i < pattern.size(); ++i) {
    if (pattern[i] == ']' && i > first) {
      matched = found != negated;
      return i + 1;
    }
    if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
      found = found || (pattern[i] <= c && c <= pattern[i + 2]);
      i += 2;
    } else {
      found = found || pattern[i] == c;
    }
  }
  return std::string_view::npos;
}

/// Matches one character of the name; moves `at` behind the part of the pattern that did.
bool match_one(std::string_view pattern, std::size_t& at, char c) {
  if (at >= pattern.size()) return false;
  if (pattern[at] == '?') {
    ++at;
    return c != '/';
  }
  if (pattern[at] == '[') {
    bool matched = false;
    const std::size_t end = match_set(pattern, at, c, matched);
    if (end != std::string_view::npos) {
      at = end;
      return matched && c != '/';
    }
  }
  return pattern[at++] == c;
}

bool hash_prefix_matches(const std::vector<std::string>& prefixes, std::string_view name) {
  if (prefixes.empty()) return false;
  const std::string hash = to_hex(crypto::sha256(view_of(name)));
  return std::any_of(prefixes.begin(), prefixes.end(), [&hash](const std::string& prefix) {
    return !prefix.empty() && hash.starts_with(prefix);
  });
}

}  // namespace

bool path_matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;  // where to go on when the last '*' takes one more
  std::size_t taken = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      taken = n;
      continue;
    }
    std::size_t next = p;
    if (match_one(pattern, next, name[n])) {
      p = next;
      ++n;
      continue;
    }
    if (star == std::string_view::npos || name[taken] == '/') return false;
    p = star;
    n = ++taken;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool delegation_covers(const Delegation& delegation, std::string_view name,
                       const std::vector<std::string>& hardware_ids) {
  const bool path = std::any_of(delegation.paths.begin(), delegation.paths.end(),
                                [&](const std::string& p) { return path_matches(p, name); }) ||
                    hash_prefix_matches(delegation.path_hash_prefixes, name);
  if (!path || delegation.hardware_ids.empty()) return path;
  // Each of them: a role that speaks for one kind of ECU has no say about another.
  return !hardware_ids.empty() &&
         std::all_of(hardware_ids.begin(), hardware_ids.end(), [&](const std::string& id) {
           return std::find(delegation.hardware_ids.begin(), delegation.hardware_ids.end(), id) !=
                  delegation.hardware_ids.end();
         });
}

}  // namespace gatehouse::uptane

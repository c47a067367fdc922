#include "bindings/security/bearer_tokens.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "cse/primitive/identifiers.h"

namespace gatehouse {
namespace {

constexpr std::size_t kMaxTokenBytes = 512;
constexpr std::size_t kMaxLines = 100'000;

Timestamp system_now() {
  return {std::chrono::duration_cast<std::chrono::microseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

bool is_hash(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

bool is_originator(std::string_view text) {
  return !text.empty() && text.size() <= 256 && text != "C" && text != "S" &&
         text.find_first_of("*\t\r\n") == text.npos;
}

/// The reason why an option is wrong, or nothing.
std::string take_option(const std::string& option, BearerIdentity& identity) {
  if (option.starts_with("user=") && option.size() > 5) {
    identity.user = option.substr(5);
    return {};
  }
  if (option.starts_with("expires=")) {
    identity.expires = parse_timestamp(std::string_view(option).substr(8));
    return identity.expires ? "" : "expires must be a timestamp such as 20271231T000000";
  }
  return "\"" + option + "\" is neither user=NAME nor expires=TIMESTAMP";
}

/// One line; its hash and what it stands for. An error text on the wrong side.
tl::expected<std::pair<std::string, BearerIdentity>, std::string> parse_line(
    const std::string& line) {
  std::istringstream words(line);
  std::string hash, originators, option;
  BearerIdentity identity;
  words >> identity.name >> hash >> originators;
  if (!words) return tl::unexpected<std::string>("must be: name, SHA-256, originators");
  if (!is_hash(hash)) {
    return tl::unexpected<std::string>(
        "the second word must be a SHA-256 of 64 hexadecimal digits");
  }
  std::istringstream items(originators);
  for (std::string item; std::getline(items, item, ',');) {
    if (!is_originator(item)) {
      return tl::unexpected<std::string>("\"" + item +
                                         "\" is no originator: a whole AE-ID or CSE-ID");
    }
    identity.originators.push_back(std::move(item));
  }
  while (words >> option) {
    if (std::string wrong = take_option(option, identity); !wrong.empty())
      return tl::unexpected(std::move(wrong));
  }
  return std::pair(std::move(hash), std::move(identity));
}

}  // namespace

std::string hash_of_token(std::string_view token) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(token.data(), token.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("SHA-256 is not available");
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

std::string make_token() {
  std::array<unsigned char, 32> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw std::runtime_error("no random numbers");
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  unsigned int bits = 0, count = 0;
  for (const unsigned char byte : bytes) {
    bits = bits << 8 | byte;
    for (count += 8; count >= 6; count -= 6) text += kAlphabet[bits >> (count - 6) & 63];
  }
  return text += kAlphabet[bits << (6 - count) & 63];
}

BearerTokens::BearerTokens(std::string file, Clock clock)
    : file_(std::move(file)),
      clock_(clock ? std::move(clock) : Clock(system_now)),
      tokens_(std::make_shared<const ByHash>()) {}

BearerTokens::Stamp BearerTokens::stamp() const {
  struct stat info {};
  if (::stat(file_.c_str(), &info) != 0) return {};
  return {static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec,
          static_cast<std::int64_t>(info.st_size)};
}

Result<BearerTokens::ByHash> BearerTokens::read() const {
  struct stat info {};
  std::ifstream file(file_);
  if (!file || ::stat(file_.c_str(), &info) != 0)
    return fail(Rsc::kInternalServerError, file_ + ": cannot be read");
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(Rsc::kInternalServerError,
                file_ + ": others may write it; whoever can, may name himself anybody (chmod 600)");
  }
  ByHash tokens;
  std::size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    const std::string place = file_ + ":" + std::to_string(++number) + ": ";
    if (number > kMaxLines) return fail(Rsc::kInternalServerError, place + "too many lines");
    const std::size_t start = line.find_first_not_of(" \t\r");
    if (start == std::string::npos || line[start] == '#') continue;
    auto parsed = parse_line(line);
    if (!parsed) return fail(Rsc::kInternalServerError, place + parsed.error());
    if (!tokens.insert(*std::move(parsed)).second)
      return fail(Rsc::kInternalServerError, place + "the same token stands in an earlier line");
  }
  return tokens;
}

Result<void> BearerTokens::load() {
  const Stamp at = stamp();
  auto tokens = read();
  if (!tokens) return fail(tokens.error());
  const std::lock_guard lock(mutex_);
  tokens_ = std::make_shared<const ByHash>(*std::move(tokens));
  read_at_ = at;
  return {};
}

std::optional<BearerIdentity> BearerTokens::find(std::string_view token) const {
  if (token.empty() || token.size() > kMaxTokenBytes) return std::nullopt;
  const Stamp at = stamp();
  std::shared_ptr<const ByHash> tokens;
  {
    const std::lock_guard lock(mutex_);
    if (at != read_at_) {
      read_at_ = at;
      if (auto changed = read()) tokens_ = std::make_shared<const ByHash>(*std::move(changed));
    }
    tokens = tokens_;
  }
  const auto found = tokens->find(hash_of_token(token));
  if (found == tokens->end()) return std::nullopt;
  if (found->second.expires && *found->second.expires <= clock_()) return std::nullopt;
  return found->second;
}

std::optional<std::string_view> bearer_token_of(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return std::nullopt;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != kScheme[i]) return std::nullopt;
  }
  authorization.remove_prefix(kScheme.size());
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  return authorization;
}

std::shared_ptr<const Peer> with_token(const Peer& connection, BearerIdentity identity) {
  auto peer = std::make_shared<Peer>(connection);
  peer->authenticated = true;
  peer->identities = std::move(identity.originators);
  peer->user = std::move(identity.user);
  peer->credential = std::move(identity.name);
  return peer;
}

}  // namespace gatehouse

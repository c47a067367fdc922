#include "cse/node/psk_keys.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <future>

#include "cse/node/log.h"

namespace gatehouse::node {
namespace {

constexpr std::size_t kMaxIdDigits = 64;
constexpr std::size_t kMaxKnown = 10'000;
constexpr int kMaxAsking = 4;  // handshakes that wait for the MAF at once
constexpr std::chrono::seconds kRest{2};
constexpr std::size_t kMinKeyBytes = 16, kMaxKeyBytes = 64;

std::optional<std::string> bytes_of_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    if (error != std::errc{} || end != hex.data() + i + 2) return std::nullopt;
    bytes += static_cast<char>(byte);
  }
  const bool good =
      hex.size() % 2 == 0 && bytes.size() >= kMinKeyBytes && bytes.size() <= kMaxKeyBytes;
  return good ? std::optional(bytes) : std::nullopt;
}

}  // namespace

MafKeys::MafKeys(MafSettings settings, std::string cse_id, PrimitiveSender& to_maf, Now now,
                 Usage usage)
    : settings_(std::move(settings)),
      cse_id_(std::move(cse_id)),
      to_maf_(to_maf),
      now_(std::move(now)),
      usage_(usage) {}

bool MafKeys::is_of_maf(std::string_view identity) const {
  const std::size_t at = identity.find('@');
  if (at == identity.npos || at == 0 || at > kMaxIdDigits) return false;
  return identity.substr(at + 1) == settings_.fqdn &&
         identity.substr(0, at).find_first_not_of("0123456789abcdef") == identity.npos;
}

std::optional<PskEntry> MafKeys::find(std::string_view identity) {
  if (!is_of_maf(identity)) return std::nullopt;
  {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(identity);
    if (found != known_.end() && found->second.until > now_()) return found->second.entry;
    if (asking_ >= kMaxAsking || now_() < resting_until_) return std::nullopt;
    ++asking_;
  }
  auto entry = ask(std::string(identity));
  const std::lock_guard lock(mutex_);
  --asking_;
  return entry;
}

std::optional<PskEntry> MafKeys::ask(const std::string& identity) {
  Request request;
  request.operation = Operation::kRetrieve;
  request.to = "maf/" + identity.substr(0, identity.find('@'));
  request.from = cse_id_;
  request.request_identifier = "maf-" + identity.substr(0, 16);
  request.release_version = "4";
  request.request_expiration = std::to_string(settings_.wait_ms);
  auto answer = std::make_shared<std::promise<Response>>();
  auto waiting = answer->get_future();
  to_maf_.send(settings_.url, "", std::move(request),
               [answer](Response response) { answer->set_value(std::move(response)); });
  if (waiting.wait_for(std::chrono::milliseconds(settings_.wait_ms)) != std::future_status::ready) {
    log_error("maf: no answer in time for " + log_value(identity));
    rest();
    return std::nullopt;
  }
  const Response response = waiting.get();
  const auto told = read(identity, response);
  if (!told) {
    log_error("maf: refuses the key " + log_value(identity) +
              " rsc=" + std::to_string(static_cast<int>(response.rsc)));
    if (response.rsc == Rsc::kTargetNotReachable) {
      rest();
      return std::nullopt;
    }
  }
  const Timestamp until = now_() + std::chrono::seconds(settings_.cache_seconds);
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kMaxKnown) known_.clear();
  const Known& kept = known_[identity] = told.value_or(Known{std::nullopt, until});
  return kept.entry;
}

void MafKeys::rest() {
  const std::lock_guard lock(mutex_);
  resting_until_ = now_() + kRest;
}

std::optional<MafKeys::Known> MafKeys::read(const std::string& identity,
                                            const Response& response) const {
  const Value* tree = response.content.tree();
  const Value* key = tree ? tree->find("sec:skr") : nullptr;
  if (response.rsc != Rsc::kOk || !key ||
      key->integer_at("suid") != static_cast<std::int64_t>(usage_)) {
    return std::nullopt;
  }
  const auto expires = parse_timestamp(key->string_at("et"));
  const auto bytes = bytes_of_hex(key->string_at("kv"));
  auto originators = forms_of_originator(key->string_at("cr"));
  const Timestamp now = now_();
  if (!expires || *expires <= now || !bytes || originators.empty()) return std::nullopt;
  const Timestamp until = std::min(*expires, now + std::chrono::seconds(settings_.cache_seconds));
  return Known{PskEntry{identity, *bytes, std::move(originators)}, until};
}

}  // namespace gatehouse::node

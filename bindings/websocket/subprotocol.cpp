#include "bindings/websocket/subprotocol.h"

#include <algorithm>
#include <charconv>

namespace gatehouse::websocket {
namespace {

constexpr std::string_view kPrefix = "oneM2M.";
constexpr std::size_t kMaxUrlBytes = 2048;

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_port(std::string_view text) {
  unsigned number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  return !text.empty() && error == std::errc{} && end == last && number > 0 && number < 65536;
}

bool is_host(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == ':' || c == '_';
  });
}

}  // namespace

std::string subprotocol_of(std::string_view codec_name) {
  return std::string(kPrefix) + std::string(codec_name);
}

const Codec* codec_of(std::string_view subprotocol, const Codecs& codecs) {
  if (!subprotocol.starts_with(kPrefix)) return nullptr;
  return codecs.by_name(subprotocol.substr(kPrefix.size()));
}

const Codec* choose_codec(std::string_view fields, const Codecs& codecs) {
  while (!fields.empty()) {
    const std::size_t end = std::min(fields.find(','), fields.size());
    if (const Codec* codec = codec_of(trimmed(fields.substr(0, end)), codecs)) return codec;
    fields.remove_prefix(std::min(end + 1, fields.size()));
  }
  return nullptr;
}

bool is_binary(const Codec& codec) { return codec.name() == "cbor"; }

std::string WsUrl::authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + port;
}

std::optional<WsUrl> parse_ws_url(std::string_view text) {
  if (text.size() > kMaxUrlBytes) return std::nullopt;
  WsUrl url;
  url.tls = text.starts_with("wss://");
  if (!url.tls && !text.starts_with("ws://")) return std::nullopt;
  if (url.tls) url.port = "443";
  text.remove_prefix(url.tls ? 6 : 5);
  text = text.substr(0, text.find('#'));
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  std::string_view authority = text.substr(0, end);
  const std::string_view rest = text.substr(end);
  const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == std::string_view::npos) return std::nullopt;
  const std::size_t colon = authority.find(':', bracket);
  if (colon != std::string_view::npos) {
    if (!is_port(authority.substr(colon + 1))) return std::nullopt;
    url.port = authority.substr(colon + 1);
    authority = authority.substr(0, colon);
  }
  if (bracket > 0) authority = authority.substr(1, bracket - 1);
  if (!is_host(authority)) return std::nullopt;
  url.host = authority;
  if (!rest.empty()) url.target = rest.front() == '?' ? "/" + std::string(rest) : std::string(rest);
  for (const char c : url.target) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return std::nullopt;
  }
  return url;
}

}  // namespace gatehouse::websocket

#include "bindings/mqtt/broker_url.h"

#include <algorithm>
#include <charconv>

namespace gatehouse::mqtt {
namespace {

constexpr std::size_t kMaxUrlBytes = 2048;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A topic may not hold NUL, wildcards or control characters, so they are refused here.
Result<std::string> decode_path(std::string_view text) {
  std::string path;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return fail(Rsc::kBadRequest, "url: bad percent-encoding");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '+' || c == '#') {
      return fail(Rsc::kBadRequest, "url: the path has a character that no topic may have");
    }
    path += c;
  }
  return path;
}

Result<void> read_authority(std::string_view text, BrokerUrl& url) {
  if (text.find('@') != std::string_view::npos) {
    return fail(Rsc::kBadRequest, "url: user information is not allowed");
  }
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return fail(Rsc::kBadRequest, "url: ']' is missing");
    url.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && port.front() != ':') return fail(Rsc::kBadRequest, "url: bad port");
    if (!port.empty() && port.size() == 1) return fail(Rsc::kBadRequest, "url: bad port");
    if (!port.empty()) port.remove_prefix(1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    url.host = text.substr(0, colon);
    if (colon + 1 == text.size()) return fail(Rsc::kBadRequest, "url: bad port");
    if (colon < text.size()) port = text.substr(colon + 1);
  }
  const bool plain = std::all_of(url.host.begin(), url.host.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == ':' || c == '_';
  });
  if (url.host.empty() || !plain) return fail(Rsc::kBadRequest, "url: the host is malformed");
  if (port.empty()) return {};
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size() || number == 0 || number > 65535) {
    return fail(Rsc::kBadRequest, "url: bad port");
  }
  url.port = static_cast<std::uint16_t>(number);
  return {};
}

std::string codec_of_query(std::string_view query) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view item = query.substr(0, end);
    if (item.starts_with("ct=")) return std::string(item.substr(3));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return {};
}

}  // namespace

std::string BrokerUrl::authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<BrokerUrl> parse_broker_url(std::string_view text) {
  if (text.size() > kMaxUrlBytes) return fail(Rsc::kBadRequest, "url: longer than 2048 bytes");
  BrokerUrl url;
  if (text.starts_with("mqtts://")) {
    url.tls = true;
    url.port = 8883;
    text.remove_prefix(8);
  } else if (text.starts_with("mqtt://")) {
    text.remove_prefix(7);
  } else {
    return fail(Rsc::kBadRequest, "url: the scheme is not mqtt or mqtts");
  }
  const std::size_t authority_end = std::min(text.find_first_of("/?"), text.size());
  if (const auto read = read_authority(text.substr(0, authority_end), url); !read) {
    return fail(read.error());
  }
  text.remove_prefix(authority_end);
  const std::size_t path_end = std::min(text.find('?'), text.size());
  std::string_view path = text.substr(0, path_end);
  if (path_end < text.size()) url.codec = codec_of_query(text.substr(path_end + 1));
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  Result<std::string> decoded = decode_path(path);
  if (!decoded) return fail(decoded.error());
  url.path = *std::move(decoded);
  return url;
}

}  // namespace gatehouse::mqtt

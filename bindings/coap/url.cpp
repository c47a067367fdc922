#include "bindings/coap/url.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace gatehouse::coap {
namespace {

struct Scheme {
  std::string_view prefix;
  bool tls, tcp;
  std::uint16_t port;
};
constexpr std::array kSchemes = {
    Scheme{"coap://", false, false, 5683},
    Scheme{"coaps://", true, false, 5684},
    Scheme{"coap+tcp://", false, true, 5683},
    Scheme{"coaps+tcp://", true, true, 5684},
};
constexpr std::size_t kMaxUrlBytes = 2048, kMaxOptionBytes = 255;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x21 || c == 0x7f; }

std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned byte = 0;
    if (i + 2 >= text.size()) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16);
    if (error != std::errc{} || end != text.data() + i + 3) return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

bool add_parts(std::vector<std::string>& parts, std::string_view text, char separator) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    auto part = unescaped(text.substr(0, end));
    if (!part || part->size() > kMaxOptionBytes) return false;
    parts.push_back(*std::move(part));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

bool take_port(Url& url, std::string_view text) {
  if (text.empty()) return true;
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0 || port > 65535) {
    return false;
  }
  url.port = static_cast<std::uint16_t>(port);
  return true;
}

bool take_authority(Url& url, std::string_view text) {
  if (text.find('@') != std::string_view::npos) return false;
  std::size_t colon = text.rfind(':');
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    url.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!text.empty() && !text.starts_with(':')) return false;
    return !url.host.empty() && take_port(url, text.substr(std::min<std::size_t>(1, text.size())));
  }
  colon = std::min(colon, text.size());
  url.host = text.substr(0, colon);
  return !url.host.empty() && take_port(url, text.substr(std::min(colon + 1, text.size())));
}

void take_codec(Url& url) {
  const auto wish = std::find_if(url.query.begin(), url.query.end(),
                                 [](const std::string& item) { return item.starts_with("ct="); });
  if (wish == url.query.end()) return;
  url.codec = wish->substr(3);
  url.query.erase(wish);
}

}  // namespace

std::string Url::authority() const {
  const bool six = host.find(':') != std::string::npos;
  return std::string(tls ? "coaps" : "coap") + (tcp ? "+tcp://" : "://") + (six ? "[" : "") + host +
         (six ? "]:" : ":") + std::to_string(port);
}

std::optional<Url> parse_url(std::string_view text) {
  if (text.size() > kMaxUrlBytes || std::any_of(text.begin(), text.end(), is_control)) return {};
  const auto scheme = std::find_if(kSchemes.begin(), kSchemes.end(),
                                   [text](const Scheme& s) { return text.starts_with(s.prefix); });
  if (scheme == kSchemes.end()) return {};
  Url url;
  url.tls = scheme->tls;
  url.tcp = scheme->tcp;
  url.port = scheme->port;
  text.remove_prefix(scheme->prefix.size());
  text = text.substr(0, text.find('#'));
  const std::size_t question = std::min(text.find('?'), text.size());
  std::string_view query = text.substr(std::min(question + 1, text.size()));
  text = text.substr(0, question);
  const std::size_t slash = std::min(text.find('/'), text.size());
  if (!take_authority(url, text.substr(0, slash))) return {};
  if (!add_parts(url.path, text.substr(std::min(slash + 1, text.size())), '/')) return {};
  if (!add_parts(url.query, query, '&')) return {};
  take_codec(url);
  return url;
}

}  // namespace gatehouse::coap

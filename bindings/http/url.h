#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::http {

/// The parts of an http or https URL.
struct Url {
  bool tls = false;
  std::string host;  ///< without the brackets of an IPv6 literal
  std::uint16_t port = 80;
  std::string path;   ///< "/notify", or empty
  std::string query;  ///< without '?'
};

/// nullopt unless it is an http(s) URL with a host, a valid port if any, no user name and no
/// control characters. A fragment is cut off.
std::optional<Url> parse_url(std::string_view text);

/// "host", "host:8080", "[::1]:8080": as the Host field wants it; the default port is left out.
std::string authority_of(const Url& url);

/// Undoes %XX. nullopt for a broken escape, and for one that gives a control character.
/// `plus_is_space` as in a query.
/// `line_breaks`: tab, line feed and carriage return may stand in it (a SPARQL query has them).
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false,
                                          bool line_breaks = false);

/// Everything but letters, digits and -._~/:,*@!$() becomes %XX; so the text may stand in a path or
/// as a value in a query.
void append_percent_encoded(std::string& out, std::string_view text);

}  // namespace gatehouse::http

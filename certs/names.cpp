#include "certs/names.h"

#include <algorithm>

#include "cse/primitive/identifiers.h"

namespace gatehouse::pki {
namespace {

constexpr std::size_t kMaxFileName = 48;
constexpr std::size_t kMaxHostName = 253;
constexpr std::size_t kMaxLabel = 63;

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kMaxLabel || label.front() == '-' || label.back() == '-') {
    return false;
  }
  return std::all_of(label.begin(), label.end(), [](char c) {
    return is_lower_or_digit(c) || c == '-' || (c >= 'A' && c <= 'Z');
  });
}

/// The number of labels of a domain name, 0 if it is none.
std::size_t count_labels(std::string_view host) {
  if (host.empty() || host.size() > kMaxHostName) return 0;
  std::size_t labels = 0;
  for (;;) {
    const std::size_t dot = host.find('.');
    if (!is_label(host.substr(0, dot))) return 0;
    ++labels;
    if (dot == std::string_view::npos) return labels;
    host.remove_prefix(dot + 1);
  }
}

}  // namespace

Result<void> check_file_name(std::string_view name) {
  const bool fits = !name.empty() && name.size() <= kMaxFileName && name.front() != '-' &&
                    std::all_of(name.begin(), name.end(),
                                [](char c) { return is_lower_or_digit(c) || c == '-'; });
  if (!fits) {
    return fail(Rsc::kBadRequest, "a name is 1 to 48 of a-z, 0-9 and '-', not beginning with '-'");
  }
  if (name == "ca" || name == "crl" || name == "index") {
    return fail(Rsc::kBadRequest, "the name '" + std::string(name) + "' is taken by the authority");
  }
  return {};
}

Result<void> check_sp_name(std::string_view sp) {
  if (count_labels(sp) < 2) {
    return fail(Rsc::kBadRequest, "a service provider is a domain name such as gatehouse.example");
  }
  return {};
}

Result<void> check_host_name(std::string_view host) {
  if (count_labels(host) == 0) {
    return fail(Rsc::kBadRequest, "not a host name: letters, digits, '-' and '.'");
  }
  return {};
}

Result<void> check_responder_url(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/:";
  const std::string_view rest = url.substr(std::min(kScheme.size(), url.size()));
  if (!url.starts_with(kScheme) || rest.empty() || rest.front() == '/' || url.size() > 256 ||
      rest.find_first_not_of(kAllowed) != rest.npos) {
    return fail(Rsc::kBadRequest, "a responder's address is such as http://ocsp.example:8080/");
  }
  return {};
}

bool names_a_cse(std::string_view id) {
  return id.starts_with('/') && !id.starts_with("//") && is_cse_id(id);
}

Result<std::string> identity_uri(std::string_view sp, std::string_view id) {
  const std::string authority = "m2m://" + std::string(sp);
  if (names_a_cse(id)) return authority + std::string(id);
  if (id.size() > 1 && id.front() == 'S' && is_ae_id_stem(id)) {
    return authority + "/" + std::string(id);
  }
  const std::size_t slash = id.rfind('/');
  if (slash != std::string_view::npos && slash > 0 && names_a_cse(id.substr(0, slash))) {
    const std::string_view stem = id.substr(slash + 1);
    if (stem.size() > 1 && is_ae_id_stem(stem)) return authority + std::string(id);
  }
  return fail(Rsc::kBadRequest,
              "an identity is a CSE's (/id-mn), an AE's at its CSE (/id-mn/Cgw) or an AE's of the "
              "service provider (Sfoo)");
}

Result<std::string> node_uri(std::string_view sp, std::string_view id) {
  constexpr std::size_t kMost = 128;
  const bool good =
      !id.empty() && id.size() <= kMost && std::all_of(id.begin(), id.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 ||
               std::string_view(".:_-@").find(static_cast<char>(c)) != std::string_view::npos;
      });
  // OpenSSL takes any colon for the end of the host when it looks at name constraints.
  if (good) {
    std::string uri = "m2m-node://" + std::string(sp) + "/";
    for (const char c : id) c == ':' ? uri += "%3A" : uri += c;
    return uri;
  }
  return fail(Rsc::kBadRequest,
              "an M2M-Node-ID is 1 to 128 letters, digits and \".:_-@\" (urn:dev:1)");
}

std::string topic_form(std::string_view id) {
  std::string out(id.starts_with('/') ? id.substr(1) : id);
  std::replace(out.begin(), out.end(), '/', ':');
  return out;
}

}  // namespace gatehouse::pki

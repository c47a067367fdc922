#include "cse/services/authorization/tokens.h"

#include <algorithm>

#include "cse/core/access_rule.h"
#include "cse/core/address.h"
#include "cse/schema/complex_types.h"

namespace gatehouse {
namespace {

constexpr std::size_t kMaxTokens = 16;  ///< of one request

tl::unexpected<Error> refused(const std::string& token, const std::string& why) {
  return fail(Rsc::kOriginatorHasNoPrivilege, token + ": " + why);
}

/// A NumericDate of RFC 7519: seconds, maybe with a fraction.
std::optional<Timestamp> numeric_date(const Value& claims, std::string_view name) {
  const Value* date = claims.find(name);
  const auto seconds = date ? date->as_number() : std::nullopt;
  if (!seconds || *seconds < 0 || *seconds > 253'402'300'799.0) return std::nullopt;
  return Timestamp{static_cast<std::int64_t>(*seconds * 1e6)};
}

bool is_for_this_cse(const Value& claims, const CseSettings& settings) {
  if (!claims.contains("aud")) return true;
  const std::vector<std::string> audience = claims.strings_at("aud");
  return std::any_of(audience.begin(), audience.end(), [&settings](const std::string& id) {
    return id == settings.cse_id || matches_identifier(id, settings.sp_id + settings.cse_id);
  });
}

Result<void> add_permissions(const std::string& name, const Value& claims,
                             std::vector<TokenPermission>& permissions) {
  const Value* set = claims.find("tkps");
  if (!set) return {};
  if (auto valid = validate_value("tkps", complex_types::kTokenPermissions, *set); !valid)
    return refused(name, valid.error().detail);
  const Value* list = set->find("pm");
  if (!list) return {};
  for (const Value& one : *list->as_array()) {
    const Value* privileges = one.find("pv");
    permissions.push_back(
        {one.strings_at("ris"), privileges ? *privileges : Value(), one.strings_at("rids")});
  }
  return {};
}

}  // namespace

bool names_originator(const std::string& id, const std::string& originator,
                      const CseSettings& settings) {
  const std::string own =
      originator.starts_with('S') ? "/" + originator : to_sp_relative(originator, settings);
  return id == originator || id == own || id == settings.sp_id + own;
}

Result<std::vector<TokenPermission>> permissions_of_tokens(const Request& request,
                                                           const std::string& originator,
                                                           const CseSettings& settings,
                                                           ResourceReader& resources,
                                                           const VerifyToken& verify) {
  if (request.other.contains("ltids"))
    return fail(Rsc::kNotImplemented, "ltids (localTokenIDs): this CSE assigns none");
  std::vector<std::pair<std::string, std::string>> tokens;  // name for errors, text
  for (std::string& text : request.other.strings_at("tkns"))
    tokens.emplace_back("tkns[" + std::to_string(tokens.size()) + "]", std::move(text));
  const std::vector<std::string> wanted = request.other.strings_at("tids");
  if (tokens.size() + wanted.size() > kMaxTokens)
    return fail(Rsc::kBadRequest,
                "tkns, tids: more than " + std::to_string(kMaxTokens) + " tokens");
  for (const std::string& id : wanted) {
    std::string text;
    for (Page page; text.empty();) {
      auto entries = resources.all_of_type(type_number::kToken, page);
      if (!entries) return fail(entries.error());
      for (const ChildEntry& entry : *entries) {
        page.after = entry.order;
        auto token = resources.find(entry.id);
        if (!token) return fail(token.error());
        if (*token && (*token)->attributes().string_at("tkid") == id)
          text = (*token)->attributes().string_at("tkob");
      }
      if (entries->size() < page.limit) break;
    }
    if (text.empty()) return refused("tids", "there is no <token> \"" + id + "\"");
    tokens.emplace_back("tids \"" + id + "\"", std::move(text));
  }
  std::vector<TokenPermission> permissions;
  for (const auto& [name, text] : tokens) {
    auto claims =
        verify
            ? verify(text)
            : Result<Value>(fail(Rsc::kOriginatorHasNoPrivilege, "token: no issuer is known here"));
    if (!claims) return refused(name, claims.error().detail);
    if (!names_originator(claims->string_at("azp"), originator, settings))
      return refused(name, "its holder is not the originator");
    if (!is_for_this_cse(*claims, settings)) return refused(name, "it is for other CSEs");
    const auto begins = numeric_date(*claims, "nbf"), ends = numeric_date(*claims, "exp");
    if (!begins || !ends || resources.now() < *begins || resources.now() >= *ends)
      return refused(name, "it is not valid now");
    if (auto added = add_permissions(name, *claims, permissions); !added)
      return fail(added.error());
  }
  return permissions;
}

}  // namespace gatehouse

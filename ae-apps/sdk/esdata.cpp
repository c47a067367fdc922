#include "ae-apps/sdk/esdata.h"

namespace gatehouse::sdk {
namespace {

constexpr std::string_view kNoEncoding = ":0:";
constexpr DataForm kForms[] = {DataForm::kCompact, DataForm::kJson, DataForm::kJsonBase64};
constexpr std::chrono::seconds kClockSkew{300};

tl::unexpected<Error> refused(std::string why) {
  return fail(Rsc::kOriginatorHasNoPrivilege, "ESData: " + std::move(why));
}

/// How the end of cnf names a form: ":0:2".
std::string mark_of(DataForm form) {
  return std::string(kNoEncoding) + std::to_string(static_cast<int>(form));
}

/// nullopt: cnf names none that we know.
std::optional<DataForm> form_in(const std::string& cnf) {
  for (const DataForm form : kForms) {
    if (cnf.ends_with(mark_of(form))) return form;
  }
  return std::nullopt;
}

Result<std::string> written(std::string compact, DataForm form) {
  if (form == DataForm::kCompact) return compact;
  auto json = jose::to_json_form(compact);
  if (!json || form == DataForm::kJson) return json;
  return jose::to_base64(*json);
}

Result<std::string> read(const std::string& con, DataForm form) {
  if (form == DataForm::kCompact) return con;
  if (form == DataForm::kJson) return jose::to_compact(con);
  const auto json = jose::from_base64(con);
  if (!json) return json;
  return jose::to_compact(*json);
}

/// What the innermost header says beside the content.
Value header_for(const std::string& media_type, const std::string& container,
                 const DataProtection& how, Timestamp now) {
  Value header = Value::object({{"cty", media_type}, {"aud", container}, {"iat", to_text(now)}});
  if (how.lifetime) header.set("exp", to_text(now + *how.lifetime));
  return header;
}

Result<OpenedData> judged(const jose::Opened& opened, const std::string& container, Timestamp now) {
  if (opened.header.string_at("aud") != container) return refused("it is of another container");
  const auto made = parse_timestamp(opened.header.string_at("iat"));
  if (!made || *made > now + kClockSkew) return refused("iat: it is not said when it was made");
  if (opened.header.contains("exp")) {
    const auto expires = parse_timestamp(opened.header.string_at("exp"));
    if (!expires || *expires <= now) return refused("it has expired");
  }
  return OpenedData{opened.payload, opened.header.string_at("cty"), *made};
}

}  // namespace

Result<ProtectedData> protect(std::string_view content, const std::string& media_type,
                              const std::string& container, const DataProtection& how,
                              Timestamp now) {
  if (!how.signing && !how.encryption) {
    return fail(Rsc::kBadRequest, "ESData: neither a key that signs nor one that encrypts");
  }
  const Value header = header_for(media_type, container, how, now);
  std::string payload(content);
  if (how.signing) {
    auto made = jose::sign(payload, *how.signing, header);
    if (!made) return fail(made.error());
    payload = *std::move(made);
  }
  if (how.encryption) {
    // Signed first, then encrypted: cty says that there is a JWS inside (RFC 7519 clause 5.2).
    Value outer = header;
    if (how.signing) outer.set("cty", "JOSE");
    auto made = jose::encrypt(payload, *how.encryption, std::move(outer));
    if (!made) return fail(made.error());
    payload = *std::move(made);
  }
  auto con = written(std::move(payload), how.form);
  if (!con) return fail(con.error());
  return ProtectedData{*std::move(con), media_type + mark_of(how.form)};
}

Result<OpenedData> open(const std::string& con, const std::string& cnf,
                        const std::string& container, const DataTrust& trust, Timestamp now) {
  const auto form = form_in(cnf);
  if (!form) return refused("cnf: the content is not protected");
  auto compact = read(con, *form);
  if (!compact) return refused(compact.error().detail);
  std::string payload = *std::move(compact);
  std::optional<jose::Opened> last;
  if (trust.encryption) {
    auto opened = jose::decrypt(payload, *trust.encryption);
    if (!opened) return refused(opened.error().detail);
    const bool signed_inside = opened->header.string_at("cty") == "JOSE";
    if (signed_inside != trust.signer.has_value()) {
      return refused(signed_inside ? "nobody is believed who signs it" : "it is not signed");
    }
    payload = opened->payload;
    last = *std::move(opened);
  }
  if (trust.signer) {
    auto opened = jose::verify(payload, *trust.signer);
    if (!opened) return refused(opened.error().detail);
    last = *std::move(opened);
  }
  if (!last) return refused("no key is given");
  auto data = judged(*last, container, now);
  if (data && data->media_type + mark_of(*form) != cnf) {
    return refused("cnf: it is of another kind of content");
  }
  return data;
}

Result<void> FreshData::check(const OpenedData& data) {
  if (data.made <= newest_) {
    return fail(Rsc::kConflict, "ESData: it is not newer than what was there before");
  }
  newest_ = data.made;
  return {};
}

}  // namespace gatehouse::sdk

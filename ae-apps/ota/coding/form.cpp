#include "ae-apps/ota/coding/form.h"

#include <algorithm>

#include "cse/codec/json.h"

namespace gatehouse::coding {
namespace {

constexpr std::size_t kMaxForms = 64;
constexpr std::size_t kMaxTextBytes = 200;

bool is_digest(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::optional<Attachment> read_attachment(const Value& object) {
  const std::int64_t length = object.integer_at("length", -1);
  Attachment out{static_cast<std::uint64_t>(length), object.string_at("sha256")};
  return length > 0 && is_digest(out.sha256) ? std::optional(out) : std::nullopt;
}

/// The first licence that is named, by its identifier, its name or an expression.
std::string licence_of(const Value& component) {
  const Value* list = component.find("licenses");
  if (list == nullptr || list->as_array() == nullptr || list->as_array()->empty()) return {};
  const Value& first = list->as_array()->front();
  if (const std::string expression = first.string_at("expression"); !expression.empty()) {
    return expression.substr(0, kMaxTextBytes);
  }
  const Value* licence = first.find("license");
  if (licence == nullptr) return {};
  const std::string id = licence->string_at("id");
  return (id.empty() ? licence->string_at("name") : id).substr(0, kMaxTextBytes);
}

}  // namespace

std::string Form::name() const {
  if (!key_ids.empty()) return base_sha256.empty() ? "sealed" : "sealed-delta";
  return base_sha256.empty() ? "compressed" : "delta";
}

Value value_of(const std::vector<Form>& forms) {
  Value out = Value::array();
  for (const Form& form : forms) {
    Value each = Value::object({{"length", form.length}, {"sha256", form.sha256}});
    if (!form.base_sha256.empty()) each.set("base", form.base_sha256);
    if (!form.key_ids.empty()) {
      each.set("for", Value(Value::Array(form.key_ids.begin(), form.key_ids.end())));
    }
    out.push_back(std::move(each));
  }
  return out;
}

Result<std::vector<Form>> forms_of(const Value& custom) {
  std::vector<Form> out;
  const Value* list = custom.find("forms");
  if (list == nullptr) return out;
  const auto wrong = [] {
    return fail(Rsc::kContentsUnacceptable, "custom: forms must be a list of forms of the image");
  };
  if (list->as_array() == nullptr || list->as_array()->size() > kMaxForms) return wrong();
  for (const Value& each : *list->as_array()) {
    const auto attachment = read_attachment(each);
    Form form;
    form.base_sha256 = each.string_at("base");
    form.key_ids = each.strings_at("for");
    const bool good = attachment && (!each.contains("base") || is_digest(form.base_sha256)) &&
                      each.contains("for") == !form.key_ids.empty() &&
                      std::all_of(form.key_ids.begin(), form.key_ids.end(), is_digest);
    if (!good) return wrong();
    static_cast<Attachment&>(form) = *attachment;
    out.push_back(std::move(form));
  }
  return out;
}

bool encrypted_only(const Value& custom) {
  const Value* member = custom.find("encryptedOnly");
  return member != nullptr && custom.bool_at("encryptedOnly", true);
}

std::optional<Attachment> sbom_of(const Value& custom) {
  const Value* sbom = custom.find("sbom");
  auto out = sbom == nullptr ? std::nullopt : read_attachment(*sbom);
  return out && out->length <= kMaxSbomBytes ? out : std::nullopt;
}

std::optional<Form> choose(const std::vector<Form>& forms, const Means& means,
                           std::uint64_t whole_bytes) {
  std::optional<Form> best;
  for (const Form& form : forms) {
    const bool sealed = !form.key_ids.empty();
    const bool ours = !means.key_id.empty() && std::find(form.key_ids.begin(), form.key_ids.end(),
                                                         means.key_id) != form.key_ids.end();
    if (sealed != ours) continue;
    if (!form.base_sha256.empty() && form.base_sha256 != means.base_sha256) continue;
    if (!sealed && form.length >= whole_bytes) continue;
    const bool best_sealed = best && !best->key_ids.empty();
    if (best && (best_sealed > sealed || (best_sealed == sealed && best->length <= form.length))) {
      continue;
    }
    best = form;
  }
  return best;
}

Result<Sbom> parse_sbom(std::string_view text) {
  const auto tree = parse_json(text, {.max_bytes = kMaxSbomBytes, .max_depth = 32});
  if (!tree || tree->string_at("bomFormat") != "CycloneDX") {
    return fail(Rsc::kContentsUnacceptable, "the bill of materials is no CycloneDX in JSON");
  }
  Sbom out;
  out.spec_version = tree->string_at("specVersion").substr(0, kMaxTextBytes);
  const Value* list = tree->find("components");
  if (list == nullptr || list->as_array() == nullptr) return out;
  out.total = list->as_array()->size();
  for (const Value& each : *list->as_array()) {
    if (out.components.size() == kMaxComponents) break;
    out.components.push_back({each.string_at("name").substr(0, kMaxTextBytes),
                              each.string_at("version").substr(0, kMaxTextBytes),
                              licence_of(each)});
  }
  return out;
}

}  // namespace gatehouse::coding

#include "cse/services/announcement/copies.h"

#include <algorithm>
#include <array>

#include "cse/codec/json.h"

namespace gatehouse::announcement {
namespace {

constexpr std::string_view kInternal = "annc";

/// Attributes that hold identifiers of the original's CSE.
constexpr std::array<std::string_view, 9> kIdentifiers = {"acpi", "daci", "hcl", "hael", "hsl",
                                                          "nl",   "aei",  "mid", "macp"};
/// A copy has these from its creation on.
constexpr bool is_fixed(std::string_view name) {
  return name == "lnk" || name == "mgd" || name == "cnd";
}

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

/// FNV-1a, 64 bits.
std::string fingerprint(const Value& value) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : to_json(value)) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 16; i-- > 0; hash >>= 4) text[i] = kDigits[hash & 15];
  return text;
}

/// An identifier of this CSE as others must write it; what is resolvable everywhere stays.
Value for_others(const Value& value, const CseSettings& settings) {
  if (const std::string* id = value.as_string()) {
    const bool anywhere = id->empty() || id->front() == '/' || id->find(':') != std::string::npos;
    return anywhere ? *id : settings.cse_id + "/" + *id;
  }
  if (!value.as_array()) return value;
  Value list = Value::array();
  for (const Value& item : *value.as_array()) list.push_back(for_others(item, settings));
  return list;
}

/// accessControlOriginators as another CSE must write them.
Value privileges_for_others(const Value& privileges, const CseSettings& settings) {
  Value made = privileges;
  Value* rules = made.find("acr");
  if (!rules || !rules->as_array()) return made;
  for (Value& rule : *rules->as_array()) {
    Value* originators = rule.find("acor");
    if (!originators || !originators->as_array()) continue;
    for (Value& originator : *originators->as_array()) {
      if (originator.as_string() && *originator.as_string() != "all")
        originator = for_others(originator, settings);
    }
  }
  return made;
}

void add_changes(const std::string& target, const Copy& copy, const Value& wanted,
                 std::vector<Step>& steps) {
  const auto prints = fingerprints(wanted);
  Value changed = Value::object(), policies = Value::object();
  for (const auto& [name, print] : prints) {
    const auto sent = copy.sent.find(name);
    if (sent != copy.sent.end() && sent->second == print) continue;
    (name == "acpi" ? policies : changed).set(name, *wanted.find(name));
  }
  for (const auto& [name, print] : copy.sent) {
    if (!prints.contains(name)) (name == "acpi" ? policies : changed).set(name, nullptr);
  }
  for (Value* part : {&changed, &policies}) {
    if (part->size() > 0)
      steps.push_back({Step::Kind::kUpdate, target, copy.address, std::move(*part)});
  }
}

}  // namespace

Copies Copies::of(const Resource& original) {
  Copies copies;
  const Value* kept = original.internal().find(kInternal);
  if (!kept || !kept->as_object()) return copies;
  for (const Member& member : *kept->as_object()) {
    Copy copy;
    copy.address = member.value.string_at("a");
    copy.below_parent = member.value.bool_at("b");
    if (const Value* sent = member.value.find("s"); sent && sent->as_object()) {
      for (const Member& print : *sent->as_object()) {
        if (print.value.as_string()) copy.sent[print.name] = *print.value.as_string();
      }
    }
    copies.copies_[member.name] = std::move(copy);
  }
  return copies;
}

bool Copies::any(const Resource& original) { return original.internal().contains(kInternal); }

const std::pair<const std::string, Copy>* Copies::find(const std::string& wanted) const {
  for (const auto& entry : copies_) {
    if (entry.first == wanted || entry.second.address == wanted) return &entry;
  }
  return nullptr;
}

Copy* Copies::of_target(const std::string& target) {
  const auto found = copies_.find(target);
  return found == copies_.end() ? nullptr : &found->second;
}

Value Copies::written_into(Value internal) const {
  if (!internal.is_object()) internal = Value::object();
  internal.erase(kInternal);
  if (copies_.empty()) return internal;
  Value kept = Value::object();
  for (const auto& [target, copy] : copies_) {
    Value sent = Value::object();
    for (const auto& [name, print] : copy.sent) sent.set(name, print);
    kept.set(target, Value::object(
                         {{"a", copy.address}, {"b", copy.below_parent}, {"s", std::move(sent)}}));
  }
  internal.set(kInternal, std::move(kept));
  return internal;
}

std::vector<Step> pending_steps(const Resource& original, const CseSettings& settings) {
  std::vector<Step> steps;
  if (!original.schema().announceable) return steps;
  const auto targets = original.attributes().strings_at("at");
  const Copies copies = Copies::of(original);
  if (targets.empty() && copies.all().empty()) return steps;
  for (const auto& [target, copy] : copies.all()) {
    if (contains(targets, target) || contains(targets, copy.address)) continue;
    steps.push_back({Step::Kind::kDelete, target, copy.address, {}});
  }
  const Value wanted = announced_attributes(original, settings);
  for (const std::string& target : targets) {
    if (const auto* present = copies.find(target)) {
      add_changes(present->first, present->second, wanted, steps);
    } else {
      steps.push_back({Step::Kind::kCreate, target, "", wanted});
    }
  }
  return steps;
}

Value announced_attributes(const Resource& original, const CseSettings& settings) {
  const Value& attributes = original.attributes();
  const auto named = attributes.strings_at("aa");
  Value announced = Value::object({{"lnk", link_of(original, settings)}});
  // Mandatory for every copy, though not marked in the table of <contentInstance>.
  if (const Value* expires = attributes.find("et")) announced.set("et", *expires);
  for (const AttributeRule& rule : original.schema().rules) {
    const std::string name(rule.short_name);
    const bool goes = rule.announced == Announced::kAlways ||
                      (rule.announced == Announced::kOptional && contains(named, name));
    const Value* value = goes ? attributes.find(name) : nullptr;
    if (!value) continue;
    const bool identifies =
        std::find(kIdentifiers.begin(), kIdentifiers.end(), name) != kIdentifiers.end();
    if (name == "pv" || name == "pvs")
      announced.set(name, privileges_for_others(*value, settings));
    else
      announced.set(name, identifies ? for_others(*value, settings) : *value);
  }
  return announced;
}

std::map<std::string, std::string> fingerprints(const Value& attributes) {
  std::map<std::string, std::string> prints;
  for (const Member& member : *attributes.as_object()) {
    if (!is_fixed(member.name)) prints[member.name] = fingerprint(member.value);
  }
  return prints;
}

std::vector<std::string> normalised_targets(const Resource& original, const CseSettings& settings) {
  const Copies copies = Copies::of(original);
  std::vector<std::string> targets;
  for (std::string target : original.attributes().strings_at("at")) {
    if (target.starts_with(settings.sp_id + "/")) target = target.substr(settings.sp_id.size());
    if (target.size() > 1 && target.back() == '/') target.pop_back();
    const auto address = parse_address(target);
    if (!address || address->scope != Address::Scope::kSpRelative) continue;
    if (const auto* present = copies.find(target)) target = present->second.address;
    if (!contains(targets, target)) targets.push_back(std::move(target));
  }
  return targets;
}

std::vector<std::string> normalised_names(const Resource& original) {
  std::vector<std::string> names;
  for (std::string& name : original.attributes().strings_at("aa")) {
    const AttributeRule* rule = original.schema().find(name);
    if (rule && rule->announced == Announced::kOptional && !contains(names, name))
      names.push_back(std::move(name));
  }
  return names;
}

std::string cse_of(const std::string& address) {
  const std::size_t slash = address.find('/', 1);
  return slash == std::string::npos ? address : address.substr(0, slash);
}

std::string link_of(const Resource& original, const CseSettings& settings) {
  return settings.cse_id + "/" + original.id().text;
}

Value list_of_strings(const std::vector<std::string>& texts) {
  Value list = Value::array();
  for (const std::string& text : texts) list.push_back(text);
  return list;
}

}  // namespace gatehouse::announcement

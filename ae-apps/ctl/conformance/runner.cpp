#include "ae-apps/ctl/conformance/runner.h"

#include <algorithm>
#include <charconv>

#include "cse/codec/json.h"
#include "cse/codec/primitive_codec.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::conformance {
namespace {

/// `text` with each ${name} replaced; an unknown one stays.
std::string filled_in(const std::string& text,
                      const std::map<std::string, std::string>& variables) {
  std::string out;
  std::size_t at = 0;
  for (;;) {
    const std::size_t start = text.find("${", at);
    const std::size_t end = start == text.npos ? text.npos : text.find('}', start);
    if (end == text.npos) return out + text.substr(at);
    out += text.substr(at, start - at);
    const auto variable = variables.find(text.substr(start + 2, end - start - 2));
    out += variable == variables.end() ? text.substr(start, end + 1 - start) : variable->second;
    at = end + 1;
  }
}

Value filled_in(const Value& value, const std::map<std::string, std::string>& variables) {
  if (const std::string* text = value.as_string()) return filled_in(*text, variables);
  if (const Value::Array* items = value.as_array()) {
    Value::Array filled;
    for (const Value& item : *items) filled.push_back(filled_in(item, variables));
    return filled;
  }
  if (const Value::Object* members = value.as_object()) {
    Value filled = Value::object();
    for (const Member& member : *members) {
      filled.set(filled_in(member.name, variables), filled_in(member.value, variables));
    }
    return filled;
  }
  return value;
}

/// The value at "a/b/0"; nullptr if there is none.
const Value* at_path(const Value& content, std::string_view path) {
  const Value* place = &content;
  while (!path.empty() && place) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view name = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (const Value::Array* items = place->as_array()) {
      std::size_t index = items->size();
      std::from_chars(name.data(), name.data() + name.size(), index);
      place = index < items->size() ? &(*items)[index] : nullptr;
    } else {
      place = place->find(name);
    }
  }
  return place;
}

bool is_kind(const Value* value, std::string_view kind) {
  if (kind == "absent") return !value;
  if (!value) return false;
  if (kind == "present") return true;
  if (kind == "string") return value->is_string();
  if (kind == "integer") return value->is_integer();
  if (kind == "list") return value->is_array();
  if (kind == "object") return value->is_object();
  return kind == "timestamp" && value->is_string() && parse_timestamp(*value->as_string());
}

bool holds(const Value* value, const Value& wanted) {
  if (!value) return false;
  if (const std::string* text = value->as_string()) {
    return wanted.is_string() && text->find(*wanted.as_string()) != text->npos;
  }
  const Value::Array* items = value->as_array();
  return items && std::find(items->begin(), items->end(), wanted) != items->end();
}

/// Numbers compare by value: a CSE may write 1.0 for 1 in XML or CBOR, not in what it means.
bool meets(const Value* value, const Value& wanted) {
  const Value::Object* condition = wanted.as_object();
  if (!condition || condition->size() != 1) return value && *value == wanted;
  const Member& only = condition->front();
  if (only.name == "is")
    return is_kind(value, only.value.as_string() ? *only.value.as_string() : "");
  if (only.name == "contains") return holds(value, only.value);
  if (only.name == "lacks") return value && !holds(value, only.value);
  if (only.name == "size")
    return value && static_cast<std::int64_t>(value->size()) == only.value.as_integer();
  if (only.name == "not") return !value || !(*value == only.value);
  return value && *value == wanted;
}

std::string list_of(const std::vector<int>& codes) {
  std::string text;
  for (const int code : codes) text += (text.empty() ? "" : " or ") + std::to_string(code);
  return text;
}

std::string shown(const Value& value) {
  constexpr std::size_t kMost = 300;
  std::string text = to_json(value);
  if (text.size() > kMost) text = text.substr(0, kMost) + "…";
  return text;
}

}  // namespace

std::optional<std::string> unmet(const Expectation& expectation, const Value& content) {
  const Value* value = at_path(content, expectation.path);
  if (meets(value, expectation.wanted)) return std::nullopt;
  return expectation.path + " is " + (value ? shown(*value) : "absent") + ", expected " +
         shown(expectation.wanted);
}

Runner::Runner(TargetSettings settings, Ask ask)
    : settings_(std::move(settings)), ask_(std::move(ask)) {}

Response Runner::ask(Request request) {
  if (request.request_identifier.empty()) {
    request.request_identifier = "conf-" + settings_.run + "-" + std::to_string(++requests_);
  }
  if (!request.release_version) request.release_version = settings_.release;
  return ask_(std::move(request));
}

Result<std::string> Runner::make_ae(const std::string& name) {
  Request request;
  request.operation = Operation::kCreate;
  request.to = settings_.base;
  request.from = "C";
  request.resource_type = 2;
  request.content = Value::object({{"m2m:ae", Value::object({{"rn", name},
                                                             {"api", "N.gatehouse.conformance"},
                                                             {"rr", false},
                                                             {"srv", Value::array({"3"})}})}});
  const Response answer = ask(std::move(request));
  const auto content = tree_of(answer.content);
  const Value* ae = content ? content->find("m2m:ae") : nullptr;
  if (answer.rsc != Rsc::kCreated || !ae) {
    return fail(answer.rsc,
                "an <AE> cannot be registered: " + std::to_string(static_cast<int>(answer.rsc)) +
                    (content ? " " + shown(*content) : ""));
  }
  return ae->string_at("aei");
}

void Runner::remove(const std::string& address) {
  Request request;
  request.operation = Operation::kDelete;
  request.to = address;
  request.from = settings_.admin;
  (void)ask(std::move(request));
}

std::optional<std::string> Runner::prepare(Variables& variables) {
  const std::string name = "conf-" + settings_.run + "-" + std::to_string(++rules_);
  variables["base"] = settings_.base;
  variables["admin"] = settings_.admin;
  variables["name"] = name;
  variables["ae"] = settings_.base + "/" + name;
  auto identity = make_ae(name);
  if (!identity) return identity.error().detail;
  variables["ae_id"] = *identity;
  if (stranger_.empty()) {
    auto other = make_ae("conf-" + settings_.run + "-stranger");
    if (!other) return other.error().detail;
    stranger_ = *other;
  }
  variables["stranger"] = stranger_;
  return std::nullopt;
}

std::optional<std::string> Runner::run_step(const Step& step, Variables& variables) {
  auto request = request_from_value([&] {
    Value primitive = filled_in(step.primitive, variables);
    if (!primitive.contains("fr")) primitive.set("fr", variables["ae_id"]);
    if (!primitive.contains("rqi")) {
      primitive.set("rqi", "conf-" + settings_.run + "-" + std::to_string(++requests_));
    }
    return primitive;
  }());
  if (!request) return "the rule's own request is malformed: " + request.error().detail;
  const Response answer = ask(*std::move(request));
  const auto content = tree_of(answer.content);
  const int code = static_cast<int>(answer.rsc);
  if (std::find(step.codes.begin(), step.codes.end(), code) == step.codes.end()) {
    return "answered " + std::to_string(code) + ", expected " + list_of(step.codes) +
           (content ? ": " + shown(*content) : "");
  }
  if (!content) return "the content cannot be read: " + content.error().detail;
  for (Expectation wanted : step.has) {
    wanted.path = filled_in(wanted.path, variables);
    wanted.wanted = filled_in(wanted.wanted, variables);
    if (auto why = unmet(wanted, *content)) return why;
  }
  for (const auto& [variable, path] : step.keep) {
    const Value* value = at_path(*content, path);
    if (!value || !value->is_string()) return path + " is no text, and a later step needs it";
    variables[variable] = *value->as_string();
  }
  return std::nullopt;
}

Outcome Runner::run(const Rule& rule) {
  Outcome outcome{&rule, false, {}};
  Variables variables;
  if (auto why = prepare(variables)) {
    outcome.detail = "preparation: " + *why;
    return outcome;
  }
  std::size_t number = 0;
  for (const Step& step : rule.steps) {
    ++number;
    if (auto why = run_step(step, variables)) {
      outcome.detail = "step " + std::to_string(number) + ": " + *why;
      break;
    }
  }
  outcome.passed = outcome.detail.empty();
  remove(variables["ae"]);
  return outcome;
}

void Runner::finish() {
  if (!stranger_.empty()) remove(settings_.base + "/conf-" + settings_.run + "-stranger");
  stranger_.clear();
}

}  // namespace gatehouse::conformance

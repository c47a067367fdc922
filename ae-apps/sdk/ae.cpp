#include "ae-apps/sdk/ae.h"

#include <algorithm>
#include <utility>

#include "ae-apps/sdk/session.h"
#include "ae-apps/sdk/subscription_impl.h"
#include "cse/codec/json.h"
#include "cse/primitive/identifiers.h"

namespace gatehouse::sdk {
namespace {

constexpr std::int64_t kAccessControlPolicyType = 1;

Result<void> check(const AeSettings& settings) {
  if (!is_resource_name(settings.name)) {
    return fail(Rsc::kBadRequest, "name: \"" + settings.name + "\" is no resource name");
  }
  if (!is_cse_id(settings.cse_id) || settings.cse_id.starts_with("//")) {
    return fail(Rsc::kBadRequest,
                "cse_id: must be like \"/id-in\", not \"" + settings.cse_id + "\"");
  }
  if (!settings.ae_id.empty() && !is_ae_id_stem(settings.ae_id)) {
    return fail(Rsc::kBadRequest, "ae_id: must begin with C or S, not \"" + settings.ae_id + "\"");
  }
  return {};
}

/// "m2m:uril" (a list of addresses) or "m2m:rrl" (references with names and types).
std::vector<std::string> addresses_in(const Value& content) {
  if (const Value* references = content.find("m2m:rrl")) {
    const Value* list = references->is_array() ? references : references->find("rrf");
    std::vector<std::string> found;
    if (list && list->as_array()) {
      for (const Value& each : *list->as_array()) found.push_back(each.string_at("val"));
    }
    return found;
  }
  return content.strings_at("m2m:uril");
}

Value rule_value(const AccessRule& rule) {
  return Value::object({{"acor", Value::Array(rule.originators.begin(), rule.originators.end())},
                        {"acop", rule.operations}});
}

}  // namespace

bool retryable(const Error& error) {
  switch (error.rsc) {
    case Rsc::kRequestTimeout:
    case Rsc::kInternalServerError:
    case Rsc::kTargetNotReachable:
    case Rsc::kRemoteEntityNotReachable:
    case Rsc::kSubscriptionVerificationInitiationFailed:
    case Rsc::kGroupMembersNotResponded:
    case Rsc::kExternalObjectNotReachable:
      return true;
    default:
      return false;
  }
}

Ae::Ae(std::shared_ptr<Session> session) : session_(std::move(session)) {}

Ae::~Ae() { session_->stop(); }

Result<std::unique_ptr<Ae>> Ae::connect(AeSettings settings) {
  if (const auto checked = check(settings); !checked) return fail(checked.error());
  auto link = open_link(settings);
  if (!link) return fail(link.error());
  return connect(std::move(settings), *std::move(link));
}

Result<std::unique_ptr<Ae>> Ae::connect(AeSettings settings, std::unique_ptr<Link> link) {
  if (const auto checked = check(settings); !checked) return fail(checked.error());
  auto session = std::make_shared<Session>(std::move(settings), std::move(link));
  if (const auto started = session->start(); !started) return fail(started.error());
  return std::unique_ptr<Ae>(new Ae(std::move(session)));
}

std::string Ae::id() const { return session_->ae_id(); }
std::string Ae::sp_relative_id() const { return session_->sp_relative_id(); }
std::string Ae::path() const { return session_->path(); }
const AeSettings& Ae::settings() const { return session_->settings(); }
std::vector<std::string> Ae::points_of_access() const {
  return session_->link().points_of_access();
}
std::string Ae::page_url() const { return session_->link().page_url(); }
Result<void> Ae::unregister() { return remove(path()); }

Response Ae::request(Request request, std::chrono::milliseconds timeout) {
  return session_->ask(std::move(request), timeout);
}

void Ae::request(Request request, Reply reply) {
  session_->send(std::move(request), std::move(reply));
}

Result<Value> Ae::create(const std::string& parent, std::int64_t type, const std::string& root,
                         Value attributes) {
  return session_->ask_for_attributes(
      make_create(address_of(parent), type, root, std::move(attributes)));
}

Result<Value> Ae::retrieve(const std::string& to) {
  return session_->ask_for_attributes(make_request(Operation::kRetrieve, address_of(to)));
}

Result<Value> Ae::update(const std::string& to, const std::string& root, Value attributes) {
  return session_->ask_for_attributes(make_update(address_of(to), root, std::move(attributes)));
}

Result<void> Ae::remove(const std::string& to) {
  const auto removed =
      session_->ask_for_attributes(make_request(Operation::kDelete, address_of(to)));
  if (!removed && removed.error().rsc != Rsc::kNotFound) return fail(removed.error());
  return {};
}

Result<Value> Ae::notify(const std::string& to, Value content, std::chrono::milliseconds timeout) {
  Request request = make_request(Operation::kNotify, address_of(to));
  request.content = std::move(content);
  const Response response = session_->ask(std::move(request), timeout);
  if (!is_success(response.rsc)) return fail(error_of(response));
  return tree_of(response.content);
}

Result<std::vector<std::string>> Ae::discover(const std::string& to, FilterCriteria filter) {
  Request request = make_request(Operation::kRetrieve, address_of(to));
  filter.filter_usage = static_cast<std::int64_t>(FilterUsage::kDiscovery);
  request.filter = std::move(filter);
  const Response response = session_->ask(std::move(request));
  if (!is_success(response.rsc)) return fail(error_of(response));
  const auto tree = tree_of(response.content);
  if (!tree) return fail(tree.error());
  return addresses_in(*tree);
}

Container Ae::container(const std::string& path) { return {*this, address_of(path)}; }

Node Ae::node(const std::string& path) {
  const std::string& base = settings().csebase;
  const bool whole = path.starts_with('/') || path.starts_with(base + "/");
  return {*this, whole ? path : base + "/" + path};
}

Resource Ae::resource(const std::string& path, std::int64_t type, const std::string& root) {
  return {*this, address_of(path), type, root};
}

Result<Subscription> Ae::subscribe(const std::string& resource, Criteria criteria,
                                   EventCallback callback) {
  return Subscription::Impl::create(session_, address_of(resource), std::move(criteria),
                                    std::move(callback));
}

// Source: TS-0001 clause 9.6.2, TS-0004 clause 7.4.2.
Result<std::string> Ae::ensure_policy(const std::string& name,
                                      const std::vector<AccessRule>& rules) {
  Value::Array list;
  std::transform(rules.begin(), rules.end(), std::back_inserter(list), rule_value);
  const Value own = rule_value({{id()}, kMayDoAll});
  Resource policy = resource(name, kAccessControlPolicyType, "m2m:acp");
  const auto ensured =
      policy.ensure(Value::object({{"pv", Value::object({{"acr", std::move(list)}})},
                                   {"pvs", Value::object({{"acr", Value::array({own})}})}}));
  if (!ensured) return fail(ensured.error());
  return policy.address();
}

Result<void> Ae::allow(std::vector<AccessRule> rules) {
  rules.push_back({{id()}, kMayDoAll});
  const auto policy = ensure_policy("access", rules);
  if (!policy) return fail(policy.error());
  const Value wanted = Value::object({{"acpi", Value::array({*policy})}});
  const auto present = retrieve(path());
  if (!present) return fail(present.error());
  const Value changes = differences(*present, wanted);
  if (changes.size() == 0) return {};
  if (const auto done = update(path(), "m2m:ae", changes); !done) return fail(done.error());
  return {};
}

void Ae::on_message(MessageHandler handler) {
  on_message_async([handler = std::move(handler)](const Request& request, const Reply& reply) {
    const Result<Value> answer = handler(request);
    if (!answer) return reply(error_response(request, answer.error()));
    Response response;
    response.request_identifier = request.request_identifier;
    response.release_version = request.release_version;
    if (!answer->is_null()) response.content = Content(*answer);
    reply(std::move(response));
  });
}

void Ae::on_message_async(std::function<void(const Request&, Reply)> handler) {
  session_->inbox().set_handler(std::move(handler));
}

void Ae::serve_pages(http::PageHandler pages) { session_->link().serve_pages(std::move(pages)); }

bool Ae::settle(std::chrono::milliseconds at_most) {
  return session_->dispatcher().settle(at_most);
}

std::string Ae::address_of(const std::string& path) const {
  const std::string& base = settings().csebase;
  const bool whole = path.starts_with('/') || path == base || path.starts_with(base + "/");
  if (whole || path == id() || path.starts_with(id() + "/")) return path;
  if (path.empty()) return session_->path();
  return session_->path() + "/" + path;
}

}  // namespace gatehouse::sdk

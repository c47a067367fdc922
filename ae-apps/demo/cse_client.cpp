#include "ae-apps/demo/cse_client.h"

#include <algorithm>
#include <future>

#include "cse/codec/json.h"

namespace gatehouse::demo {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds kRequestLimit{10'000};
constexpr std::int64_t kContentInstance = 4;
constexpr DecodeLimits kContentLimits{.max_bytes = 64 * 1024, .max_depth = 16};

}  // namespace

Value without_root(const Value& tree) {
  const Value::Object* members = tree.as_object();
  return members != nullptr && members->size() == 1 ? members->front().value : tree;
}

Value object_in(const Value& content) {
  const std::string* text = content.as_string();
  if (text == nullptr) return content;
  Result<Value> tree = parse_json(*text, kContentLimits);
  return tree ? *std::move(tree) : Value();
}

CseClient::CseClient(const Caller& caller) : caller_(caller), codecs_(standard_codecs()) {
  http::ClientSettings settings;
  settings.request_timeout = kRequestLimit;
  settings.tls.emplace();
  settings.tls->certificate_file = caller.certificate;
  settings.tls->key_file = caller.key;
  settings.tls->ca_file = caller.authority;
  client_ = std::make_unique<http::Client>(std::move(settings), codecs_);
}

Answer CseClient::ask(Request request) {
  request.from = caller_.originator;
  request.request_identifier = "demo-" + std::to_string(++requests_);
  request.release_version = "3";
  const auto start = Clock::now();
  std::promise<Response> promise;
  client_->send(caller_.url, {}, std::move(request),
                [&promise](Response response) { promise.set_value(std::move(response)); });
  const Response response = promise.get_future().get();  // the client has a time limit
  Answer answer;
  answer.took = std::chrono::duration_cast<Duration>(Clock::now() - start);
  answer.rsc = response.rsc;
  const Result<Value> tree = tree_of(response.content);
  if (!tree) return answer;
  answer.content = without_root(*tree);
  answer.reason = tree->string_at("m2m:dbg");
  return answer;
}

Answer CseClient::retrieve(const std::string& to) {
  Request request;
  request.operation = Operation::kRetrieve;
  request.to = to;
  return ask(std::move(request));
}

Answer CseClient::push(const std::string& container, Value content) {
  Request request;
  request.operation = Operation::kCreate;
  request.to = container;
  request.resource_type = kContentInstance;
  request.content = Value::object({{"m2m:cin", Value::object({{"con", std::move(content)}})}});
  return ask(std::move(request));
}

std::optional<Value> CseClient::latest(const std::string& container) {
  const Answer answer = retrieve(container + "/la");
  if (!is_success(answer.rsc)) return std::nullopt;
  const Value* content = answer.content.find("con");
  return content == nullptr ? std::nullopt : std::optional<Value>(object_in(*content));
}

std::vector<Value> CseClient::contents(const std::string& container) {
  Request request;
  request.operation = Operation::kRetrieve;
  request.to = container;
  request.result_content = static_cast<std::int64_t>(ResultContent::kChildResources);
  const Answer answer = ask(std::move(request));
  std::vector<Value> out;
  const Value* items = answer.content.find("m2m:cin");
  if (items == nullptr || !items->is_array()) return out;
  for (const Value& item : *items->as_array()) {
    if (const Value* content = item.find("con")) out.push_back(object_in(*content));
  }
  return out;
}

}  // namespace gatehouse::demo

#include <algorithm>
#include <future>

#include "ae-apps/ota/cli/campaign_command.h"
#include "bindings/http/client.h"
#include "cse/codec/json.h"

namespace gatehouse::ota {
namespace {

constexpr std::int64_t kContainer = 3, kContentInstance = 4, kAtOnce = 500;

/// The attributes of the one member of a tree.
Value without_root(const Value& tree) {
  const Value::Object* members = tree.as_object();
  return members != nullptr && members->size() == 1 ? members->front().value : tree;
}

std::string last_segment(const std::string& address) {
  return address.substr(address.rfind('/') + 1);
}

class HttpCampaignClient final : public CampaignClient {
 public:
  HttpCampaignClient(const CampaignAccess& access, http::ClientSettings settings)
      : access_(access), codecs_(standard_codecs()), client_(std::move(settings), codecs_) {}

  Result<Value> retrieve(const std::string& path) override {
    Request request;
    request.operation = Operation::kRetrieve;
    request.to = address(path);
    return ask(std::move(request));
  }

  Result<std::string> push(const std::string& container, const Value& content) override {
    Request request;
    request.operation = Operation::kCreate;
    request.to = address(container);
    request.resource_type = kContentInstance;
    request.content =
        Value::object({{"m2m:cin", Value::object({{"con", content}, {"cr", Value()}})}});
    const Result<Value> made = ask(std::move(request));
    if (!made) return fail(made.error());
    return made->string_at("rn");
  }

  Result<std::vector<std::string>> containers(const std::string& path,
                                              const std::string& label) override {
    Result<std::vector<std::string>> found = discover(path, kContainer, label);
    if (!found) return found;
    for (std::string& each : *found) each = last_segment(each);
    return found;
  }

  Result<std::vector<Value>> contents(const std::string& path) override {
    const auto found = discover(path, kContentInstance, "");
    if (!found) return fail(found.error());
    std::vector<Value> instances, out;
    for (const std::string& each : *found) {
      Result<Value> instance = retrieve(path + "/" + last_segment(each));
      if (!instance) return fail(instance.error());
      instances.push_back(*std::move(instance));
    }
    std::stable_sort(instances.begin(), instances.end(), [](const Value& a, const Value& b) {
      return a.string_at("ct") < b.string_at("ct");
    });
    for (Value& each : instances) {
      if (Value* content = each.find("con")) out.push_back(std::move(*content));
    }
    return out;
  }

 private:
  std::string address(const std::string& path) const {
    if (path.starts_with('/')) return path;
    return access_.csebase + "/" + access_.server + "/" + path;
  }

  Result<std::vector<std::string>> discover(const std::string& path, std::int64_t type,
                                            const std::string& label) {
    std::vector<std::string> out;
    for (;;) {
      Request request;
      request.operation = Operation::kRetrieve;
      request.to = address(path);
      FilterCriteria filter;
      filter.filter_usage = static_cast<std::int64_t>(FilterUsage::kDiscovery);
      filter.resource_types = {type};
      filter.level = 1;
      filter.limit = kAtOnce;
      filter.offset = static_cast<std::int64_t>(out.size()) + 1;
      if (!label.empty()) filter.labels = {label};
      request.filter = std::move(filter);
      const Result<Value> answer = ask(std::move(request), false);
      if (!answer) return fail(answer.error());
      const auto part = answer->strings_at("m2m:uril");
      if (part.empty()) return out;
      out.insert(out.end(), part.begin(), part.end());
    }
  }

  Result<Value> ask(Request request, bool below_root = true) {
    request.from = access_.originator;
    request.request_identifier = "ota-" + std::to_string(++requests_);
    request.release_version = "3";
    const std::string to = request.to;
    std::promise<Response> promise;
    client_.send(access_.cse, {}, std::move(request),
                 [&promise](Response response) { promise.set_value(std::move(response)); });
    const Response response = promise.get_future().get();  // the client has a time limit
    const Result<Value> tree = tree_of(response.content);
    if (!is_success(response.rsc)) {
      const std::string why = tree ? tree->string_at("m2m:dbg") : "";
      return fail(response.rsc, to + ": " + std::to_string(static_cast<int>(response.rsc)) +
                                    (why.empty() ? "" : ": " + why));
    }
    if (!tree) return fail(tree.error());
    return below_root ? without_root(*tree) : *tree;
  }

  const CampaignAccess access_;
  const Codecs codecs_;
  http::Client client_;
  unsigned requests_ = 0;
};

}  // namespace

Result<std::unique_ptr<CampaignClient>> CampaignClient::open(const CampaignAccess& access) {
  http::ClientSettings settings;
  if (access.cse.starts_with("https:")) {
    settings.tls.emplace();
    settings.tls->certificate_file = access.certificate;
    settings.tls->key_file = access.key;
    settings.tls->ca_file = access.ca;
  }
  try {
    return std::make_unique<HttpCampaignClient>(access, std::move(settings));
  } catch (const std::runtime_error& error) {
    return fail(Rsc::kBadRequest, std::string("--certificate, --key, --ca: ") + error.what());
  }
}

}  // namespace gatehouse::ota

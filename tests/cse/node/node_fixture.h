#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <optional>
#include <sstream>
#include <string>

#include "bindings/http/client.h"
#include "cse/codec/json.h"
#include "cse/node/log.h"
#include "cse/node/node.h"

namespace gatehouse::node::test {

/// A folder that goes with the object.
class Folder {
 public:
  Folder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "gatehouse-node-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// An IN-CSE in memory on a free port of loopback.
inline NodeSettings in_memory() {
  set_log_level("error");
  NodeSettings settings;
  settings.store.backend = "memory";
  settings.http.port = 0;
  settings.log_level = "error";
  return settings;
}

inline std::string url_of(const Node& node) {
  return "http://127.0.0.1:" + std::to_string(node.http_port());
}

/// Asks over HTTP and waits.
class Asker {
 public:
  explicit Asker(std::string url)
      : url_(std::move(url)), codecs_(standard_codecs()), client_({}, codecs_) {}

  Response ask(Request request) {
    if (request.request_identifier.empty())
      request.request_identifier = "n" + std::to_string(++number_);
    if (!request.release_version) request.release_version = "3";
    auto answer = std::make_shared<std::promise<Response>>();
    auto waiting = answer->get_future();
    client_.send(url_, "/id-in", std::move(request),
                 [answer](Response response) { answer->set_value(std::move(response)); });
    return waiting.get();  // the client has a deadline of its own
  }
  Response retrieve(const std::string& to, const std::string& from = "CAdmin") {
    Request request;
    request.to = to;
    request.from = from;
    return ask(std::move(request));
  }
  Response create(const std::string& to, int type, const std::string& root, Value attributes,
                  const std::string& from = "CAdmin") {
    Request request;
    request.operation = Operation::kCreate;
    request.to = to;
    request.from = from;
    request.resource_type = type;
    request.content = Value::object({{root, std::move(attributes)}});
    return ask(std::move(request));
  }

 private:
  const std::string url_;
  const Codecs codecs_;
  http::Client client_;
  int number_ = 0;
};

/// The object below the root.
inline Value attributes(const Response& response) {
  auto tree = tree_of(response.content);
  if (!tree || !tree->as_object() || tree->as_object()->empty()) return {};
  return tree->as_object()->front().value;
}
inline std::string why(const Response& response) {
  auto tree = tree_of(response.content);
  return tree ? tree->string_at("m2m:dbg") : "";
}

}  // namespace gatehouse::node::test

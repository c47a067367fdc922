#pragma once
#include <memory>
#include <optional>
#include <string>

#include "ae-apps/demo/screen.h"
#include "bindings/http/client.h"
#include "cse/primitive/request.h"

namespace gatehouse::demo {

/// An answer with the time that it took.
struct Answer {
  Rsc rsc = Rsc::kInternalServerError;
  Value content;  ///< attributes without the root; the whole tree if there is no one root
  std::string reason;
  Duration took{0};
  std::string code() const { return std::to_string(static_cast<int>(rsc)); }
};

/// Whose certificate speaks, and under which name.
struct Caller {
  std::string url;  ///< of the CSE
  std::string certificate, key, authority;
  std::string originator;
};

/// A party that sends primitives to a CSE over mutual TLS. Threading: one thread.
class CseClient {
 public:
  explicit CseClient(const Caller& caller);

  Answer ask(Request request);
  Answer retrieve(const std::string& to);
  /// Adds a <contentInstance>.
  Answer push(const std::string& container, Value content);
  /// "con" of the latest instance of a container; nullopt if there is none.
  std::optional<Value> latest(const std::string& container);
  /// "con" of all instances of a container whose name is given by discovery; newest last.
  std::vector<Value> contents(const std::string& container);

 private:
  const Caller caller_;
  const Codecs codecs_;
  std::unique_ptr<http::Client> client_;
  unsigned requests_ = 0;
};

/// The attributes of the one member of a tree ("m2m:fwr": {…}).
Value without_root(const Value& tree);
/// An object that travelled as such or as its JSON text.
Value object_in(const Value& content);

}  // namespace gatehouse::demo

#include "cse/services/announcement/two_way.h"

#include "cse/codec/json.h"

namespace gatehouse::announcement {
namespace {

constexpr std::int64_t kBiDirectional = 2;

/// "m2m:cnt" of "m2m:cntA", "cod:tempe" of "cod:tempeAnnc".
std::string original_root(std::string_view announced) {
  const std::string_view suffix = announced.starts_with("m2m:") ? "A" : "Annc";
  return std::string(announced.substr(0, announced.size() - suffix.size()));
}

}  // namespace

bool is_two_way(const Resource& copy) {
  return copy.attributes().integer_at("ast") == kBiDirectional;
}

void update_original(Cse& cse, const Request& request, const Resource& copy,
                     const std::string& originator, Prepared done) {
  const Value::Object* content = request.content ? request.content->as_object() : nullptr;
  if (!content || content->size() != 1)
    return done(Error{Rsc::kBadRequest, "pc (content): is mandatory on UPDATE"});
  const Value* requested = &content->front().value;
  for (const char* own : {"lnk", "ast"}) {
    if (!requested->contains(own)) continue;
    return done(Error{Rsc::kBadRequest,
                      std::string(own) + ": is changed by the CSE of the original resource only"});
  }
  Request there;
  there.operation = Operation::kUpdate;
  there.to = copy.attributes().string_at("lnk");
  there.from = originator;
  there.request_identifier = cse.ids().request_identifier();
  there.release_version = request.release_version;
  there.request_expiration = request.request_expiration;
  there.result_content = 0;
  there.content = Value::object({{original_root(copy.schema().root), *requested}});
  const std::string link = there.to;
  cse.request(std::move(there), [link, done = std::move(done)](const Response& answer) {
    if (is_success(answer.rsc)) return done(std::nullopt);
    const auto tree = tree_of(answer.content);
    const std::string why = tree ? tree->string_at("m2m:dbg") : "";
    done(Error{answer.rsc, "the original resource \"" + link + "\" was not updated" +
                               (why.empty() ? "" : ": " + why)});
  });
}

}  // namespace gatehouse::announcement

#include "bindings/websocket/identity.h"

#include <algorithm>

#include "cse/codec/json.h"

namespace gatehouse::websocket {
namespace {

constexpr std::int64_t kAe = 2;

bool was_taken(Rsc rsc) {
  // These are said only to an originator that the core has accepted as the one it claims to be.
  return is_success(rsc) || rsc == Rsc::kOriginatorHasNoPrivilege;
}

/// The AE-ID in the answer to a registration; empty if the answer does not hold it (rcn 0).
std::string assigned_ae_id(const Response& response) {
  const Result<Value> content = tree_of(response.content);
  const Value* ae = content ? content->find("m2m:ae") : nullptr;
  return ae ? ae->string_at("aei") : std::string();
}

}  // namespace

std::string connection_name(std::string_view id, std::string_view own_cse) {
  if (id.starts_with("//")) {  // "//sp.example/id-mn/CAE1"
    const std::size_t slash = id.find('/', 2);
    if (slash == std::string_view::npos) return {};
    id.remove_prefix(slash);
  }
  if (id.empty()) return {};
  if (id.front() != '/') {
    return id.front() == 'S' ? std::string(id) : std::string(own_cse) + "/" + std::string(id);
  }
  if (id.size() < 2) return {};
  const std::size_t slash = id.find('/', 1);
  if (slash == std::string_view::npos) return std::string(id[1] == 'S' ? id.substr(1) : id);
  return id.substr(0, slash) == own_cse ? std::string(id) : std::string();
}

std::string shown_identity(const Request& request, const Response& response,
                           std::string_view own_cse) {
  if (!was_taken(response.rsc)) return {};
  const bool registers = request.operation == Operation::kCreate && request.resource_type == kAe;
  if (registers && is_success(response.rsc)) {
    const std::string assigned = assigned_ae_id(response);
    if (!assigned.empty()) return connection_name(assigned, own_cse);
  }
  if (request.from == "C" || request.from == "S") return {};
  return connection_name(request.from, own_cse);
}

}  // namespace gatehouse::websocket

// Parameters of requests, made what the standard wants.
#include <algorithm>

#include "cse/dialect/repairs.h"

namespace gatehouse {
namespace {

bool is_loopback(const Peer& peer) {
  return peer.address.starts_with("127.") || peer.address.starts_with("::1") ||
         peer.address.starts_with("[::1]") || peer.address.starts_with("::ffff:127.");
}

/// Operations on a resource that is there: not those that may be addressed to a CSE itself.
bool is_about_resource(const Request& request) {
  return request.operation == Operation::kRetrieve || request.operation == Operation::kUpdate ||
         request.operation == Operation::kDelete;
}

}  // namespace

namespace repair {

/// Nobody becomes more than the name alone would make of them: a node with credentials wants the
/// administrator proven, by whatever name.
bool mapped_originator(Request& request, const DialectFacts& facts, const Error*) {
  if (!request.peer || !is_loopback(*request.peer)) return false;
  const auto row = facts.originators.find(request.from);
  if (row == facts.originators.end()) return false;
  request.from = row->second;
  return true;
}

bool release_version(Request& request, const DialectFacts& facts, const Error*) {
  if (request.release_version) return false;
  const auto& served = facts.release_versions;
  if (served.empty()) return false;
  // The parameter came with release 2a. Clients of release 1 that know no later attribute are
  // served where the CSE says that it serves release 1.
  for (const char* version : {"1", "2a"}) {
    if (std::find(served.begin(), served.end(), version) == served.end()) continue;
    request.release_version = version;
    return true;
  }
  request.release_version = served.front();
  return true;
}

bool request_id(Request& request, const DialectFacts& facts, const Error*) {
  if (!request.request_identifier.empty()) return false;
  request.request_identifier = facts.make_identifier();
  return true;
}

bool type_outside_create(Request& request, const DialectFacts&, const Error*) {
  if (request.operation == Operation::kCreate || !request.resource_type) return false;
  request.resource_type.reset();
  return true;
}

bool address_without_cse_id(Request& request, const DialectFacts& facts, const Error*) {
  const std::string& to = request.to;
  if (!to.starts_with('/') || to.starts_with("//")) return false;
  const std::string first = to.substr(1, to.find('/', 1) - 1);
  const bool is_alone = first.size() + 1 == to.size();
  const bool names_base = first == facts.csebase_name || first == "-";
  if ("/" + first == facts.cse_id || first.empty()) return false;
  if (!names_base && !(is_alone && is_about_resource(request))) return false;
  request.to.erase(0, 1);
  return true;
}

bool cse_id_as_base(Request& request, const DialectFacts& facts, const Error*) {
  if (!is_about_resource(request)) return false;
  if (request.to != facts.cse_id && request.to != facts.sp_id + facts.cse_id) return false;
  request.to += "/" + facts.csebase_name;
  return true;
}

bool administrators_ae(Request& request, const DialectFacts& facts, const Error*) {
  if (request.operation != Operation::kCreate || request.resource_type != type_number::kAe)
    return false;
  if (facts.administrator.empty() || request.from != facts.administrator) return false;
  request.from = "C";
  return true;
}

}  // namespace repair

bool is_look_at_csebase(const Request& request, const DialectFacts& facts) {
  return request.operation == Operation::kRetrieve && !request.filter &&
         request.result_content.value_or(1) == 1 &&
         (request.to == facts.csebase_name || request.to == "-" ||
          request.to == facts.cse_id + "/" + facts.csebase_name ||
          request.to == facts.cse_id + "/-");
}

}  // namespace gatehouse

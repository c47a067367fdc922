#pragma once
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "bindings/http/page.h"
#include "cse/primitive/request.h"

namespace gatehouse::ota_server {

/// The first identity of the peer that is on the list; empty: none.
inline std::string identity_among(const http::PageRequest& request,
                                  const std::vector<std::string>& list) {
  if (request.peer == nullptr || !request.peer->authenticated) return {};
  for (const std::string& identity : request.peer->identities) {
    if (std::find(list.begin(), list.end(), identity) != list.end()) return identity;
  }
  return {};
}

inline std::string identity_among(const http::PageRequest& request,
                                  const std::set<std::string>& list) {
  if (request.peer == nullptr || !request.peer->authenticated) return {};
  for (const std::string& identity : request.peer->identities) {
    if (list.contains(identity)) return identity;
  }
  return {};
}

inline std::string name_of_peer(const http::PageRequest& request) {
  if (request.peer == nullptr || request.peer->identities.empty()) return "nobody";
  return request.peer->identities.back();  // the whole form comes last
}

}  // namespace gatehouse::ota_server

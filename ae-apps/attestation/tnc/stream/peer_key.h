#pragma once
#include <string>

struct ssl_st;

namespace gatehouse::tnc {

/// SHA-256 (hexadecimal) of the public key in the peer's certificate; empty if there is none.
std::string hash_of_peer_key(const ssl_st* connection);

}  // namespace gatehouse::tnc

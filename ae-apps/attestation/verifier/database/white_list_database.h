#pragma once
#include <chrono>
#include <functional>
#include <string>

#include "ae-apps/attestation/verifier/white_list.h"

namespace gatehouse::attest {

/// Where the white list's database is. The connection is TLS always, and the server's certificate
/// must name the host.
struct WhiteListDatabaseSettings {
  std::string host;
  std::uint16_t port = 5432;
  std::string database = "white_list";
  std::string user = "gatehouse_verifier";
  std::string ca_file;
  std::string certificate_file, key_file;  ///< ours; empty: the server asks for a password
  std::string password_file;               ///< as libpq's passfile; may be empty
  std::chrono::seconds limit{5};           ///< for connecting, and for an answer
};

/// Reads the newest published list (white_list.sql) in one statement, so in one state of the
/// database; kept until another one is published. Hashed over its canonical JSON, as a bundle is.
/// Errors: kTargetNotReachable, "white list: cannot be reached: …", also if the role could write: a
/// verifier that can change what it judges by is none; those of parse_white_list(). Threading: one
/// thread at a time.
std::function<Result<WhiteList>(std::uint64_t highest_seen, Timestamp now)> database_source(
    WhiteListDatabaseSettings settings);

}  // namespace gatehouse::attest

#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "certs/folder.h"
#include "certs/index.h"
#include "certs/profile.h"

namespace gatehouse::pki {

/// The files of one issued certificate.
struct Issued {
  std::filesystem::path certificate;
  std::filesystem::path key;  ///< empty if the key was the caller's own
  std::string serial;
};

/// A certificate authority of one service provider, in one folder:
///   ca.crt ca.key crl.pem index.tsv, and NAME.crt NAME.key NAME.ocsp of each certificate.
/// Folder 0700, keys 0600. Several processes may use it at once. Source: TS-0003 clause 10.1
/// (certificate profiles).
class Authority {
 public:
  using Clock = std::function<Time()>;

  /// Makes the folder, the key, the certificate and an empty revocation list. Errors:
  /// kAlreadyExists, kBadRequest (sp).
  static Result<Authority> create(const std::filesystem::path& folder, const std::string& sp,
                                  Days lifetime = kAuthorityLifetime,
                                  Clock clock = std::chrono::system_clock::now);
  /// Errors: kNotFound; kOriginatorHasNoPrivilege if others than the owner can read the authority's
  /// key.
  static Result<Authority> open(const std::filesystem::path& folder,
                                Clock clock = std::chrono::system_clock::now);

  /// Errors: kBadRequest (name, identity, host, address, lifetime), kConflict (the name has a
  /// certificate, and `replace` is not set).
  Result<Issued> issue(const Request& request) const;
  /// A new certificate in place of the newest of that name, which says the same; the old one goes
  /// onto the list. Where the authority has made the key (NAME.key), it makes a new one; a key of
  /// the holder's own, in a token or an ECU, stays. Errors: kNotFound; kConflict if it is revoked.
  Result<Issued> renew(const std::string& name, Days lifetime = kLeafLifetime) const;
  /// Puts the newest certificate of that name on the list and publishes it. Errors: kNotFound;
  /// kConflict if it is revoked.
  Result<void> revoke(const std::string& name) const;
  /// Publishes the list afresh, before the last one ends.
  Result<std::filesystem::path> publish_crl() const;

  /// Writes NAME.ocsp, the OCSP response about the newest certificate of that name, for its holder
  /// to staple. Errors: kNotFound.
  Result<std::filesystem::path> write_ocsp(const std::string& name) const;
  /// A responder's answer; see ocsp.h.
  Result<std::string> answer_ocsp(std::string_view request) const;

  Result<Index> index() const;
  /// What OpenSSL says about one certificate, for people. Errors: kNotFound.
  Result<std::string> describe(const std::string& name) const;
  const std::string& service_provider() const { return sp_; }

 private:
  Authority(Folder folder, std::string sp, Clock clock)
      : folder_(std::move(folder)), sp_(std::move(sp)), clock_(std::move(clock)) {}
  Result<void> store(const Index& index) const;
  Result<void> write_crl(const Index& index) const;

  Folder folder_;
  std::string sp_;
  Clock clock_;
};

}  // namespace gatehouse::pki

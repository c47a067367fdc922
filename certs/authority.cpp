#include "certs/authority.h"

#include <sys/stat.h>

#include "certs/certificates.h"
#include "certs/names.h"
#include "certs/ocsp.h"

namespace gatehouse::pki {
namespace {

constexpr const char* kCertificateFile = "ca.crt";
constexpr const char* kKeyFile = "ca.key";
constexpr const char* kCrlFile = "crl.pem";
constexpr const char* kIndexFile = "index.tsv";

/// What signs: read when it is needed, gone afterwards.
struct Signer {
  Handle<X509> certificate;
  Handle<EVP_PKEY> key;
};

Result<Handle<X509>> read_certificate(const Folder& folder, const std::string& file) {
  const auto pem = folder.read(file);
  if (!pem) return fail(pem.error());
  return certificate_from_pem(*pem);
}

Result<Signer> read_signer(const Folder& folder) {
  auto certificate = read_certificate(folder, kCertificateFile);
  if (!certificate) return fail(certificate.error());
  const auto pem = folder.read(kKeyFile);
  if (!pem) return fail(pem.error());
  auto key = private_key_from_pem(*pem);
  if (!key) return fail(key.error());
  if (X509_check_private_key(certificate->get(), key->get()) != 1) {
    return fail(Rsc::kInternalServerError, "ca.key is not the key of ca.crt");
  }
  return Signer{*std::move(certificate), *std::move(key)};
}

Result<void> check_request(const Request& request) {
  if (const auto good = check_file_name(request.name); !good) return good;
  const Profile& profile = profile_of(request.kind);
  if (profile.needs_identity && request.identities.empty()) {
    return fail(Rsc::kBadRequest, "a certificate of this kind needs an identity (--id)");
  }
  for (const std::string& id : request.identities) {
    if (request.kind == Kind::kAe && names_a_cse(id)) {
      return fail(Rsc::kBadRequest, "'" + id + "' is the identity of a CSE, not of an AE");
    }
    if (request.kind == Kind::kCse && !names_a_cse(id)) {
      return fail(Rsc::kBadRequest, "'" + id + "' is not the identity of a CSE");
    }
    if (!profile.needs_identity && request.kind != Kind::kNode) {
      return fail(Rsc::kBadRequest, "a certificate of this kind states no oneM2M identity");
    }
  }
  if (profile.needs_host && request.hosts.empty() && request.addresses.empty()) {
    return fail(Rsc::kBadRequest,
                "a certificate of this kind needs a host name or an address (--dns, --ip)");
  }
  if (!request.ocsp_url.empty()) {
    if (const auto good = check_responder_url(request.ocsp_url); !good) return good;
  }
  if (request.lifetime < Days{1} || request.lifetime > kLongestLeafLifetime) {
    return fail(Rsc::kBadRequest, "the lifetime is 1 to 825 days");
  }
  return {};
}

std::string service_provider_of(X509* authority) {
  char text[256] = {};
  const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(authority), NID_organizationName,
                                             text, sizeof text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

Result<Authority> Authority::create(const std::filesystem::path& path, const std::string& sp,
                                    Days lifetime, Clock clock) {
  if (const auto good = check_sp_name(sp); !good) return fail(good.error());
  if (lifetime < Days{1} || lifetime > 2 * kAuthorityLifetime) {
    return fail(Rsc::kBadRequest, "the authority's lifetime is 1 to 7300 days");
  }
  const auto folder = Folder::create(path);
  if (!folder) return fail(folder.error());
  const auto key = generate_key();
  if (!key) return fail(key.error());
  const auto certificate = make_authority_certificate(sp, key->get(), clock(), lifetime);
  if (!certificate) return fail(certificate.error());

  if (auto done = folder->write_secret(kKeyFile, to_pem(key->get())); !done)
    return fail(done.error());
  if (auto done = folder->write_public(kCertificateFile, to_pem(certificate->get())); !done) {
    return fail(done.error());
  }
  Authority authority(*folder, sp, std::move(clock));
  if (auto done = authority.store({}); !done) return fail(done.error());
  if (auto done = authority.write_crl({}); !done) return fail(done.error());
  return authority;
}

Result<Authority> Authority::open(const std::filesystem::path& path, Clock clock) {
  auto folder = Folder::open(path);
  if (!folder) return fail(folder.error());
  const auto certificate = read_certificate(*folder, kCertificateFile);
  if (!certificate)
    return fail(Rsc::kNotFound, "'" + path.string() + "' holds no authority; make one with init");
  struct stat state {};
  if (::stat((path / kKeyFile).c_str(), &state) != 0)
    return fail(Rsc::kNotFound, "ca.key is missing");
  if ((state.st_mode & 077) != 0) {
    return fail(Rsc::kOriginatorHasNoPrivilege, "ca.key may be read by its owner only (mode 0600)");
  }
  std::string sp = service_provider_of(certificate->get());
  if (const auto good = check_sp_name(sp); !good) return fail(good.error());
  return Authority(*std::move(folder), std::move(sp), std::move(clock));
}

Result<Issued> Authority::issue(const Request& request) const {
  if (const auto good = check_request(request); !good) return fail(good.error());
  const auto lock = FolderLock::take(folder_);
  if (!lock) return fail(lock.error());
  auto index = this->index();
  if (!index) return fail(index.error());
  Entry* previous = index->newest(request.name);
  if (previous != nullptr && !previous->revoked && !request.replace) {
    return fail(Rsc::kConflict, "'" + request.name + "' has a certificate; revoke or replace it");
  }
  const auto signer = read_signer(folder_);
  if (!signer) return fail(signer.error());
  const bool own_key = !request.public_key_pem.empty();
  const auto key = own_key ? public_key_from_pem(request.public_key_pem) : generate_key();
  if (!key) return fail(key.error());
  const Time now = clock_();
  const auto leaf = make_leaf_certificate(request, sp_, key->get(), signer->certificate.get(),
                                          signer->key.get(), now);
  if (!leaf) return fail(leaf.error());

  const bool superseded = previous != nullptr && !previous->revoked;
  if (superseded) previous->revoked = now;
  Entry entry{serial_text(leaf->get()),
              request.name,
              request.kind,
              request.identities.empty() ? std::string() : request.identities.front(),
              time_of(X509_get0_notAfter(leaf->get())),
              std::nullopt};
  Issued issued{folder_.path() / (request.name + ".crt"), {}, entry.serial};
  index->entries.push_back(std::move(entry));
  // The index first: a certificate that nobody knows of could never be revoked.
  if (auto done = store(*index); !done) return fail(done.error());
  if (!own_key) {
    issued.key = folder_.path() / (request.name + ".key");
    if (auto done = folder_.write_secret(request.name + ".key", to_pem(key->get())); !done) {
      return fail(done.error());
    }
  }
  if (auto done = folder_.write_public(request.name + ".crt", to_pem(leaf->get())); !done) {
    return fail(done.error());
  }
  if (superseded) {
    if (auto done = write_crl(*index); !done) return fail(done.error());
  }
  return issued;
}

Result<Issued> Authority::renew(const std::string& name, Days lifetime) const {
  if (const auto good = check_file_name(name); !good) return fail(good.error());
  auto index = this->index();
  if (!index) return fail(index.error());
  const Entry* entry = index->newest(name);
  if (entry == nullptr) return fail(Rsc::kNotFound, "no certificate was issued as '" + name + "'");
  if (entry->revoked) {
    return fail(Rsc::kConflict, "'" + name + "' is revoked; issue it anew if it may come back");
  }
  const auto certificate = read_certificate(folder_, name + ".crt");
  if (!certificate) return fail(certificate.error());
  Request request = request_of(certificate->get(), sp_);
  request.kind = entry->kind;
  request.name = name;
  request.lifetime = lifetime;
  request.replace = true;
  if (!folder_.has(name + ".key")) request.public_key_pem = public_key_pem(certificate->get());
  return issue(request);
}

Result<void> Authority::revoke(const std::string& name) const {
  if (const auto good = check_file_name(name); !good) return good;
  const auto lock = FolderLock::take(folder_);
  if (!lock) return fail(lock.error());
  auto index = this->index();
  if (!index) return fail(index.error());
  Entry* entry = index->newest(name);
  if (entry == nullptr) return fail(Rsc::kNotFound, "no certificate was issued as '" + name + "'");
  if (entry->revoked) return fail(Rsc::kConflict, "'" + name + "' is revoked already");
  entry->revoked = clock_();
  if (auto done = store(*index); !done) return done;
  return write_crl(*index);
}

Result<std::filesystem::path> Authority::publish_crl() const {
  const auto lock = FolderLock::take(folder_);
  if (!lock) return fail(lock.error());
  const auto index = this->index();
  if (!index) return fail(index.error());
  if (auto done = write_crl(*index); !done) return fail(done.error());
  return folder_.path() / kCrlFile;
}

Result<std::filesystem::path> Authority::write_ocsp(const std::string& name) const {
  if (const auto good = check_file_name(name); !good) return fail(good.error());
  const auto lock = FolderLock::take(folder_);
  if (!lock) return fail(lock.error());
  auto index = this->index();
  if (!index) return fail(index.error());
  const Entry* entry = index->newest(name);
  if (entry == nullptr) return fail(Rsc::kNotFound, "no certificate was issued as '" + name + "'");
  const auto signer = read_signer(folder_);
  if (!signer) return fail(signer.error());
  const auto response = make_ocsp_response(entry->serial, *index, signer->certificate.get(),
                                           signer->key.get(), clock_());
  if (!response) return fail(response.error());
  if (auto done = folder_.write_public(name + ".ocsp", *response); !done) return fail(done.error());
  return folder_.path() / (name + ".ocsp");
}

Result<std::string> Authority::answer_ocsp(std::string_view request) const {
  const auto index = this->index();
  if (!index) return fail(index.error());
  const auto signer = read_signer(folder_);
  if (!signer) return fail(signer.error());
  return answer_ocsp_request(request, *index, signer->certificate.get(), signer->key.get(),
                             clock_());
}

Result<Index> Authority::index() const {
  const auto text = folder_.read(kIndexFile);
  if (!text) return fail(text.error());
  return Index::from_text(*text);
}

Result<std::string> Authority::describe(const std::string& name) const {
  if (name != "ca") {
    if (const auto good = check_file_name(name); !good) return fail(good.error());
  }
  const auto certificate = read_certificate(folder_, name + ".crt");
  if (!certificate) return fail(Rsc::kNotFound, "no certificate was issued as '" + name + "'");
  const Handle<BIO> out(BIO_new(BIO_s_mem()));
  if (!out ||
      X509_print_ex(out.get(), certificate->get(), XN_FLAG_RFC2253, X509_FLAG_NO_SIGDUMP) != 1) {
    return openssl_failure("the certificate cannot be printed");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

Result<void> Authority::store(const Index& index) const {
  return folder_.write_public(kIndexFile, index.to_text());
}

Result<void> Authority::write_crl(const Index& index) const {
  const auto signer = read_signer(folder_);
  if (!signer) return fail(signer.error());
  long number = 0;
  if (const auto pem = folder_.read(kCrlFile)) {
    const auto last = crl_from_pem(*pem);
    if (!last) return fail(last.error());
    number = crl_number(last->get());
  }
  std::vector<Revocation> revoked;
  for (const Entry& entry : index.entries) {
    if (entry.revoked) revoked.push_back({entry.serial, *entry.revoked});
  }
  const auto crl =
      make_crl(revoked, number + 1, signer->certificate.get(), signer->key.get(), clock_());
  if (!crl) return fail(crl.error());
  return folder_.write_public(kCrlFile, to_pem(crl->get()));
}

}  // namespace gatehouse::pki

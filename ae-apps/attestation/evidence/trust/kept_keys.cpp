#include "ae-apps/attestation/evidence/trust/kept_keys.h"

#include <filesystem>
#include <fstream>

#include "ae-apps/ota/crypto/files.h"

namespace gatehouse::evidence {
namespace {

constexpr std::size_t kMaxPemBytes = 1u << 20;
constexpr int kStampDays = 3650;
constexpr std::int64_t kBackdated_s = 60;

Result<void> put(const std::string& file, std::string_view content) {
  std::ofstream out(file, std::ios::binary);
  out << content;
  out.close();
  if (!out) return fail(Rsc::kInternalServerError, "cannot write " + file);
  return {};
}

}  // namespace

Result<crypto::SigningKey> kept_key(const std::string& source, crypto::Algorithm algorithm) {
  auto key = crypto::SigningKey::load(source);
  if (key || key.error().rsc != Rsc::kNotFound || source.starts_with("pkcs11:")) return key;
  key = crypto::SigningKey::generate(algorithm);
  if (!key) return key;
  if (auto saved = key->save(source); !saved) return fail(saved.error());
  return key;
}

Result<StampIdentity> kept_stamp_identity(const std::string& folder, std::int64_t now_s) {
  const auto anchor = crypto::read_file(folder + "/anchor.pem", kMaxPemBytes);
  const auto chain = crypto::read_file(folder + "/chain.pem", kMaxPemBytes);
  if (anchor && chain) {
    auto key = crypto::SigningKey::load(folder + "/key.pem");
    if (!key) return fail(key.error());
    return StampIdentity{std::string(text_of(*anchor)), std::string(text_of(*chain)),
                         *std::move(key)};
  }
  auto made = make_stamp_identity("Gatehouse time stamps", now_s - kBackdated_s, kStampDays);
  if (!made) return made;
  std::error_code ignored;  // the first file says if it did not work
  std::filesystem::create_directories(folder, ignored);
  if (auto done = made->key.save(folder + "/key.pem"); !done) return fail(done.error());
  if (auto done = put(folder + "/chain.pem", made->chain_pem); !done) return fail(done.error());
  if (auto done = put(folder + "/anchor.pem", made->anchor_pem); !done) return fail(done.error());
  return made;
}

}  // namespace gatehouse::evidence

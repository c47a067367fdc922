#include "certs/sim/state.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "certs/openssl_handles.h"

namespace gatehouse::sim {
namespace {

constexpr std::string_view kCardFile = "card";
constexpr std::string_view kFirstLine = "gatehouse-sim 1";
constexpr std::size_t kSerialBytes = 16;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kDigestBytes = 32;
constexpr int kHashRounds = 10'000;    // the keys lie beside the hash: it only keeps PINs from eyes
constexpr std::size_t kMaxLabel = 32;  // PKCS#11: CK_TOKEN_INFO.label
constexpr std::size_t kMaxCertificateBytes = 3000;
constexpr long kSelfSignedDays = 3650;

Bytes random_bytes(std::size_t count) {
  Bytes out(count);
  if (RAND_bytes(out.data(), static_cast<int>(count)) != 1) std::terminate();  // as any key would
  return out;
}

Bytes hash_of(std::string_view pin, const Bytes& salt) {
  Bytes out(kHashBytes);
  PKCS5_PBKDF2_HMAC(pin.data(), static_cast<int>(pin.size()), salt.data(),
                    static_cast<int>(salt.size()), kHashRounds, EVP_sha256(),
                    static_cast<int>(out.size()), out.data());
  return out;
}

template <class T, class Encode>
Bytes der_of(const T* object, Encode encode) {
  unsigned char* data = nullptr;
  const int size = encode(object, &data);
  Bytes out;
  if (size > 0) out.assign(data, data + size);
  OPENSSL_clear_free(data, size > 0 ? static_cast<std::size_t>(size) : 0);
  return out;
}

pki::Handle<X509> certificate_from_der(const Bytes& der) {
  const unsigned char* at = der.data();
  return pki::Handle<X509>(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
}

bool describe_usage(X509* certificate) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const pki::Handle<X509_EXTENSION> usage(
      X509V3_EXT_nconf_nid(nullptr, &context, NID_key_usage, "critical,digitalSignature"));
  return usage && X509_add_ext(certificate, usage.get(), -1) == 1;
}

/// OpenSC shows a key only where there is a certificate: this one stands in for an authority's.
Result<Bytes> self_signed(EVP_PKEY* key, const std::string& label) {
  const pki::Handle<X509> out(X509_new());
  X509_NAME* name = out ? X509_get_subject_name(out.get()) : nullptr;
  const Bytes serial = random_bytes(sizeof(std::uint32_t));
  const long number = 1 + (static_cast<long>(serial[0]) << 16 | serial[1] << 8 | serial[2]);
  const bool good =
      name != nullptr && X509_set_version(out.get(), X509_VERSION_3) == 1 &&
      ASN1_INTEGER_set(X509_get_serialNumber(out.get()), number) == 1 &&
      X509_gmtime_adj(X509_getm_notBefore(out.get()), 0) != nullptr &&
      X509_gmtime_adj(X509_getm_notAfter(out.get()), kSelfSignedDays * 86400) != nullptr &&
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(label.data()),
                                 static_cast<int>(label.size()), -1, 0) == 1 &&
      X509_set_issuer_name(out.get(), name) == 1 && X509_set_pubkey(out.get(), key) == 1 &&
      describe_usage(out.get()) && X509_sign(out.get(), key, EVP_sha256()) > 0;
  if (!good) return pki::openssl_failure("no certificate could be made");
  return der_of(out.get(), i2d_X509);
}

Result<CardKey> new_key(KeyReference reference, const std::string& label) {
  const auto key = pki::generate_key();
  if (!key) return fail(key.error());
  auto certificate = self_signed(key->get(), label);
  if (!certificate) return fail(certificate.error());
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, decltype(&PKCS8_PRIV_KEY_INFO_free)> info(
      EVP_PKEY2PKCS8(key->get()), PKCS8_PRIV_KEY_INFO_free);
  if (!info) return pki::openssl_failure("the key has no PKCS #8 form");
  return CardKey{reference, der_of(info.get(), i2d_PKCS8_PRIV_KEY_INFO), *std::move(certificate)};
}

bool good_label(std::string_view label) {
  static constexpr std::string_view kGood =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !label.empty() && label.size() <= kMaxLabel &&
         label.find_first_not_of(kGood) == std::string_view::npos;
}

std::string hex(const Bytes& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::optional<Bytes> bytes_of(std::string_view digits) {
  Bytes out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    std::uint8_t byte = 0;
    const auto [end, error] = std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
    if (error != std::errc() || end != digits.data() + i + 2) return std::nullopt;
    out.push_back(byte);
  }
  if (digits.empty() || digits.size() % 2 != 0) return std::nullopt;
  return out;
}

/// The words of a line, parted by one space each.
std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> out;
  while (true) {
    const std::size_t space = line.find(' ');
    out.push_back(line.substr(0, space));
    if (space == std::string_view::npos) return out;
    line.remove_prefix(space + 1);
  }
}

bool read_secret(const std::vector<std::string_view>& words, Secret& out) {
  if (words.size() != 4 || words[1].size() != 1 || words[1][0] < '0' ||
      words[1][0] > static_cast<char>('0' + kMaxTries)) {
    return false;
  }
  const auto salt = bytes_of(words[2]);
  const auto hash = bytes_of(words[3]);
  if (!salt || !hash || salt->size() != kSaltBytes || hash->size() != kHashBytes) return false;
  out = {*salt, *hash, static_cast<unsigned>(words[1][0] - '0')};
  return true;
}

bool read_key(const std::vector<std::string_view>& words, State& out) {
  const KeyRow* row = words.size() == 4 ? key_named(words[1]) : nullptr;
  const auto key = row != nullptr ? bytes_of(words[2]) : std::nullopt;
  const auto certificate = row != nullptr ? bytes_of(words[3]) : std::nullopt;
  if (!key || !certificate || certificate->size() > kMaxCertificateBytes) return false;
  out.keys.push_back({row->reference, *key, *certificate});
  return true;
}

bool read_line(std::string_view line, State& out) {
  const auto words = words_of(line);
  if (words[0] == "label" && words.size() == 2 && good_label(words[1])) {
    out.label = words[1];
    return true;
  }
  if (words[0] == "serial" && words.size() == 2) {
    const auto serial = bytes_of(words[1]);
    if (serial) out.serial = *serial;
    return serial && serial->size() == kSerialBytes;
  }
  if (words[0] == "pin") return read_secret(words, out.pin);
  if (words[0] == "puk") return read_secret(words, out.puk);
  return words[0] == "key" && read_key(words, out);
}

const CardKey* key_of(const State& state, KeyReference reference) {
  const auto found = std::find_if(state.keys.begin(), state.keys.end(),
                                  [=](const CardKey& key) { return key.reference == reference; });
  return found == state.keys.end() ? nullptr : &*found;
}

}  // namespace

const KeyRow* key_named(std::string_view name) {
  const auto* const found =
      std::find_if(kKeys.begin(), kKeys.end(), [=](const KeyRow& row) { return row.name == name; });
  return found == kKeys.end() ? nullptr : found;
}

bool good_pin(std::string_view pin) {
  return pin.size() >= 6 && pin.size() <= 8 &&
         pin.find_first_not_of("0123456789") == std::string_view::npos;
}

Secret make_secret(std::string_view pin) {
  const Bytes salt = random_bytes(kSaltBytes);
  return {salt, hash_of(pin, salt), kMaxTries};
}

bool matches(const Secret& secret, std::string_view pin) {
  const Bytes hash = hash_of(pin, secret.salt);
  return secret.hash.size() == hash.size() &&
         CRYPTO_memcmp(hash.data(), secret.hash.data(), hash.size()) == 0;
}

std::string random_pin() {
  constexpr std::uint8_t kNoBias = 250;  // the largest multiple of ten in a byte
  std::string out;
  while (out.size() < 8) {
    const std::uint8_t byte = random_bytes(1)[0];
    if (byte < kNoBias) out += static_cast<char>('0' + byte % 10);
  }
  return out;
}

Result<State> personalise(const std::string& label, std::string_view pin, std::string_view puk) {
  if (!good_label(label)) {
    return fail(Rsc::kBadRequest, "label: 1 to 32 letters, digits, '.', '_' or '-'");
  }
  if (!good_pin(pin) || !good_pin(puk)) {
    return fail(Rsc::kBadRequest, "a PIN and a PUK have 6 to 8 digits");
  }
  State out{label, random_bytes(kSerialBytes), make_secret(pin), make_secret(puk), {}};
  for (const KeyRow& row : kKeys) {
    auto key = new_key(row.reference, label);
    if (!key) return fail(key.error());
    out.keys.push_back(*std::move(key));
  }
  return out;
}

Result<void> set_certificate(State& state, KeyReference reference, std::string_view pem) {
  const auto certificate = pki::certificate_from_pem(pem);
  if (!certificate) return fail(Rsc::kBadRequest, "this is no certificate in PEM");
  for (CardKey& key : state.keys) {
    if (key.reference != reference) continue;
    const auto present = certificate_from_der(key.certificate);
    if (!present ||
        EVP_PKEY_eq(X509_get0_pubkey(present.get()), X509_get0_pubkey(certificate->get())) != 1) {
      ERR_clear_error();
      return fail(Rsc::kBadRequest, "the certificate is for another key than the card's");
    }
    Bytes der = der_of(certificate->get(), i2d_X509);
    if (der.size() > kMaxCertificateBytes) {
      return fail(Rsc::kBadRequest, "the certificate is larger than 3000 bytes");
    }
    key.certificate = std::move(der);
    return {};
  }
  return fail(Rsc::kBadRequest, "the card has no such key");
}

Result<std::string> public_key_pem(const State& state, KeyReference reference) {
  const CardKey* key = key_of(state, reference);
  const auto certificate = key != nullptr ? certificate_from_der(key->certificate) : nullptr;
  const pki::Handle<BIO> out(BIO_new(BIO_s_mem()));
  if (!certificate || !out ||
      PEM_write_bio_PUBKEY(out.get(), X509_get0_pubkey(certificate.get())) != 1) {
    return fail(Rsc::kNotFound, "the card has no such key");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::optional<Bytes> sign_digest(const State& state, KeyReference reference, ByteView digest) {
  const CardKey* key = key_of(state, reference);
  if (key == nullptr || digest.size() != kDigestBytes) return std::nullopt;
  const unsigned char* at = key->private_key.data();
  const pki::Handle<EVP_PKEY> opened(
      d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(key->private_key.size())));
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      opened ? EVP_PKEY_CTX_new(opened.get(), nullptr) : nullptr, EVP_PKEY_CTX_free);
  std::size_t size = 0;
  Bytes out;
  if (context && EVP_PKEY_sign_init(context.get()) == 1 &&
      EVP_PKEY_sign(context.get(), nullptr, &size, digest.data(), digest.size()) == 1) {
    out.resize(size);
    if (EVP_PKEY_sign(context.get(), out.data(), &size, digest.data(), digest.size()) == 1) {
      out.resize(size);
      return out;
    }
  }
  ERR_clear_error();
  return std::nullopt;
}

std::string to_text(const State& state) {
  const auto secret = [](std::string_view name, const Secret& s) {
    return std::string(name) + ' ' + std::to_string(s.tries_left) + ' ' + hex(s.salt) + ' ' +
           hex(s.hash) + '\n';
  };
  std::string out = std::string(kFirstLine) + "\nlabel " + state.label + "\nserial " +
                    hex(state.serial) + '\n' + secret("pin", state.pin) + secret("puk", state.puk);
  for (const KeyRow& row : kKeys) {
    const CardKey* key = key_of(state, row.reference);
    if (key == nullptr) continue;
    out += "key " + std::string(row.name) + ' ' + hex(key->private_key) + ' ' +
           hex(key->certificate) + '\n';
  }
  return out;
}

Result<State> state_from_text(std::string_view text) {
  State out;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const bool good =
        end != std::string_view::npos && (number == 1 ? line == kFirstLine : read_line(line, out));
    if (!good) {
      return fail(Rsc::kInternalServerError,
                  "the card's state is damaged in line " + std::to_string(number));
    }
    text.remove_prefix(end + 1);
  }
  if (out.label.empty() || out.serial.empty() || out.pin.hash.empty() || out.puk.hash.empty()) {
    return fail(Rsc::kInternalServerError, "the card's state is not whole");
  }
  return out;
}

Result<StateFolder> StateFolder::create(const std::filesystem::path& path, const State& state) {
  const auto folder = pki::Folder::create(path);
  if (!folder) return fail(folder.error());
  auto out = open(path);
  if (!out) return out;
  if (auto done = out->save(state); !done) return fail(done.error());
  return out;
}

Result<StateFolder> StateFolder::open(const std::filesystem::path& path) {
  auto folder = pki::Folder::open(path);
  if (!folder) return fail(folder.error());
  const int lock = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0) return fail(Rsc::kNotFound, "the card's folder cannot be opened");
  StateFolder out(*std::move(folder), lock);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    return fail(Rsc::kConflict, "the card is in a reader: another process has it");
  }
  return out;
}

StateFolder::~StateFolder() {
  if (lock_ >= 0) ::close(lock_);
}

Result<State> StateFolder::load() const {
  const auto text = folder_.read(kCardFile);
  if (!text) return fail(text.error());
  return state_from_text(*text);
}

Result<void> StateFolder::save(const State& state) const {
  return folder_.write_secret(kCardFile, to_text(state));
}

}  // namespace gatehouse::sim

#include <algorithm>
#include <cctype>

#include "ae-apps/attestation/verifier/database/white_list_database.h"
#include "ae-apps/attestation/verifier/process/service.h"
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/program/member_reader.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

using ota::MemberReader;

constexpr std::size_t kMaxConfigurationBytes = 4u << 20;
constexpr std::size_t kMaxDevices = 100'000;

struct Folder {
  std::filesystem::path path;
  std::string locate(const std::string& name) const {
    if (name.empty() || name.starts_with("pkcs11:")) return name;
    return (path / name).lexically_normal().string();
  }
};

void read_listener(MemberReader& in, ServiceSettings& out, const Folder& folder) {
  out.address = in.text("address", false, out.address);
  out.port = static_cast<std::uint16_t>(in.whole("port", 0, 65535, 0));
  out.clients = in.texts("clients");
  const Value* tls = in.object("tls");
  if (tls == nullptr) return in.fault("tls", "is missing");
  MemberReader at(*tls, "tls.");
  out.tls.certificate_file = folder.locate(at.text("certificate", true));
  out.tls.key_file = folder.locate(at.text("key", true));
  out.tls.ca_file = folder.locate(at.text("ca", true));
  if (at.has("crl")) out.tls.crl_file = folder.locate(at.text("crl", true));
  if (const auto done = at.finish(); !done) in.adopt(done.error());
}

/// State is in files of that name.
bool is_plain_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](unsigned char c) {
    return (c < 128 && std::isalnum(c) != 0) || c == '-' || c == '_' || c == '.';
  });
}

Result<KnownDevice> read_device(const Value& value, const std::string& prefix, const Folder& folder,
                                std::string& name) {
  MemberReader in(value, prefix);
  KnownDevice out;
  name = in.text("device", true);
  if (!is_plain_name(name)) in.fault("device", "must be 1 to 64 letters, digits, '-', '_', '.'");
  auto ek = from_hex(in.text("ek_name", false));
  if (!ek) in.fault("ek_name", "must be the name of a key in hexadecimal");
  if (ek) out.endorsement_key_name = *std::move(ek);
  if (const Value* ecus = in.object("ecus"); ecus != nullptr) {
    for (const Member& member : *ecus->as_object()) {
      const std::string* file = member.value.as_string();
      auto key = crypto::PublicKey::load(folder.locate(file != nullptr ? *file : ""));
      if (!key) {
        in.fault("ecus", key.error());
        break;
      }
      out.ecu_keys.emplace(member.name, *std::move(key));
    }
  }
  if (const auto done = in.finish(); !done) return fail(done.error());
  return out;
}

/// Either a signed bundle in a file, or a database that is trusted because of where it is.
void read_white_list(MemberReader& in, DeskSettings& out, const Folder& folder) {
  if (const Value* database = in.object("white_list_database"); database != nullptr) {
    MemberReader at(*database, "white_list_database.");
    WhiteListDatabaseSettings settings;
    settings.host = at.text("host", true);
    settings.port = static_cast<std::uint16_t>(at.whole("port", 1, 65535, settings.port));
    settings.database = at.text("database", false, settings.database);
    settings.user = at.text("user", false, settings.user);
    settings.ca_file = folder.locate(at.text("ca", true));
    settings.certificate_file = folder.locate(at.text("certificate", false));
    settings.key_file = folder.locate(at.text("key", false));
    settings.password_file = folder.locate(at.text("password_file", false));
    settings.limit = std::chrono::seconds(at.whole("limit_s", 1, 60, settings.limit.count()));
    if (const auto done = at.finish(); !done) return in.adopt(done.error());
    if (in.has("white_list")) return in.fault("white_list", "must not stand beside a database");
    out.white_list_source = database_source(std::move(settings));
    return;
  }
  out.white_list_file = folder.locate(in.text("white_list", true));
  for (const std::string& file : in.texts("white_list_keys")) {
    auto key = crypto::PublicKey::load(folder.locate(file));
    if (!key) return in.fault("white_list_keys", key.error());
    out.white_list_keys.push_back(*std::move(key));
  }
  if (out.white_list_keys.empty()) in.fault("white_list_keys", "must hold at least one key");
}

void read_desk(MemberReader& in, DeskSettings& out, const Folder& folder) {
  out.folder = folder.locate(in.text("state_dir", true));
  read_white_list(in, out, folder);
  out.policy_file = folder.locate(in.text("policy", true));
  out.nonce_lifetime = std::chrono::seconds(in.whole("nonce_lifetime_s", 1, 3600, 60));
  for (const std::string& file : in.texts("ek_authorities")) {
    const auto pem = crypto::read_file(folder.locate(file), kMaxConfigurationBytes);
    if (!pem) return in.fault("ek_authorities", pem.error());
    out.ek_anchors_pem += std::string(text_of(*pem)) + "\n";
  }
  const Value::Array* devices = in.list("devices", true);
  if (devices != nullptr && devices->size() > kMaxDevices) in.fault("devices", "too many");
  for (std::size_t i = 0; devices != nullptr && i < devices->size() && in.good(); ++i) {
    std::string name;
    auto device = read_device((*devices)[i], "devices[" + std::to_string(i) + "].", folder, name);
    if (!device) return in.adopt(device.error());
    if (device->endorsement_key_name.empty() && out.ek_anchors_pem.empty()) {
      in.fault("devices", name + " needs ek_name, or ek_authorities must be there");
    }
    out.devices.emplace(name, *std::move(device));
  }
}

}  // namespace

Result<VerifierSettings> load_verifier_configuration(const std::string& file,
                                                     const Value& overrides) {
  const auto text = crypto::read_file(file, kMaxConfigurationBytes);
  if (!text) return fail(text.error());
  Result<Value> tree =
      parse_json(text_of(*text),
                 {.max_bytes = kMaxConfigurationBytes, .max_depth = 6, .max_values = 1'000'000});
  if (!tree) return fail(Rsc::kBadRequest, "configuration: " + tree.error().detail);
  if (const Value::Object* members = overrides.as_object(); members && tree->is_object()) {
    for (const Member& member : *members) tree->set(member.name, member.value);
  }
  const Folder folder{std::filesystem::absolute(file).parent_path()};
  VerifierSettings out;
  MemberReader in(*tree, "");
  read_listener(in, out.service, folder);
  read_desk(in, out.desk, folder);
  out.key = folder.locate(in.text("key", true));
  if (const auto done = in.finish(); !done) return fail(done.error());
  return out;
}

}  // namespace gatehouse::attest

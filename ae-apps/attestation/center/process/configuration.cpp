#include <filesystem>

#include "ae-apps/attestation/center/process/service.h"
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/program/member_reader.h"
#include "cse/codec/json.h"

namespace gatehouse::center {
namespace {

using ota::MemberReader;

constexpr std::size_t kMaxConfigurationBytes = 4u << 20;
constexpr std::size_t kMaxPemBytes = 64 * 1024;

struct Folder {
  std::filesystem::path path;
  std::string locate(const std::string& name) const {
    if (name.empty() || name.starts_with("pkcs11:")) return name;
    return (path / name).lexically_normal().string();
  }
};

std::string read_pem(MemberReader& in, std::string_view name, const Folder& folder) {
  const auto text = crypto::read_file(folder.locate(in.text(name, true)), kMaxPemBytes);
  if (text) return std::string(text_of(*text));
  if (in.good()) in.fault(name, text.error());
  return {};
}

void read_tls(MemberReader& in, const Folder& folder, ServiceSettings& out) {
  const Value* object = in.object("tls");
  if (object == nullptr) return in.fault("tls", "is missing");
  MemberReader at(*object, "tls.");
  TlsSettings tls;
  tls.certificate_file = folder.locate(at.text("certificate", true));
  tls.key_file = folder.locate(at.text("key", true));
  tls.ca_file = folder.locate(at.text("ca", true));
  if (at.has("crl")) tls.crl_file = folder.locate(at.text("crl", true));
  if (const auto done = at.finish(); !done) in.adopt(done.error());
  out.verifier_tls = tls;
  if (out.ae.cse_url.starts_with("https")) out.ae.tls = tls;
}

void read_connection(MemberReader& in, ServiceSettings& out, const Folder& folder) {
  sdk::AeSettings& ae = out.ae;
  ae.cse_url = in.text("cse_url", true);
  ae.cse_id = in.text("cse_id", false, "/id-in");
  ae.csebase = in.text("csebase", false, "cse-in");
  ae.ae_id = in.text("ae_id", false, "Ccenter");
  ae.name = "center";
  ae.app_id = "Ngatehouse.center";
  ae.broker = in.text("broker", true);
  ae.trust_broker_acl = in.truth("trust_broker_acl", false);
  read_tls(in, folder, out);
}

void read_devices(MemberReader& in, ServiceSettings& out, const Folder& folder) {
  const Value::Array* items = in.list("devices", true);
  for (std::size_t i = 0; items != nullptr && i < items->size() && in.good(); ++i) {
    MemberReader at((*items)[i], "devices[" + std::to_string(i) + "].");
    Device device;
    device.device = at.text("device", true);
    device.cse_id = at.text("cse_id", true);
    device.requests = at.text("requests", true);
    device.support_ae = at.text("support_ae", true);
    device.certificate = read_pem(at, "certificate", folder);
    device.originators = at.texts("originators");
    if (const auto done = at.finish(); !done) return in.adopt(done.error());
    out.devices.push_back(std::move(device));
  }
}

void read_archive(MemberReader& in, ArchiveSettings& out, const Folder& folder) {
  out.folder = folder.locate(in.text("archive_dir", true));
  out.key = folder.locate(in.text("log_key", true));
  out.origin = in.text("log_origin", false, out.origin);
  for (const std::string& text : in.texts("witnesses")) {
    const std::size_t sign = text.find('=');
    auto key = evidence::VerifierKey::parse(
        sign == std::string::npos ? "" : std::string_view(text).substr(sign + 1));
    if (!key) return in.fault("witnesses", "must be URL=verifier key: " + key.error().detail);
    out.witnesses.push_back({text.substr(0, sign), *std::move(key)});
  }
  out.quorum = static_cast<std::size_t>(in.whole("quorum", 0,
                                                 static_cast<std::int64_t>(out.witnesses.size()),
                                                 static_cast<std::int64_t>(out.witnesses.size())));
}

/// Keys and certificates that certificates of operations hold, by the id of their key.
void add_signer(std::map<std::string, std::string>& signers, const std::string& pem) {
  const auto key = crypto::PublicKey::from_pem(pem);
  if (key) signers[to_hex(key->key_id())] = pem;
}

}  // namespace

Result<ServiceSettings> load_configuration(const std::string& file, const Value& overrides) {
  const auto text = crypto::read_file(file, kMaxConfigurationBytes);
  if (!text) return fail(text.error());
  Result<Value> tree = parse_json(
      text_of(*text), {.max_bytes = kMaxConfigurationBytes, .max_depth = 6, .max_values = 100'000});
  if (!tree) return fail(Rsc::kBadRequest, "configuration: " + tree.error().detail);
  if (const Value::Object* members = overrides.as_object(); members && tree->is_object()) {
    for (const Member& member : *members) tree->set(member.name, member.value);
  }
  const Folder folder{std::filesystem::absolute(file).parent_path()};
  ServiceSettings out;
  MemberReader in(*tree, "");
  read_connection(in, out, folder);
  read_devices(in, out, folder);
  read_archive(in, out.archive, folder);
  out.operators = in.texts("operators");
  out.verifier_url = in.text("verifier_url", true);
  out.verifier_key_pem = read_pem(in, "verifier_key", folder);
  out.attest_interval = std::chrono::seconds(in.whole("attest_interval_s", 0, 30 * 86'400, 0));
  out.ota_server = in.text("ota_server", false, out.ota_server);
  out.key = folder.locate(in.text("key", true));
  if (const auto done = in.finish(); !done) return fail(done.error());
  add_signer(out.archive.signers, out.verifier_key_pem);
  for (const Device& each : out.devices) add_signer(out.archive.signers, each.certificate);
  auto key = evidence::kept_key(out.key, crypto::Algorithm::kEcdsaP256);
  if (!key) return fail(key.error());
  add_signer(out.archive.signers, key->public_key().to_pem());
  return out;
}

}  // namespace gatehouse::center

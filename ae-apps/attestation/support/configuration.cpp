#include <filesystem>

#include "ae-apps/attestation/support/settings.h"
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/program/member_reader.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

using ota::MemberReader;

constexpr std::size_t kMaxConfigurationBytes = 256 * 1024;
constexpr std::string_view kKeyInTpm = "tpm";
constexpr unsigned kMaxBootPcr = 9;  // behind it come files and ECUs

struct Folder {
  std::filesystem::path path;
  std::string locate(const std::string& name) const {
    return name.empty() ? name : (path / name).lexically_normal().string();
  }
};

std::optional<TlsSettings> read_tls(MemberReader& in, const Folder& folder) {
  const Value* object = in.object("tls");
  if (object == nullptr) return std::nullopt;
  MemberReader at(*object, "tls.");
  TlsSettings out;
  out.certificate_file = folder.locate(at.text("certificate", true));
  out.key_file = at.text("key", true);
  if (out.key_file != kKeyInTpm && !out.key_file.starts_with("tpm2:") &&
      !out.key_file.starts_with("pkcs11:")) {
    out.key_file = folder.locate(out.key_file);
  }
  out.ca_file = folder.locate(at.text("ca", true));
  if (at.has("crl")) out.crl_file = folder.locate(at.text("crl", true));
  if (const auto done = at.finish(); !done) in.adopt(done.error());
  return out;
}

void read_connection(MemberReader& in, sdk::AeSettings& ae, const Folder& folder) {
  ae.cse_url = in.text("cse_url", true);
  ae.cse_id = in.text("cse_id", false, "/id-mn");
  ae.csebase = in.text("csebase", false, "cse-mn");
  ae.ae_id = in.text("ae_id", false, "Csupport");
  ae.name = "support";
  ae.app_id = "Ngatehouse.support";
  ae.broker = in.text("broker", true);
  ae.trust_broker_acl = in.truth("trust_broker_acl", false);
  ae.tls = read_tls(in, folder);
}

void read_boot(MemberReader& in, AttesterSettings& out) {
  if (!in.has("boot")) return;
  out.boot.clear();
  const Value::Array* stages = in.list("boot", true);
  for (std::size_t i = 0; stages != nullptr && i < stages->size() && in.good(); ++i) {
    MemberReader at((*stages)[i], "boot[" + std::to_string(i) + "].");
    BootStage stage;
    stage.pcr = static_cast<unsigned>(at.whole("pcr", 0, kMaxBootPcr, 0));
    stage.name = at.text("name", true);
    if (const auto done = at.finish(); !done) return in.adopt(done.error());
    out.boot.push_back(std::move(stage));
  }
}

void read_attester(MemberReader& in, AttesterSettings& out, const Folder& folder) {
  out.device = in.text("device", true);
  out.folder = folder.locate(in.text("state_dir", true));
  out.tcti = in.text("tcti", false);
  out.pcrs = in.text("pcrs", false, out.pcrs);
  out.counter_index =
      static_cast<std::uint32_t>(in.whole("counter_index", 0x01500000, 0x01BFFFFF, 0x01500100));
  for (const std::string& file : in.texts("files")) out.files.push_back(folder.locate(file));
  for (const std::string& file : in.texts("configuration")) {
    out.configuration.push_back(folder.locate(file));
  }
  out.outside.boot = folder.locate(in.text("boot_log", false));
  out.outside.ima = folder.locate(in.text("ima_log", false));
  out.ek_certificate_file = folder.locate(in.text("ek_certificate", false));
  out.persistent_handle =
      static_cast<std::uint32_t>(in.whole("tls_handle", 0x81000000, 0x817FFFFF, 0x81000100));
  read_boot(in, out);
}

/// What the profile of this kind of device says holds where the configuration says nothing.
Result<void> add_profile(Value& tree, const Folder& folder) {
  const std::string name = tree.string_at("profile");
  if (name.empty()) return {};
  const auto text = crypto::read_file(folder.locate(name), kMaxConfigurationBytes);
  if (!text) return fail(text.error());
  const auto profile = parse_json(text_of(*text), {.max_bytes = kMaxConfigurationBytes});
  const Value* defaults = profile ? profile->find("support") : nullptr;
  if (defaults == nullptr || !defaults->is_object()) {
    return fail(Rsc::kBadRequest, "profile: its file must have an object 'support'");
  }
  tree.erase("profile");
  for (const Member& member : *defaults->as_object()) {
    if (!tree.contains(member.name)) tree.set(member.name, member.value);
  }
  return {};
}

}  // namespace

Result<SupportSettings> load_configuration(const std::string& file, const Value& overrides) {
  const auto text = crypto::read_file(file, kMaxConfigurationBytes);
  if (!text) return fail(text.error());
  Result<Value> tree = parse_json(text_of(*text), {.max_bytes = kMaxConfigurationBytes});
  if (!tree) return fail(Rsc::kBadRequest, "configuration: " + tree.error().detail);
  if (const Value::Object* members = overrides.as_object(); members && tree->is_object()) {
    for (const Member& member : *members) tree->set(member.name, member.value);
  }
  const Folder folder{std::filesystem::absolute(file).parent_path()};
  if (auto done = add_profile(*tree, folder); !done) return fail(done.error());
  SupportSettings out;
  MemberReader in(*tree, "");
  read_connection(in, out.ae, folder);
  read_attester(in, out.attester, folder);
  out.center_ae = in.text("center_ae", false, out.center_ae);
  out.center_reports = in.text("center_reports", false, out.center_reports);
  out.readers = in.texts("readers");
  if (in.has("gateway")) out.gateway = in.text("gateway", false);
  out.gateway_ae = in.text("gateway_ae", false, out.gateway_ae);
  if (in.has("tnc_server")) out.tnc_server = in.text("tnc_server", false);
  out.tnc_port = static_cast<std::uint16_t>(in.whole("tnc_port", 1, 65535, out.tnc_port));
  out.ecu_limit = std::chrono::seconds(in.whole("ecu_limit_s", 1, 600, 20));
  if (const auto done = in.finish(); !done) return fail(done.error());
  return out;
}

Result<void> take_key_from(Attester& attester, SupportSettings& settings) {
  if (!settings.ae.tls || settings.ae.tls->key_file != kKeyInTpm) return {};
  auto key = attester.tls_key();
  if (!key) return fail(key.error());
  settings.ae.tls->key_file = *std::move(key);
  return {};
}

}  // namespace gatehouse::attest

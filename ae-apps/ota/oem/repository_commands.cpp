#include "ae-apps/ota/oem/repository_commands.h"

#include <algorithm>
#include <filesystem>

#include "ae-apps/ota/coding/encoder.h"
#include "ae-apps/ota/coding/form.h"
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/oem/commands.h"
#include "ae-apps/ota/oem/draft.h"
#include "ae-apps/ota/repository/signing.h"
#include "ae-apps/ota/repository/whole_repository.h"
#include "cse/codec/json.h"

namespace gatehouse::oem {
namespace {

constexpr std::size_t kMaxMetadataBytes = 8U << 20;

uptane::RepositoryFolder open(const RepositoryRequest& request) {
  return uptane::RepositoryFolder(
      request.folder, request.director ? uptane::Profile::kDirector : uptane::Profile::kImages);
}

/// Errors name the key without what may hold a PIN.
tl::unexpected<Error> key_error(const std::string& source, const Error& error) {
  return fail(error.rsc, "key " + source.substr(0, source.find('?')) + ": " + error.detail);
}

Result<crypto::SigningKey> signing_key(const std::string& source) {
  auto key = crypto::SigningKey::load(source);
  return key ? key : Result<crypto::SigningKey>(key_error(source, key.error()));
}

Result<crypto::PublicKey> public_key(const std::string& source) {
  if (!source.starts_with("pkcs11:")) {
    auto key = crypto::PublicKey::load(source);
    if (key) return key;
  }
  const auto key = crypto::SigningKey::load(source);
  if (!key) return key_error(source, key.error());
  return key->public_key();
}

Result<uptane::RoleSpec> role_spec(const RoleRequest& request) {
  uptane::RoleSpec out{{}, request.threshold};
  for (const std::string& source : request.keys) {
    auto key = public_key(source);
    if (!key) return fail(key.error());
    out.keys.push_back(*std::move(key));
  }
  return out;
}

void say_drafted(std::ostream& out, const std::string& role) {
  out << "drafts/" << role << ".json: to be signed\n";
}

std::filesystem::path artifact_file(const RepositoryRequest& request, const std::string& sha256) {
  return request.folder / "artifacts" / sha256;
}

Result<coding::Attachment> attach(const RepositoryRequest& request, ByteView content) {
  coding::Attachment out{content.size(), to_hex(crypto::sha256(content))};
  const std::filesystem::path file = artifact_file(request, out.sha256);
  std::error_code ignored;
  std::filesystem::create_directories(file.parent_path(), ignored);
  if (auto done = write_whole(file.string(), content); !done) return fail(done.error());
  return out;
}

/// The bill of materials, if it is one, becomes an attachment.
Result<Value> add_sbom(const RepositoryRequest& request, const std::string& file) {
  const auto bytes = crypto::read_file(file, coding::kMaxSbomBytes);
  if (!bytes) return fail(bytes.error());
  if (const auto sbom = coding::parse_sbom(text_of(*bytes)); !sbom) {
    return fail(Rsc::kBadRequest, sbom.error().detail);
  }
  const auto added = attach(request, *bytes);
  if (!added) return fail(added.error());
  return Value::object({{"length", added->length}, {"sha256", added->sha256}});
}

Result<coding::Form> add_form(const RepositoryRequest& request, const coding::EncodeRequest& how,
                              std::ostream& out) {
  const auto coded = coding::encode(how);
  if (!coded) return fail(coded.error());
  const auto added = attach(request, *coded);
  if (!added) return fail(added.error());
  coding::Form form{{*added}, {}, {}};
  if (how.base) form.base_sha256 = to_hex(crypto::sha256(*how.base));
  for (const crypto::PublicKey& key : how.recipients) form.key_ids.push_back(to_hex(key.key_id()));
  out << "  " << form.name() << ": " << form.length << " bytes ("
      << form.length * 100 / std::max<std::size_t>(1, how.image.size()) << " %)\n";
  return form;
}

/// Compressed, as deltas, and each of these encrypted if there are recipients.
Result<Value> add_forms(const RepositoryRequest& request, const ImageRequest& image,
                        ByteView content, std::ostream& out) {
  const auto header = image::parse_header(content);
  if (!header) return fail(header.error());
  std::vector<crypto::PublicKey> recipients;
  for (const std::string& source : image.recipients) {
    auto key = public_key(source);
    if (!key) return fail(key.error());
    recipients.push_back(*std::move(key));
  }
  std::vector<std::optional<Bytes>> bases{std::nullopt};
  for (const std::string& file : image.bases) {
    auto base = crypto::read_file(file, kMaxFileBytes);
    if (!base) return fail(base.error());
    bases.emplace_back(*std::move(base));
  }
  std::vector<coding::Form> forms;
  for (const bool sealed : {false, true}) {
    if (sealed && recipients.empty()) continue;
    if (!sealed && image.encrypted_only) continue;
    for (const auto& base : bases) {
      if (!sealed && !base && !image.compress) continue;
      coding::EncodeRequest how{content};
      if (base) how.base = ByteView(*base);
      if (sealed) how.recipients = recipients;
      if (sealed && *header) how.clear_bytes = (*header)->header_bytes;
      auto form = add_form(request, how, out);
      if (!form) return fail(form.error());
      forms.push_back(*std::move(form));
    }
  }
  return forms.empty() ? Value() : coding::value_of(forms);
}

/// What is described: images, their forms, their bills of materials.
void show_targets(const RepositoryRequest& request, std::ostream& out) {
  const auto described = uptane::verify_repository(open(request).metadata(), {}, request.now);
  if (!described) return;
  for (const auto& [name, target] : *described) {
    out << name << ": " << target.record.length << " bytes, by " << target.role << '\n';
    const auto forms = coding::forms_of(target.record.custom);
    for (const coding::Form& form : forms ? *forms : std::vector<coding::Form>()) {
      out << "  " << form.name() << ": " << form.length << " bytes, " << form.sha256 << '\n';
    }
    const auto sbom = coding::sbom_of(target.record.custom);
    if (!sbom) continue;
    out << "  sbom: " << sbom->sha256 << '\n';
    const auto text =
        crypto::read_file(artifact_file(request, sbom->sha256).string(), coding::kMaxSbomBytes);
    if (!text || to_hex(crypto::sha256(*text)) != sbom->sha256) continue;
    const auto read = coding::parse_sbom(text_of(*text));
    for (const auto& each : read ? read->components : std::vector<coding::Component>()) {
      out << "    " << each.name << ' ' << each.version << ' ' << each.licence << '\n';
    }
  }
}

}  // namespace

Result<void> init_repository(const RepositoryRequest& request,
                             const std::map<std::string, RoleRequest, std::less<>>& roles,
                             std::ostream& out) {
  uptane::RoleSpecs specs;
  for (const auto& [role, keys] : roles) {
    auto spec = role_spec(keys);
    if (!spec) return fail(spec.error());
    specs.emplace(role, *std::move(spec));
  }
  if (auto done = open(request).create(specs, request.now); !done) return done;
  say_drafted(out, "root");
  if (!request.director) say_drafted(out, "targets");
  return {};
}

Result<void> add_image(const RepositoryRequest& request, const ImageRequest& image,
                       std::ostream& out) {
  const auto content = crypto::read_file(image.image_file, kMaxFileBytes);
  if (!content) return fail(content.error());
  const auto parsed = parse_draft(*content);
  if (!parsed) return fail(parsed.error());
  if (parsed->signatures.empty()) {
    return fail(Rsc::kBadRequest, "'" + image.image_file + "' is a draft that nobody signed");
  }
  const image::Manifest& manifest = parsed->manifest;
  uptane::TargetSpec target;
  target.name = image.name.empty() ? manifest.name + "/" + manifest.version + ".ghfw" : image.name;
  target.hardware_ids = {manifest.hardware_id};
  target.release_counter = manifest.release_counter;
  target.version = manifest.version;
  if (image.encrypted_only && image.recipients.empty()) {
    return fail(Rsc::kBadRequest, "--encrypted-only needs --encrypt-for: nobody could read it");
  }
  target.encrypted_only = image.encrypted_only;
  if (!image.sbom_file.empty()) {
    auto sbom = add_sbom(request, image.sbom_file);
    if (!sbom) return fail(sbom.error());
    target.sbom = *std::move(sbom);
  }
  auto forms = add_forms(request, image, *content, out);
  if (!forms) return fail(forms.error());
  target.forms = *std::move(forms);
  uptane::RepositoryFolder repository = open(request);
  auto described = repository.add_image(std::move(target), image.image_file, kMaxFileBytes);
  if (!described) return fail(described.error());
  auto metadata = repository.draft(image.role, request.now);
  if (!metadata) return fail(metadata.error());
  uptane::set_target(*metadata, *described);
  if (auto done = repository.stage(image.role, *metadata); !done) return done;
  out << described->name << ": " << described->length << " bytes, release "
      << described->release_counter << " for " << manifest.hardware_id << '\n';
  say_drafted(out, image.role);
  return {};
}

Result<void> remove_image(const RepositoryRequest& request, const std::string& name,
                          const std::string& role, std::ostream& out) {
  uptane::RepositoryFolder repository = open(request);
  auto metadata = repository.draft(role, request.now);
  if (!metadata) return fail(metadata.error());
  if (!uptane::erase_target(*metadata, name)) {
    return fail(Rsc::kNotFound, role + ": does not describe " + name);
  }
  if (auto done = repository.stage(role, *metadata); !done) return done;
  say_drafted(out, role);
  return {};
}

Result<void> delegate_role(const RepositoryRequest& request, const DelegateRequest& delegation,
                           std::ostream& out) {
  auto keys = role_spec(delegation.keys);
  if (!keys) return fail(keys.error());
  const uptane::DelegationSpec spec{delegation.role, *std::move(keys), delegation.paths,
                                    delegation.hardware_ids, delegation.terminating};
  if (auto done = open(request).delegate(delegation.delegator, spec, request.now); !done) {
    return done;
  }
  say_drafted(out, delegation.delegator);
  say_drafted(out, delegation.role);
  return {};
}

Result<void> rotate_role(const RepositoryRequest& request, const std::string& role,
                         const RoleRequest& keys, std::ostream& out) {
  const auto spec = role_spec(keys);
  if (!spec) return fail(spec.error());
  if (auto done = open(request).rotate(role, *spec, request.now); !done) return done;
  out << "drafts/root.json: to be signed" << (role == "root" ? " by the old keys and the new" : "")
      << '\n';
  if (role == "targets" && !request.director) say_drafted(out, "targets");
  return {};
}

Result<void> revoke_key_id(const RepositoryRequest& request, const std::string& key_id,
                           std::ostream& out) {
  uptane::RepositoryFolder repository = open(request);
  if (auto done = repository.revoke(key_id, request.now); !done) return done;
  for (const uptane::RoleState& state : repository.states()) {
    if (state.drafted) say_drafted(out, state.name);
  }
  return {};
}

Result<void> sign_metadata(const std::string& file, const std::vector<std::string>& keys,
                           std::ostream& out) {
  const auto content = crypto::read_file(file, kMaxMetadataBytes);
  if (!content) return fail(content.error());
  std::string text(text_of(*content));
  for (const std::string& source : keys) {
    const auto key = signing_key(source);
    if (!key) return fail(key.error());
    auto more = uptane::add_signature(text, *key);
    if (!more) return fail(more.error());
    text = *std::move(more);
    out << file << ": signed by " << (key->in_token() ? "a key in a token" : "a key file")
        << ", key id " << uptane::key_id_of(uptane::key_object(key->public_key())) << '\n';
  }
  return write_whole(file, view_of(text));
}

Result<void> publish_repository(const RepositoryRequest& request, const std::string& snapshot_key,
                                const std::string& timestamp_key, std::ostream& out) {
  uptane::RepositoryFolder repository = open(request);
  if (request.director) {
    if (auto done = repository.publish({}, request.now); !done) return done;
    return show_repository(request, out);
  }
  const auto snapshot = signing_key(snapshot_key);
  if (!snapshot) return fail(snapshot.error());
  const auto timestamp = signing_key(timestamp_key);
  if (!timestamp) return fail(timestamp.error());
  if (auto done = repository.publish({&*snapshot, &*timestamp}, request.now); !done) return done;
  return show_repository(request, out);
}

Result<void> show_repository(const RepositoryRequest& request, std::ostream& out) {
  for (const uptane::RoleState& state : open(request).states()) {
    if (state.version == 0 && !state.drafted) continue;
    out << state.name << ": ";
    if (state.version == 0) {
      out << "never published";
    } else {
      out << "version " << state.version << ", expires " << state.expires;
    }
    if (state.drafted) {
      out << "; draft with " << state.signatures << " of " << state.threshold << " signatures";
    }
    out << '\n';
  }
  if (!request.director) show_targets(request, out);
  return {};
}

Result<void> send_repository(const RepositoryRequest& request, UploadRequest upload,
                             std::ostream& out) {
  Value files = Value::object();
  for (const auto& [name, text] : uptane::newest_files(open(request).metadata())) {
    files.set(name, text);
  }
  if (files.size() == 0) return fail(Rsc::kNotFound, "nothing is published in this folder");
  std::error_code none;
  for (const auto& entry :
       std::filesystem::directory_iterator(request.folder / "artifacts", none)) {
    const auto content = crypto::read_file(entry.path().string(), kMaxFileBytes);
    if (!content) return fail(content.error());
    const std::string path = "/artifacts/" + to_hex(crypto::sha256(*content));
    if (auto done = send(upload, path, "application/octet-stream", *content, out); !done) {
      return done;
    }
  }
  return send(upload, "/uptane/images", "application/json",
              view_of(to_json(Value::object({{"files", std::move(files)}}))), out);
}

}  // namespace gatehouse::oem

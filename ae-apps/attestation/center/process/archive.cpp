#include "ae-apps/attestation/center/process/archive.h"

#include <chrono>
#include <filesystem>

#include "ae-apps/ota/program/state_files.h"

namespace gatehouse::center {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMaxFileBytes = 16u << 20;

std::int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Result<std::unique_ptr<Archive>> Archive::open(ArchiveSettings settings,
                                               evidence::WitnessTransport transport) {
  std::unique_ptr<Archive> out(new Archive(std::move(settings), std::move(transport)));
  std::error_code error;
  for (const char* folder : {"files", "certificates"}) {
    fs::create_directories(fs::path(out->settings_.folder) / folder, error);
  }
  if (error) return fail(Rsc::kInternalServerError, "the archive's folder cannot be written");
  if (auto done = out->open_log(); !done) return fail(done.error());
  return out;
}

Result<void> Archive::open_log() {
  auto key = evidence::kept_key(settings_.key, crypto::Algorithm::kEd25519);
  if (!key) return fail(key.error());
  auto signer = evidence::NoteSigner::make(settings_.origin, evidence::SignatureType::kEd25519,
                                           *std::move(key));
  if (!signer) return fail(signer.error());
  auto medium = evidence::RealMedium::for_writing(settings_.folder + "/log");
  if (!medium) return fail(medium.error());
  medium_ = *std::move(medium);
  evidence::LogSettings log_settings;
  log_settings.origin = settings_.origin;
  auto log = evidence::Log::open(*medium_, random_, log_settings, {*std::move(signer)});
  if (!log) return fail(log.error());
  log_ = std::make_unique<evidence::Log>(*std::move(log));
  return {};
}

Result<std::string> Archive::keep(std::string_view content) const {
  std::string name = to_hex(crypto::sha256(view_of(content)));
  const fs::path file = fs::path(settings_.folder) / "files" / name;
  if (auto done = ota::replace_file(file, content); !done) return fail(done.error());
  return name;
}

Result<std::string> Archive::kept(const std::string& sha256) const {
  auto text = ota::read_text(fs::path(settings_.folder) / "files" / sha256, kMaxFileBytes);
  if (!text) return text;
  if (text->empty()) return fail(Rsc::kNotFound, "the archive has no file " + sha256);
  if (to_hex(crypto::sha256(view_of(*text))) != sha256) {
    return fail(Rsc::kNotAcceptable, "the file " + sha256 + " is damaged");
  }
  return text;
}

std::string Archive::certificate_file(const std::string& device, std::uint64_t operation) const {
  return settings_.folder + "/certificates/" + device + "-" + std::to_string(operation) + ".json";
}

bool Archive::has_certificate(const std::string& device, std::uint64_t operation) const {
  return fs::exists(certificate_file(device, operation));
}

Result<Bytes> Archive::stamp(std::string_view text) {
  auto identity = evidence::kept_stamp_identity(settings_.folder + "/stamps", now_s());
  if (!identity) return fail(identity.error());
  evidence::StampAuthority::Settings stamps;
  stamps.clock = now_s;
  auto authority =
      evidence::StampAuthority::make(identity->chain_pem, identity->key, std::move(stamps));
  if (!authority) return fail(authority.error());
  const auto request = evidence::stamp_request(view_of(text), random_);
  if (!request) return fail(request.error());
  auto response = authority->answer(*request);
  if (!response) return response;
  if (auto matched = evidence::match_response(*response, *request); !matched) {
    return fail(matched.error());
  }
  return response;
}

Result<void> Archive::enclose(evidence::Certificate& certificate) const {
  std::vector<std::string> entries;
  for (const auto& one : certificate.records) entries.push_back(one.entry);
  if (certificate.predecessor) entries.push_back(certificate.predecessor->entry);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto record = evidence::decode_record(entries[i]);
    if (!record) return fail(record.error());
    const auto signer = settings_.signers.find(record->key);
    if (signer != settings_.signers.end()) certificate.signers.insert(*signer);
    if (i == certificate.records.size()) break;  // files of the operation before are not enclosed
    for (const auto& [name, digest] : record->files) {
      const auto content = kept(digest);
      if (!content) return fail(content.error());
      certificate.files[digest] = bytes_of(*content);
    }
  }
  return {};
}

Result<Archive::Certified> Archive::certify(const std::string& device, std::uint64_t operation) {
  if (auto published = log_->publish(); !published) return fail(published.error());
  if (!settings_.witnesses.empty()) {
    const auto cosigned =
        evidence::collect_cosignatures(*log_, settings_.witnesses, settings_.quorum, transport_);
    if (!cosigned) return fail(cosigned.error());
  }
  const auto places =
      evidence::find_operation(*medium_, log_->published().checkpoint, device, operation);
  if (!places) return fail(places.error());
  auto certificate = evidence::certify(*log_, device, operation, *places);
  if (!certificate) return fail(certificate.error());
  auto stamped = stamp(log_->published().note.text);
  if (!stamped) return fail(stamped.error());
  certificate->stamp = *std::move(stamped);
  if (auto done = enclose(*certificate); !done) return fail(done.error());
  const auto receipt = log_->prove(places->records.back());
  if (!receipt) return fail(receipt.error());
  return Certified{evidence::encode(*certificate), evidence::to_text(*receipt)};
}

Result<void> Archive::store(const std::string& device, std::uint64_t operation,
                            std::string_view certificate) const {
  return ota::replace_file(certificate_file(device, operation), certificate);
}

}  // namespace gatehouse::center

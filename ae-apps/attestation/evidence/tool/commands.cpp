#include "ae-apps/attestation/evidence/tool/commands.h"

#include <chrono>
#include <fstream>
#include <iostream>

#include "ae-apps/attestation/evidence/log/key_change.h"
#include "ae-apps/attestation/evidence/log/log_lane.h"
#include "ae-apps/attestation/evidence/operation/certificate.h"
#include "ae-apps/attestation/evidence/trust/kept_keys.h"
#include "ae-apps/attestation/evidence/trust/time_stamp.h"
#include "ae-apps/attestation/evidence/witness/service.h"
#include "ae-apps/ota/crypto/files.h"

namespace gatehouse::evidence {
namespace {

constexpr std::size_t kMaxFileBytes = 16u << 20;

std::int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Result<NoteSigner> signer_in(const std::string& key_file, const std::string& origin) {
  auto key = kept_key(key_file, crypto::Algorithm::kEd25519);
  if (!key) return fail(key.error());
  return NoteSigner::make(origin, SignatureType::kEd25519, *std::move(key));
}

Result<void> put(const std::string& file, std::string_view content) {
  if (file.empty()) {
    std::cout << content << std::flush;
    return {};
  }
  std::ofstream out(file, std::ios::binary);
  out << content;
  out.close();
  if (!out) return fail(Rsc::kInternalServerError, "cannot write " + file);
  return {};
}

/// The log and what it needs to live.
struct OpenLog {
  std::unique_ptr<RealMedium> medium;
  std::unique_ptr<crypto::SystemRandom> random = std::make_unique<crypto::SystemRandom>();
  std::unique_ptr<Log> log;
};

Result<OpenLog> open_log(const ToolOptions& options) {
  auto signer = signer_in(options.key_file, options.origin);
  if (!signer) return fail(signer.error());
  std::vector<VerifierKey> former;
  for (const std::string& text : options.former) {
    auto key = VerifierKey::parse(text);
    if (!key) return fail(key.error());
    former.push_back(*std::move(key));
  }
  OpenLog open;
  auto medium = RealMedium::for_writing(options.folder);
  if (!medium) return fail(medium.error());
  open.medium = *std::move(medium);
  LogSettings settings;
  settings.origin = options.origin;
  auto log = Log::open(*open.medium, *open.random, settings, {*std::move(signer)}, former);
  if (!log) return fail(log.error());
  open.log = std::make_unique<Log>(*std::move(log));
  return open;
}

Result<std::vector<WitnessLink>> links_of(const std::vector<std::string>& texts) {
  std::vector<WitnessLink> links;
  for (const std::string& text : texts) {
    const std::size_t sign = text.find('=');
    if (sign == std::string::npos) return fail(Rsc::kBadRequest, "a witness is URL=vkey");
    auto key = VerifierKey::parse(std::string_view(text).substr(sign + 1));
    if (!key) return fail(key.error());
    links.push_back({text.substr(0, sign), *std::move(key)});
  }
  return links;
}

/// Keys and files that the records name, into the certificate.
Result<void> enclose(const ToolOptions& options, Certificate& certificate) {
  for (const std::string& file : options.signer_files) {
    const auto pem = crypto::read_file(file, kMaxFileBytes);
    if (!pem) return fail(pem.error());
    const auto key = crypto::PublicKey::from_pem(text_of(*pem));
    if (!key) return fail(key.error());
    certificate.signers[to_hex(key->key_id())] = std::string(text_of(*pem));
  }
  for (const std::string& file : options.files) {
    auto content = crypto::read_file(file, kMaxFileBytes);
    if (!content) return fail(content.error());
    const std::string digest = to_hex(crypto::sha256(*content));
    certificate.files[digest] = *std::move(content);
  }
  return {};
}

}  // namespace

Result<void> show_key(const ToolOptions& options) {
  const auto signer = signer_in(options.key_file, options.origin);
  if (!signer) return fail(signer.error());
  return put(options.out_file, signer->verifier().to_text() + "\n");
}

Result<void> append_lines(const ToolOptions& options) {
  auto open = open_log(options);
  if (!open) return fail(open.error());
  std::string problem;  // touched on the lane's thread alone until it has ended
  {
    LogLane lane(*open->log);
    for (std::string line; std::getline(std::cin, line);) {
      lane.append(bytes_of(line), [&problem](Result<std::uint64_t> index) {
        if (index) {
          std::cout << *index << std::endl;
        } else if (problem.empty()) {
          problem = index.error().detail;
        }
      });
    }
    lane.publish([&problem](Result<SignedCheckpoint> checkpoint) {
      if (!checkpoint && problem.empty()) problem = checkpoint.error().detail;
    });
  }
  if (!problem.empty()) return fail(Rsc::kInternalServerError, problem);
  return {};
}

Result<void> publish_log(const ToolOptions& options) {
  const auto links = links_of(options.witnesses);
  if (!links) return fail(links.error());
  auto open = open_log(options);
  if (!open) return fail(open.error());
  auto checkpoint = open->log->publish();
  if (checkpoint && !links->empty()) {
    checkpoint = collect_cosignatures(*open->log, *links, options.quorum, http_transport());
  }
  if (!checkpoint) return fail(checkpoint.error());
  return put(options.out_file, to_text(checkpoint->note));
}

Result<void> stamp_checkpoint(const ToolOptions& options) {
  auto identity = kept_stamp_identity(options.identity_folder, now_s());
  if (!identity) return fail(identity.error());
  const auto open = open_log(options);
  if (!open) return fail(open.error());
  StampAuthority::Settings settings;
  settings.clock = now_s;
  auto authority = StampAuthority::make(identity->chain_pem, identity->key, std::move(settings));
  if (!authority) return fail(authority.error());
  const auto request = stamp_request(view_of(open->log->published().note.text), *open->random);
  if (!request) return fail(request.error());
  const auto response = authority->answer(*request);
  if (!response) return fail(response.error());
  if (auto matched = match_response(*response, *request); !matched) return matched;
  return put(options.out_file, text_of(*response));
}

Result<void> write_stamp_request(const ToolOptions& options) {
  const auto open = open_log(options);
  if (!open) return fail(open.error());
  const auto request = stamp_request(view_of(open->log->published().note.text), *open->random);
  if (!request) return fail(request.error());
  return put(options.out_file, text_of(*request));
}

Result<void> write_receipt(const ToolOptions& options) {
  const auto open = open_log(options);
  if (!open) return fail(open.error());
  const auto receipt = open->log->prove(options.index);
  if (!receipt) return fail(receipt.error());
  return put(options.out_file, to_text(*receipt));
}

Result<void> write_certificate(const ToolOptions& options) {
  const auto open = open_log(options);
  if (!open) return fail(open.error());
  const Log& log = *open->log;
  const auto places =
      find_operation(*open->medium, log.published().checkpoint, options.device, options.operation);
  if (!places) return fail(places.error());
  auto certificate = certify(log, options.device, options.operation, *places);
  if (!certificate) return fail(certificate.error());
  auto stamp = crypto::read_file(options.stamp_file, kMaxFileBytes);
  if (!stamp) return fail(stamp.error());
  certificate->stamp = *std::move(stamp);
  if (auto done = enclose(options, *certificate); !done) return done;
  return put(options.out_file, encode(*certificate));
}

Result<void> change_log_key(const ToolOptions& options) {
  const auto current = signer_in(options.key_file, options.origin);
  if (!current) return fail(current.error());
  const auto next = signer_in(options.next_key_file, options.origin);
  if (!next) return fail(next.error());
  const auto medium = RealMedium::for_writing(options.folder);
  if (!medium) return fail(medium.error());
  crypto::SystemRandom random;
  LogSettings settings;
  settings.origin = options.origin;
  const auto index = change_key(**medium, random, settings, *current, *next);
  if (!index) return fail(index.error());
  return put(options.out_file, next->verifier().to_text() + "\n");
}

}  // namespace gatehouse::evidence

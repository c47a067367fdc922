#include "ae-apps/ota/gateway/image_delivery.h"

#include <fstream>

#include "ae-apps/ota/coding/decoder.h"
#include "ae-apps/ota/gateway/primary.h"
#include "ae-apps/ota/program/state_files.h"
#include "cse/codec/json.h"

namespace gatehouse::gateway {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunkBytes = 64 * 1024;
constexpr std::size_t kFrontBytes =
    coding::kFixedBytes + coding::kMaxHeaderBytes + coding::kMaxClearBytes;

/// Up to `bytes` from `offset`.
Bytes read_part(const fs::path& file, std::uint64_t offset, std::size_t bytes) {
  std::ifstream in(file, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(offset));
  Bytes out(bytes);
  in.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(bytes));
  out.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, in.gcount())));
  return out;
}

coding::Attachment digest_of(const fs::path& file) {
  coding::Attachment out;
  crypto::Sha256 hash;
  std::ifstream in(file, std::ios::binary);
  Bytes chunk(kChunkBytes);
  while (in.read(reinterpret_cast<char*>(chunk.data()), kChunkBytes), in.gcount() > 0) {
    const auto got = static_cast<std::size_t>(in.gcount());
    hash.update(ByteView(chunk).first(got));
    out.length += got;
  }
  out.sha256 = to_hex(hash.finish());
  return out;
}

bool is_that(const fs::path& file, const coding::Attachment& wanted) {
  std::error_code error;
  if (fs::file_size(file, error) != wanted.length || error) return false;
  return digest_of(file).sha256 == wanted.sha256;
}

std::vector<coding::Form> forms_of(const Job& job) {
  const auto custom = parse_json(job.custom.empty() ? "{}" : job.custom);
  auto forms =
      custom ? coding::forms_of(*custom) : Result<std::vector<coding::Form>>(fail(custom.error()));
  return forms ? *std::move(forms) : std::vector<coding::Form>();
}

/// Errors: kNotAcceptable if the OEM wants nobody to have it in the clear.
Result<void> may_be_plain(const Job& job) {
  const auto custom = parse_json(job.custom.empty() ? "{}" : job.custom);
  if (custom && !coding::encrypted_only(*custom)) return {};
  return fail(Rsc::kNotAcceptable,
              "the image may come encrypted for the ECU only, and it is not (encrypted-only)");
}

}  // namespace

std::string artifacts_url(const std::string& images_url) {
  const std::size_t slash = images_url.rfind('/', images_url.size() - 2);
  return images_url.substr(0, slash + 1) + "artifacts/";
}

bool is_coded_file(const fs::path& file) {
  const Bytes front = read_part(file, 0, 4);
  return front.size() == 4 && coding::is_coded(front);
}

Result<image::Header> header_of_file(const fs::path& file) {
  const Bytes front = read_part(file, 0, kFrontBytes);
  ByteView plain = front;
  if (is_coded_file(file)) {
    const auto coded = coding::parse_coded_header(front);
    if (!coded || !*coded || front.size() < (*coded)->header_bytes + (*coded)->clear_bytes) {
      return fail(Rsc::kNotAcceptable, "the coded image has no header");
    }
    plain = plain.subspan((*coded)->header_bytes, (*coded)->clear_bytes);
  }
  const auto header = image::parse_header(plain);
  if (!header || !*header) return fail(Rsc::kNotAcceptable, "the image has no header");
  return **header;
}

fs::path ImageDelivery::kept_image() const {
  return fs::path(settings_.state_dir) / "kept" / (ecu_.serial + ".ghfw");
}

fs::path ImageDelivery::kept_digest() const {
  return fs::path(settings_.state_dir) / "kept" / (ecu_.serial + ".sha256");
}

coding::Means ImageDelivery::means() const {
  coding::Means out;
  const auto digest = ota::read_text(kept_digest(), 64);
  if (digest) out.base_sha256 = *digest;
  if (ecu_.image_key) {
    out.key_id = to_hex(ecu_.image_key->key_id());
    if (ecu_.slots == 1) out.base_sha256.clear();  // it is overwritten while the delta comes
  }
  return out;
}

std::optional<coding::Form> ImageDelivery::form_of(const Job& job) const {
  return coding::choose(forms_of(job), means(), job.image_bytes);
}

std::uint64_t ImageDelivery::bytes_needed(const Job& job) const {
  const auto form = form_of(job);
  return job.image_bytes + (form ? form->length : 0);
}

Result<sdk::Downloaded> ImageDelivery::bring(const Job& job, const fs::path& file,
                                             const Fetch& fetch,
                                             const sdk::DownloadSettings& how) const {
  const auto form = form_of(job);
  if (!form || form->key_ids.empty()) {
    if (auto fine = may_be_plain(job); !fine) return fail(fine.error());
  }
  if (!form) return fetch(job.url, file, how);
  log_.step('E', "form",
            {{"ecu", job.ecu},
             {"form", form->name()},
             {"bytes", std::to_string(form->length)},
             {"whole", std::to_string(job.image_bytes)}});
  auto got = bring_form(*form, job, file, fetch, how);
  const bool stopped = !got && got.error().rsc == Rsc::kRequestTimeout;
  if (got || stopped || !form->key_ids.empty()) return got;
  log_.step('E', "whole-instead", {{"ecu", job.ecu}, {"reason", got.error().detail}});
  return fetch(job.url, file, how);
}

Result<sdk::Downloaded> ImageDelivery::bring_form(const coding::Form& form, const Job& job,
                                                  const fs::path& file, const Fetch& fetch,
                                                  sdk::DownloadSettings how) const {
  const fs::path coded = fs::path(file) += ".coded";
  const auto drop = [&] {
    std::error_code ignored;
    fs::remove(coded, ignored);
  };
  how.max_bytes = std::min(settings_.max_image_bytes, form.length);
  sdk::Downloaded out{form.length, 0, 0, 0};
  if (!is_that(coded, form)) {
    drop();
    auto got = fetch(artifacts_url(settings_.images_url) + form.sha256, coded, how);
    if (!got) return got;
    out = *got;
  }
  if (!is_that(coded, form)) {
    drop();
    return fail(Rsc::kContentsUnacceptable,
                "the " + form.name() + " image is not the one announced");
  }
  std::error_code error;
  if (!form.key_ids.empty()) {
    fs::rename(coded, file, error);
    if (error) return fail(Rsc::kInternalServerError, "the gateway cannot write to its disk");
    return out;
  }
  const auto done = decode(form, coded, file);
  drop();
  if (!done) return fail(done.error());
  out.bytes = job.image_bytes;
  return out;
}

/// Complete, or not there.
Result<void> ImageDelivery::decode(const coding::Form& form, const fs::path& coded,
                                   const fs::path& file) const {
  const fs::path draft = fs::path(file) += ".plain";
  coding::DecoderSettings how;
  how.max_bytes = settings_.max_image_bytes;
  const fs::path base = kept_image();
  if (!form.base_sha256.empty()) {
    const coding::Attachment facts = digest_of(base);
    how.base = coding::Base{{facts.length, facts.sha256},
                            [base](std::uint64_t offset, std::size_t bytes) -> Result<Bytes> {
                              return read_part(base, offset, bytes);
                            }};
  }
  std::ofstream out(draft, std::ios::binary | std::ios::trunc);
  coding::Decoder decoder(std::move(how), [&out](ByteView plain) -> Result<void> {
    out.write(reinterpret_cast<const char*>(plain.data()),
              static_cast<std::streamsize>(plain.size()));
    if (out) return {};
    return fail(Rsc::kInternalServerError, "the gateway cannot write to its disk");
  });
  Result<void> done;
  for (std::uint64_t offset = 0; done;) {
    const Bytes chunk = read_part(coded, offset, kChunkBytes);
    if (chunk.empty()) break;
    offset += chunk.size();
    done = decoder.feed(chunk);
  }
  if (done) done = decoder.finish();
  out.close();
  std::error_code error;
  if (done && out) {
    fs::rename(draft, file, error);
    if (!error) return {};
  }
  fs::remove(draft, error);
  if (!done) return done;
  return fail(Rsc::kInternalServerError, "the gateway cannot write to its disk");
}

Result<CheckedImage> ImageDelivery::check(const Job& job, const fs::path& file,
                                          const image::Policy& policy) const {
  if (is_coded_file(file)) return check_sealed(job, file, policy);
  if (auto fine = may_be_plain(job); !fine) return fail(fine.error());
  uptane::TargetRecord ordered;
  ordered.length = job.image_bytes;
  ordered.hashes = {{"sha256", job.target_sha256}};
  if (const auto good = check_ordered(file.string(), ordered); !good) return fail(good.error());
  return check_image(file, policy);
}

Result<CheckedImage> ImageDelivery::check_sealed(const Job& job, const fs::path& file,
                                                 const image::Policy& policy) const {
  const auto wrong = [](const std::string& what) {
    return fail(Rsc::kNotAcceptable, "the encrypted image " + what);
  };
  const coding::Attachment there = digest_of(file);
  bool announced = false;
  for (const coding::Form& form : forms_of(job)) {
    announced |=
        !form.key_ids.empty() && form.sha256 == there.sha256 && form.length == there.length;
  }
  if (!announced) return wrong("is not the one announced (image-hash)");
  const Bytes front = read_part(file, 0, kFrontBytes);
  const auto header = coding::parse_coded_header(front);
  if (!header) return fail(header.error());
  if (!*header || (*header)->sha256 != job.target_sha256 || (*header)->length != job.image_bytes) {
    return wrong("is another image than the one ordered (image-hash)");
  }
  const ByteView behind = ByteView(front).subspan((*header)->header_bytes);
  if (behind.size() < (*header)->clear_bytes) return wrong("is cut off");
  image::Verifier verifier(policy);
  const image::Verdict verdict = verifier.feed(behind.first((*header)->clear_bytes));
  if (verdict != image::Verdict::kIncomplete || !verifier.header() ||
      verifier.header()->header_bytes != (*header)->clear_bytes) {
    return wrong("has no good manifest in the clear: " + std::string(image::explain(verdict)) +
                 " (" + std::string(image::name_of(verdict)) + ")");
  }
  return CheckedImage{*verifier.header(), verifier.header()->manifest.payload_sha256};
}

fs::path sbom_file(const GatewaySettings& settings, const std::string& serial) {
  return fs::path(settings.state_dir) / "sbom" / (serial + ".json");
}

fs::path ImageDelivery::new_sbom(const Job& job) const {
  return sbom_file(settings_, ecu_.serial + "." + job.target_sha256.substr(0, 16));
}

void ImageDelivery::bring_sbom(const Job& job, const Fetch& fetch,
                               sdk::DownloadSettings how) const {
  const auto custom = parse_json(job.custom.empty() ? "{}" : job.custom);
  const auto sbom = custom ? coding::sbom_of(*custom) : std::nullopt;
  const fs::path file = new_sbom(job);
  if (!sbom || is_that(file, *sbom)) return;
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  fs::remove(file, error);
  how.max_bytes = sbom->length;
  const auto got = fetch(artifacts_url(settings_.images_url) + sbom->sha256, file, how);
  if (got && is_that(file, *sbom)) {
    log_.step('E', "sbom", {{"ecu", job.ecu}, {"sha256", sbom->sha256}});
    return;
  }
  fs::remove(file, error);
  const std::string reason = got ? "it is not the one announced" : got.error().detail;
  log_.step('E', "no-sbom", {{"ecu", job.ecu}, {"reason", reason}});
}

void ImageDelivery::keep(const Job& job, const fs::path& file) const {
  std::error_code error;
  fs::create_directories(kept_image().parent_path(), error);
  fs::remove(kept_digest(), error);  // while it is changed, there is none
  const fs::path sbom = sbom_file(settings_, ecu_.serial);
  fs::remove(sbom, error);  // it was of the old image
  fs::rename(new_sbom(job), sbom, error);
  if (is_coded_file(file)) {
    fs::remove(file, error);
    fs::remove(kept_image(), error);
  } else {
    fs::rename(file, kept_image(), error);
    if (error) return;
  }
  (void)ota::replace_file(kept_digest(), job.target_sha256);
}

void ImageDelivery::forget() const {
  std::error_code ignored;
  fs::remove(kept_digest(), ignored);
}

}  // namespace gatehouse::gateway

#pragma once
#include <filesystem>
#include <functional>

#include "ae-apps/ota/coding/form.h"
#include "ae-apps/ota/gateway/image_check.h"
#include "ae-apps/ota/gateway/job.h"
#include "ae-apps/ota/gateway/settings.h"
#include "ae-apps/ota/program/step_log.h"
#include "ae-apps/sdk/download.h"

namespace gatehouse::gateway {

/// Fetches an image; sdk::download, but for tests.
using Fetch = std::function<Result<sdk::Downloaded>(
    const std::string& url, const std::filesystem::path& file, const sdk::DownloadSettings&)>;

/// Brings the ordered image of one ECU onto the gateway's disk, in the smallest form that can be
/// undone: whole, compressed, as a delta from the image that was installed last, or encrypted for
/// the ECU, which then decodes it itself. What a form is, the Image repository says; all comes with
/// length and SHA-256. Threading: one thread.
class ImageDelivery {
 public:
  ImageDelivery(const GatewaySettings& settings, const EcuEntry& ecu, ota::StepLog& log)
      : settings_(settings), ecu_(ecu), log_(log) {}

  /// The form that would be taken; nullopt: the whole image.
  std::optional<coding::Form> form_of(const Job& job) const;
  /// On the disk while it is fetched and undone.
  std::uint64_t bytes_needed(const Job& job) const;
  /// Into `file`. What was left of an earlier try is gone on with. If a form cannot be had or
  /// undone the whole image is fetched, which is told in the log; but never in place of an
  /// encrypted one. Errors: those of `fetch`; kContentsUnacceptable, kNotAcceptable (what came is
  /// not what was announced; one that nobody may have in the clear, and no form for this ECU).
  Result<sdk::Downloaded> bring(const Job& job, const std::filesystem::path& file,
                                const Fetch& fetch, const sdk::DownloadSettings& how) const;

  /// Whether `file` is what was ordered, and encrypted if it has to be. Of an encrypted image: that
  /// it is the announced file, and that the signed manifest at its front is good; the payload is
  /// the ECU's to check.
  Result<CheckedImage> check(const Job& job, const std::filesystem::path& file,
                             const image::Policy& policy) const;

  /// The bill of materials of the image, if it has one: kept once the ECU runs it. One that cannot
  /// be had or is not the announced one is told in the log; the update goes on without.
  void bring_sbom(const Job& job, const Fetch& fetch, sdk::DownloadSettings how) const;

  /// The ECU runs it: the next delta may start from it. Takes the file away.
  void keep(const Job& job, const std::filesystem::path& file) const;
  /// It does not run, so nobody knows what a delta may start from.
  void forget() const;

 private:
  coding::Means means() const;
  std::filesystem::path kept_image() const;
  std::filesystem::path kept_digest() const;
  std::filesystem::path new_sbom(const Job& job) const;
  Result<sdk::Downloaded> bring_form(const coding::Form& form, const Job& job,
                                     const std::filesystem::path& file, const Fetch& fetch,
                                     sdk::DownloadSettings how) const;
  Result<void> decode(const coding::Form& form, const std::filesystem::path& coded,
                      const std::filesystem::path& file) const;
  Result<CheckedImage> check_sealed(const Job& job, const std::filesystem::path& file,
                                    const image::Policy& policy) const;

  const GatewaySettings& settings_;
  const EcuEntry& ecu_;
  ota::StepLog& log_;
};

/// "https://host/images/" -> "https://host/artifacts/".
std::string artifacts_url(const std::string& images_url);

/// Where the bill of materials of what an ECU runs is kept.
std::filesystem::path sbom_file(const GatewaySettings& settings, const std::string& serial);

/// The signed header of an image on disk, also of an encrypted one. It is not verified. Errors:
/// kNotAcceptable.
Result<image::Header> header_of_file(const std::filesystem::path& file);

/// The file begins as a coded image does.
bool is_coded_file(const std::filesystem::path& file);

}  // namespace gatehouse::gateway

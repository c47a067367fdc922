#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cse/primitive/result.h"
#include "cse/primitive/value.h"

namespace gatehouse::gateway {

/// How far an update has come. After a loss of power it goes on at the state that was stored last.
enum class JobState : std::uint8_t {
  kOffered,      ///< the server's order was found in order
  kDownloading,  ///< there is room for it; bytes may be there already
  kVerified,     ///< the whole image is there and is genuine
  kConsented,    ///< the user agreed
  kFlashing,     ///< the ECU may hold any part of it
  kRebooted,     ///< the ECU was reset; what it runs is to be reported
  kFailed,       ///< given up; that is to be reported
  kReported,     ///< closed
};
std::string_view name_of(JobState state);  ///< "offered"

/// What a journal calls before (false) and after (true) each of its writes; what it throws ends the
/// process, as far as a test is concerned.
using WriteHook = std::function<void(bool done)>;

/// Where and why an update ended without success.
struct Failure {
  std::string stage;   ///< "download", "verify", "consent", "flash", "boot" or "release"
  std::string reason;  ///< a sentence for people
  friend bool operator==(const Failure&, const Failure&) = default;
};

/// One update of one ECU, from the offer to the report.
struct Job {
  std::string id;   ///< the nonce of the offer; so one offer makes one job
  std::string ecu;  ///< serial number
  JobState state = JobState::kOffered;
  std::string url, version, name;  ///< as offered
  std::string from_version;        ///< what the ECU ran before
  std::string notes;               ///< of the manifest
  std::string unavailable;         ///< of the manifest
  std::uint64_t duration_s = 0;    ///< of the manifest; 0: not said
  std::string payload_sha256;      ///< of the verified image, hexadecimal
  std::string target;              ///< its name in the Image repository
  std::string target_sha256;       ///< of the whole file, as both repositories say
  std::string custom;              ///< what the Image repository says of it, a JSON object
  std::string for_ecu;             ///< Director's metadata for the ECU, a JSON object by file name
  std::string release;             ///< updated together with others, or not at all; empty: alone
  std::string members;             ///< serial numbers of the release, a comma between
  std::string requirements;        ///< of the manifest, an item a line
  std::uint64_t image_bytes = 0;
  std::string ordered_at;             ///< m2m:timestamp; when the order was verified last
  std::string answer_by;              ///< m2m:timestamp; the user's answer
  std::string fit_by;                 ///< m2m:timestamp; the vehicle's state and the window
  std::string reach_by;               ///< m2m:timestamp; the OTA server, while it is out of reach
  std::string waits;                  ///< why it does not go on now; empty: it does
  std::string offered_at, closed_at;  ///< m2m:timestamp
  std::optional<Failure> failure;
  /// The order came while another one had the ECU: it is refused, and only that is to be told.
  bool set_aside = false;
  Value report;  ///< entry for the server, kept so that it is sent twice rather than made twice

  bool closed() const { return state == JobState::kReported; }
  bool succeeded() const { return closed() && !failure; }
};

std::string encode_job(const Job& job);
/// Errors: kBadRequest for anything that encode_job would not write.
Result<Job> decode_job(std::string_view text);

/// The jobs of a gateway as files of one folder, which it creates: job-<id>.json, each replaced as
/// a whole. Threading: any thread.
class JobJournal {
 public:
  static constexpr std::size_t kMaxClosed = 50;  ///< older ones are forgotten

  /// Errors: kInternalServerError. A file that cannot be read is set aside as *.damaged.
  static Result<std::unique_ptr<JobJournal>> open(const std::string& folder);

  void set_hook(WriteHook hook) { hook_ = std::move(hook); }
  Result<void> save(const Job& job);
  /// Oldest first.
  std::vector<Job> jobs() const;
  std::optional<Job> find(const std::string& id) const;
  /// The one that is not closed; not one that was set aside.
  std::optional<Job> open_job_of(const std::string& ecu) const;

 private:
  explicit JobJournal(std::string folder) : folder_(std::move(folder)) {}
  void forget_oldest();
  const std::string folder_;
  WriteHook hook_;
  mutable std::mutex mutex_;
  std::vector<Job> jobs_;
};

}  // namespace gatehouse::gateway

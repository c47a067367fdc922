#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/ota/image/manifest.h"
#include "cse/primitive/result.h"
#include "cse/primitive/timestamp.h"
#include "cse/primitive/value.h"

namespace gatehouse::ota_server {

/// What the server knows of an image in its store. `sha256` (of the whole file) names it.
struct ImageFacts {
  std::string sha256, payload_sha256;  ///< hexadecimal
  std::string name, version, hardware_id;
  std::uint64_t release_counter = 0;
  std::uint64_t bytes = 0;  ///< of the file
  std::string target = {};  ///< its name in the Image repository; empty: not described there
  /// With whom it is installed together or not at all; absent: alone.
  std::optional<image::ReleaseRequirement> release = std::nullopt;
  bool held = false;                           ///< of a campaign, which alone hands it out
  std::vector<std::string> requirements = {};  ///< of its manifest; see image/requirements.h
};

/// A question to a vehicle, with its nonce: each of its ECUs may answer once, until it expires.
struct Inquiry {
  std::string id, vehicle;
  std::string nonce;                  ///< hexadecimal
  std::vector<std::string> ecus;      ///< who may answer
  bool whole_vehicle = false;         ///< all ECUs were asked
  std::vector<std::string> answered;  ///< who has
  Timestamp made, expires;
  bool sent = false;     ///< the vehicle's CSE has taken it
  unsigned renewed = 0;  ///< how often it was asked again because an answer came too late
};

/// An update on its way to an ECU.
struct Offer {
  std::string nonce;  ///< hexadecimal; the completion report answers it
  std::string image, payload_sha256, version, name;
  std::string from;     ///< version that was verified last
  std::string release;  ///< name of what is updated together; empty: alone
  bool forced = false;
  Timestamp made;
  Timestamp waits_until{};  ///< the vehicle said that it waits; before `made`: it did not
  bool sent = false;        ///< the vehicle's CSE has taken it
  bool sending = false;     ///< somebody tries, so it may have arrived; not kept over a restart
  bool overdue = false;     ///< counted as failed; a late completion report is still believed
};

/// All that the server keeps about one ECU. Only what a verified report said changes what it runs.
struct EcuRecord {
  std::string serial, vehicle;
  std::string version = "unknown";  ///< as verified last
  std::string name, payload_sha256, slot, status, attack;
  std::string settled_sha256;  ///< payload that ran last and was not on trial; empty: not known
  std::map<std::string, std::uint64_t> disturbed;  ///< as it was told last (report_message.h)
  Timestamp outcome_at;                            ///< when the end of an update was proven last
  bool updated_offline = false;  ///< the vehicle told of an update of its own, not yet proven
  std::uint64_t release_counter = 0;
  std::uint64_t highest_release_counter = 0;  ///< of all that it was seen to run
  std::string last_report;                    ///< m2m:timestamp; empty: never
  std::string signed_by;               ///< that report: "ecu", "gateway"; empty: none is there
  std::uint64_t failures = 0;          ///< of updates
  std::uint64_t rejected_reports = 0;  ///< that could not be verified
  std::string last_error;
  std::map<std::string, std::string> failed_images;  ///< and why
  std::optional<Offer> offer;
  std::vector<std::string> used_nonces;  ///< of offers that were closed, the newest last
  std::uint64_t next_history = 1;
  std::vector<std::pair<std::uint64_t, Value>> unsent_history;  ///< oldest first
};

Value encode(const EcuRecord& record);
/// Errors: kBadRequest for what encode() would not write.
Result<EcuRecord> decode_record(const Value& value);
Value encode(const Inquiry& inquiry);
Result<Inquiry> decode_inquiry(const Value& value);

/// What to offer to an ECU after a verified report: the image for its hardware with the greatest
/// release counter, if that is greater than any that it ran, and if the image has not failed there.
struct Decision {
  const ImageFacts* image = nullptr;  ///< nullptr: nothing, because …
  std::string reason;
};
Decision decide(const EcuRecord& record, const std::string& hardware_id,
                const std::vector<ImageFacts>& images);

/// Why this image must not go to that ECU; empty: it may.
std::string objection(const EcuRecord& record, const std::string& hardware_id,
                      const ImageFacts& image);

}  // namespace gatehouse::ota_server

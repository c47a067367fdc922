#include "ae-apps/ota/gateway/offer.h"

#include <algorithm>

#include "ae-apps/ota/crypto/random.h"
#include "ae-apps/ota/gateway/bundle.h"
#include "ae-apps/ota/image/manifest.h"
#include "ae-apps/ota/program/step_log.h"

namespace gatehouse::gateway {
namespace {

constexpr std::string_view kNonceLabel = "nonce:";

/// The name of an image behind the prefix: it becomes a file name.
bool is_image_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

/// Empty if the order is right.
std::string fault_of(const GatewaySettings& settings, const JobJournal& journal, const Job& job,
                     const std::string& nonce) {
  if (nonce.empty()) return "the order has no label nonce:<16 to 32 bytes in hexadecimal>";
  if (journal.find(nonce)) return "the nonce of the order was used before";
  if (!job.url.starts_with(settings.images_url) ||
      !is_image_name(std::string_view(job.url).substr(settings.images_url.size()))) {
    return "the image is not at the known server: " + job.url.substr(0, 256);
  }
  if (!image::is_semantic_version(job.version)) {
    return "vr is no version: " + job.version.substr(0, 64);
  }
  return {};
}

bool is_faulty(const Job& job) { return job.failure && job.failure->stage == "offer"; }

/// The order that stands in the [firmware] is not `job`'s, and nobody has dealt with it.
bool is_another(const JobJournal& journal, const Job& job, const Value& firmware) {
  const std::string nonce = nonce_label(firmware);
  if (nonce == job.id) return false;
  const auto known = journal.find(nonce);
  if (known && known->set_aside) return false;
  // A faulty order may have come without a nonce, or with one that was used before.
  return !is_faulty(job) || (!nonce.empty() && !known);
}

/// Somebody's order is closed there, and we have never heard of it. What stood there before our
/// order was closed belongs to ours, unless ours has no nonce to tell by.
bool has_missed_one(const JobJournal& journal, const Job& job, const Value& before,
                    const Value& after) {
  const std::string nonce = nonce_label(after);
  if (after.bool_at("ud") || nonce.empty() || nonce == job.id || journal.find(nonce)) return false;
  const bool can_tell = !bundle_of(job.url) && !is_faulty(job);
  return can_tell || nonce != nonce_label(before);
}

}  // namespace

std::string nonce_label(const Value& firmware) {
  for (const std::string& label : firmware.strings_at("lbl")) {
    if (!label.starts_with(kNonceLabel)) continue;
    const Result<Bytes> nonce = from_hex(std::string_view(label).substr(kNonceLabel.size()));
    if (nonce && nonce->size() >= 16 && nonce->size() <= 32) return to_hex(*nonce);
  }
  return {};
}

std::optional<Job> job_of_offer(const GatewaySettings& settings, const JobJournal& journal,
                                const std::string& serial, const Value& firmware) {
  const std::string nonce = nonce_label(firmware);
  if (const auto open = journal.open_job_of(serial); open && open->id == nonce) return std::nullopt;
  Job job;
  job.id = nonce;
  job.ecu = serial;
  job.url = firmware.string_at("url");
  job.version = firmware.string_at("vr").substr(0, 64);
  job.name = firmware.string_at("fwn").substr(0, 64);
  job.offered_at = ota::timestamp_now();
  std::string fault = fault_of(settings, journal, job, nonce);
  if (fault.empty()) return job;
  // The offer's own nonce names the refusal wherever it can, so that the server closes that offer
  // at once.
  if (nonce.empty() || journal.find(nonce)) job.id = to_hex(crypto::SystemRandom().bytes(16));
  job.url = job.url.substr(0, 512);
  job.failure = Failure{"offer", std::move(fault)};
  job.state = JobState::kFailed;
  return job;
}

Job set_aside(Job order, std::string reason) {
  order.failure = Failure{"offer", std::move(reason)};
  order.state = JobState::kFailed;
  order.set_aside = true;
  return order;
}

Value refusal_of(const GatewaySettings& settings, const Job& job) {
  return Value::object({{"inquiry", job.id},
                        {"vehicle", settings.vehicle},
                        {"purpose", "refusal"},
                        {"reports", Value::array()},
                        {"error", Value::object({{"ecu", job.ecu},
                                                 {"stage", job.failure->stage},
                                                 {"reason", job.failure->reason},
                                                 {"version", job.version}})}});
}

Value delay_of(const GatewaySettings& settings, const Job& job, const std::string& stage,
               const std::string& reason, const std::string& until) {
  return Value::object(
      {{"inquiry", job.id},
       {"vehicle", settings.vehicle},
       {"purpose", "delayed"},
       {"reports", Value::array()},
       {"error",
        Value::object(
            {{"ecu", job.ecu}, {"stage", stage}, {"reason", reason}, {"version", job.version}})},
       {"until", until}});
}

Result<void> end_order(CseSide& cse, JobJournal& journal, const Job& job, sdk::UpdateStatus status,
                       const EcuFacts* facts) {
  const Result<Value> before = cse.firmware(job.ecu);
  if (!before) return fail(before.error());
  if (before->bool_at("ud") && is_another(journal, job, *before)) {
    return facts != nullptr ? cse.set_facts(job.ecu, *facts) : Result<void>();
  }
  if (auto closed = cse.close_order(job.ecu, status, facts); !closed) return closed;
  const Result<Value> after = cse.firmware(job.ecu);
  if (!after) return fail(after.error());
  if (!has_missed_one(journal, job, *before, *after)) return {};
  Job missed;
  missed.id = nonce_label(*after);
  missed.ecu = job.ecu;
  missed.url = after->string_at("url").substr(0, 512);
  missed.offered_at = ota::timestamp_now();
  return journal.save(set_aside(
      std::move(missed), "it came at the moment when the order before it was ended; order again"));
}

}  // namespace gatehouse::gateway

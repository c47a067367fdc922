#include "ae-apps/ota/server/record.h"

namespace gatehouse::ota_server {
namespace {

Value list_of(const std::vector<std::string>& texts) {
  return Value::Array(texts.begin(), texts.end());
}

struct RecordText {
  const char* name;
  std::string EcuRecord::*member;
};
constexpr RecordText kRecordTexts[] = {
    {"serial", &EcuRecord::serial},           {"vehicle", &EcuRecord::vehicle},
    {"version", &EcuRecord::version},         {"name", &EcuRecord::name},
    {"sha256", &EcuRecord::payload_sha256},   {"slot", &EcuRecord::slot},
    {"status", &EcuRecord::status},           {"attack", &EcuRecord::attack},
    {"last_report", &EcuRecord::last_report}, {"last_error", &EcuRecord::last_error}};

struct RecordNumber {
  const char* name;
  std::uint64_t EcuRecord::*member;
};
constexpr RecordNumber kRecordNumbers[] = {
    {"release_counter", &EcuRecord::release_counter},
    {"highest_release_counter", &EcuRecord::highest_release_counter},
    {"failures", &EcuRecord::failures},
    {"rejected_reports", &EcuRecord::rejected_reports},
    {"next_history", &EcuRecord::next_history}};

struct OfferText {
  const char* name;
  std::string Offer::*member;
};
constexpr OfferText kOfferTexts[] = {{"nonce", &Offer::nonce},
                                     {"image", &Offer::image},
                                     {"payload_sha256", &Offer::payload_sha256},
                                     {"version", &Offer::version},
                                     {"name", &Offer::name},
                                     {"from", &Offer::from}};

tl::unexpected<Error> wrong(const char* name) {
  return fail(Rsc::kBadRequest, std::string(name) + ": is absent or of a wrong type");
}

Result<std::string> text_at(const Value& object, const char* name) {
  const Value* value = object.find(name);
  if (value == nullptr || !value->is_string()) return wrong(name);
  return *value->as_string();
}

Result<std::uint64_t> number_at(const Value& object, const char* name) {
  const Value* value = object.find(name);
  const auto number = value == nullptr ? std::nullopt : value->as_integer();
  if (!number || *number < 0) return wrong(name);
  return static_cast<std::uint64_t>(*number);
}

Value encode(const Offer& offer) {
  Value out = Value::object({{"forced", offer.forced},
                             {"made", offer.made.microseconds},
                             {"sent", offer.sent},
                             {"overdue", offer.overdue}});
  for (const OfferText& field : kOfferTexts) out.set(field.name, offer.*field.member);
  if (!offer.release.empty()) out.set("release", offer.release);
  if (offer.waits_until > offer.made) out.set("waits_until", offer.waits_until.microseconds);
  return out;
}

Result<Offer> decode_offer(const Value& value) {
  Offer out;
  for (const OfferText& field : kOfferTexts) {
    Result<std::string> text = text_at(value, field.name);
    if (!text) return fail(text.error());
    out.*field.member = *std::move(text);
  }
  const auto made = number_at(value, "made");
  if (!made) return fail(made.error());
  out.made.microseconds = static_cast<std::int64_t>(*made);
  out.waits_until.microseconds = value.integer_at("waits_until");  // not in older records
  out.forced = value.bool_at("forced");
  out.sent = value.bool_at("sent");
  out.overdue = value.bool_at("overdue");
  out.release = value.string_at("release");
  return out;
}

Result<void> decode_lists(const Value& value, EcuRecord& out) {
  if (const Value* failed = value.find("failed_images"); failed && failed->as_object()) {
    for (const Member& member : *failed->as_object()) {
      const std::string* why = member.value.as_string();
      out.failed_images[member.name] = why == nullptr ? "" : *why;
    }
  }
  out.used_nonces = value.strings_at("used_nonces");
  if (const Value* unsent = value.find("unsent_history"); unsent && unsent->as_array()) {
    for (const Value& item : *unsent->as_array()) {
      const auto number = number_at(item, "number");
      const Value* entry = item.find("entry");
      if (!number || entry == nullptr) return wrong("unsent_history");
      out.unsent_history.emplace_back(*number, *entry);
    }
  }
  return {};
}

}  // namespace

Value encode(const EcuRecord& record) {
  Value out = Value::object();
  for (const RecordText& field : kRecordTexts) out.set(field.name, record.*field.member);
  for (const RecordNumber& field : kRecordNumbers) out.set(field.name, record.*field.member);
  Value failed = Value::object();
  for (const auto& [image, why] : record.failed_images) failed.set(image, why);
  out.set("failed_images", std::move(failed)).set("used_nonces", list_of(record.used_nonces));
  Value unsent = Value::array();
  for (const auto& [number, entry] : record.unsent_history) {
    unsent.push_back(Value::object({{"number", number}, {"entry", entry}}));
  }
  out.set("unsent_history", std::move(unsent));
  if (!record.settled_sha256.empty()) out.set("settled_sha256", record.settled_sha256);
  if (!record.disturbed.empty()) {
    Value counts = Value::object();
    for (const auto& [name, count] : record.disturbed) counts.set(name, count);
    out.set("disturbed", std::move(counts));
  }
  if (record.outcome_at.microseconds > 0) out.set("outcome_at", record.outcome_at.microseconds);
  if (record.updated_offline) out.set("updated_offline", true);
  if (!record.signed_by.empty()) out.set("signed_by", record.signed_by);
  if (record.offer) out.set("offer", encode(*record.offer));
  return out;
}

Result<EcuRecord> decode_record(const Value& value) {
  EcuRecord out;
  for (const RecordText& field : kRecordTexts) {
    Result<std::string> text = text_at(value, field.name);
    if (!text) return fail(text.error());
    out.*field.member = *std::move(text);
  }
  for (const RecordNumber& field : kRecordNumbers) {
    const Result<std::uint64_t> number = number_at(value, field.name);
    if (!number) return fail(number.error());
    out.*field.member = *number;
  }
  out.settled_sha256 = value.string_at("settled_sha256");  // not in older records
  out.updated_offline = value.bool_at("updated_offline");
  out.outcome_at.microseconds = value.integer_at("outcome_at");
  if (const Value* counts = value.find("disturbed"); counts != nullptr && counts->as_object()) {
    for (const Member& each : *counts->as_object()) {
      out.disturbed[each.name] = static_cast<std::uint64_t>(each.value.as_integer().value_or(0));
    }
  }
  out.signed_by = value.string_at("signed_by");  // not in older records
  if (const auto lists = decode_lists(value, out); !lists) return fail(lists.error());
  if (const Value* offer = value.find("offer")) {
    Result<Offer> decoded = decode_offer(*offer);
    if (!decoded) return fail(decoded.error().rsc, "offer: " + decoded.error().detail);
    out.offer = *std::move(decoded);
  }
  return out;
}

Value encode(const Inquiry& inquiry) {
  return Value::object({{"id", inquiry.id},
                        {"vehicle", inquiry.vehicle},
                        {"nonce", inquiry.nonce},
                        {"ecus", list_of(inquiry.ecus)},
                        {"whole_vehicle", inquiry.whole_vehicle},
                        {"answered", list_of(inquiry.answered)},
                        {"made", inquiry.made.microseconds},
                        {"expires", inquiry.expires.microseconds},
                        {"sent", inquiry.sent},
                        {"renewed", inquiry.renewed}});
}

Result<Inquiry> decode_inquiry(const Value& value) {
  Inquiry out;
  for (const auto& [name, target] : {std::pair<const char*, std::string*>{"id", &out.id},
                                     {"vehicle", &out.vehicle},
                                     {"nonce", &out.nonce}}) {
    Result<std::string> text = text_at(value, name);
    if (!text) return fail(text.error());
    *target = *std::move(text);
  }
  for (const auto& [name, target] :
       {std::pair<const char*, Timestamp*>{"made", &out.made}, {"expires", &out.expires}}) {
    const Result<std::uint64_t> number = number_at(value, name);
    if (!number) return fail(number.error());
    target->microseconds = static_cast<std::int64_t>(*number);
  }
  out.ecus = value.strings_at("ecus");
  out.answered = value.strings_at("answered");
  out.whole_vehicle = value.bool_at("whole_vehicle");
  out.sent = value.bool_at("sent");
  out.renewed = static_cast<unsigned>(value.integer_at("renewed"));
  return out;
}

std::string objection(const EcuRecord& record, const std::string& hardware_id,
                      const ImageFacts& image) {
  if (image.target.empty()) return "the Image repository does not describe it";
  if (image.hardware_id != hardware_id) {
    return "the image is for hardware " + image.hardware_id + ", not " + hardware_id;
  }
  if (record.last_report.empty()) return "no verified report says what the ECU runs";
  if (image.release_counter <= record.release_counter ||
      image.release_counter < record.highest_release_counter) {
    return "the image's release counter " + std::to_string(image.release_counter) +
           " is not greater than " +
           std::to_string(std::max(record.release_counter, record.highest_release_counter)) +
           ", which ran already";
  }
  if (const auto failed = record.failed_images.find(image.sha256);
      failed != record.failed_images.end()) {
    return "the image failed on this ECU: " + failed->second;
  }
  return {};
}

Decision decide(const EcuRecord& record, const std::string& hardware_id,
                const std::vector<ImageFacts>& images) {
  Decision out{nullptr, "no newer image"};
  std::uint64_t newest_refused = 0;
  for (const ImageFacts& image : images) {
    if (image.hardware_id != hardware_id || image.held) continue;
    const std::string why_not = objection(record, hardware_id, image);
    if (why_not.empty()) {
      if (out.image == nullptr || image.release_counter > out.image->release_counter) {
        out.image = &image;
      }
    } else if (record.failed_images.contains(image.sha256) &&
               image.release_counter > std::max(newest_refused, record.release_counter)) {
      newest_refused = image.release_counter;
      out.reason = why_not;
    }
  }
  if (out.image != nullptr) out.reason = "newer image";
  return out;
}

}  // namespace gatehouse::ota_server

#include "ae-apps/ota/server/report_message.h"

#include <algorithm>

#include "cse/codec/json.h"

namespace gatehouse::ota_server {
namespace {

constexpr std::size_t kMaxText = 500;
constexpr std::size_t kMaxWord = 128;  // identifiers, serial numbers, hexadecimal digests

constexpr const char* kDisturbances[] = {"unsolicited", "refused_frames", "failed_unlocks", kBoots};

constexpr std::pair<std::string_view, Purpose> kPurposes[] = {{"inventory", Purpose::kInventory},
                                                              {"completion", Purpose::kCompletion},
                                                              {"refusal", Purpose::kRefusal},
                                                              {"delayed", Purpose::kDelayed},
                                                              {"check", Purpose::kCheck}};

tl::unexpected<Error> wrong(std::string text) { return fail(Rsc::kBadRequest, std::move(text)); }

/// A short text that must be there.
Result<std::string> word_at(const Value& object, std::string_view name) {
  const Value* value = object.find(name);
  const std::string* text = value == nullptr ? nullptr : value->as_string();
  if (text == nullptr) return wrong(std::string(name) + ": is not a text");
  if (text->empty() || text->size() > kMaxWord) {
    return wrong(std::string(name) + ": must have 1 to 128 characters");
  }
  return *text;
}

/// What somebody else says, made fit for logs.
std::string shown(std::string text) {
  text.resize(std::min(text.size(), kMaxText));
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 32 || c == 127; }, ' ');
  return text;
}

Result<ReportEntry> parse_entry(const Value& object) {
  if (!object.is_object()) return wrong("reports: an item is no object");
  ReportEntry out;
  auto ecu = word_at(object, "ecu");
  if (!ecu) return fail(ecu.error());
  auto level = word_at(object, "level");
  if (!level) return fail(level.error());
  auto key_id = word_at(object, "key_id");
  if (!key_id) return fail(key_id.error());
  auto signature = word_at(object, "signature");
  if (!signature) return fail(signature.error());
  const Value* report = object.find("report");
  if (report == nullptr || !report->is_string()) return wrong("report: is not a text");
  if (report->as_string()->size() > image::kMaxReportBytes) {
    return wrong("report: is larger than 4096 bytes");
  }
  for (const char* name : kDisturbances) {
    const Value* told = object.find("disturbed");
    const Value* count = told == nullptr ? nullptr : told->find(name);
    const auto number = count == nullptr ? std::nullopt : count->as_integer();
    if (number && *number >= 0) out.disturbed[name] = static_cast<std::uint64_t>(*number);
  }
  Result<Bytes> bytes = from_base64(*signature);
  if (!bytes) return wrong("signature: " + bytes.error().detail);
  out.ecu = *std::move(ecu);
  out.level = *std::move(level);
  out.report = {shown(object.string_at("alg")), *std::move(key_id), *report->as_string(),
                *std::move(bytes)};
  return out;
}

Result<std::vector<ReportEntry>> parse_entries(const Value& message) {
  std::vector<ReportEntry> out;
  const Value* list = message.find("reports");
  if (list == nullptr) return out;
  if (!list->is_array()) return wrong("reports: is no list");
  if (list->size() > kMaxReports) return wrong("reports: holds more than 64 items");
  for (const Value& item : *list->as_array()) {
    Result<ReportEntry> entry = parse_entry(item);
    if (!entry) return fail(entry.error());
    out.push_back(*std::move(entry));
  }
  return out;
}

}  // namespace

Result<Value> message_object(const Value& content) {
  if (content.is_object()) {
    if (to_json(content).size() > kMaxMessageBytes) return wrong("is larger than 64 KiB");
    return content;
  }
  const std::string* text = content.as_string();
  if (text == nullptr) return wrong("is neither an object nor the JSON of one");
  Result<Value> tree = parse_json(*text, {.max_bytes = kMaxMessageBytes, .max_depth = 8});
  if (!tree) return wrong("is no JSON: " + tree.error().detail);
  if (!tree->is_object()) return wrong("is no object");
  return tree;
}

Result<ReportMessage> parse_report_message(const Value& content) {
  const Result<Value> object = message_object(content);
  if (!object) return fail(object.error());
  ReportMessage out;
  auto vehicle = word_at(*object, "vehicle");
  if (!vehicle) return fail(vehicle.error());
  out.vehicle = *std::move(vehicle);
  const auto purpose =
      std::find_if(std::begin(kPurposes), std::end(kPurposes),
                   [&](const auto& row) { return row.first == object->string_at("purpose"); });
  if (purpose == std::end(kPurposes)) return wrong("purpose: is none that we know");
  out.purpose = purpose->second;
  if (out.purpose == Purpose::kCheck) return out;
  auto inquiry = word_at(*object, "inquiry");
  if (!inquiry) return fail(inquiry.error());
  out.inquiry = *std::move(inquiry);
  out.offline = object->bool_at("offline");
  auto entries = parse_entries(*object);
  if (!entries) return fail(entries.error());
  out.entries = *std::move(entries);
  if (const Value* error = object->find("error"); error != nullptr && error->is_object()) {
    out.trouble = Trouble{shown(error->string_at("ecu")), shown(error->string_at("stage")),
                          shown(error->string_at("reason")), shown(error->string_at("version"))};
  }
  if (out.purpose == Purpose::kDelayed && object->contains("until")) {
    const auto until = parse_timestamp(object->string_at("until"));
    if (!until) return wrong("until: is no m2m:timestamp");
    out.until = *until;
  }
  return out;
}

Result<Command> parse_command(const Value& content) {
  const Result<Value> object = message_object(content);
  if (!object) return fail(object.error());
  Command out;
  if (object->contains("ask")) {
    auto vehicle = word_at(*object, "ask");
    if (!vehicle) return fail(vehicle.error());
    out.vehicle = *std::move(vehicle);
    out.ecus = object->strings_at("ecus");
    return out;
  }
  if (!object->contains("offer")) return wrong("is neither ask nor offer");
  out.kind = Command::Kind::kOffer;
  for (const auto& [name, target] : {std::pair<const char*, std::string*>{"offer", &out.image},
                                     {"ecu", &out.ecu},
                                     {"vehicle", &out.vehicle}}) {
    auto text = word_at(*object, name);
    if (!text) return fail(text.error());
    *target = *std::move(text);
  }
  out.force = object->bool_at("force");
  return out;
}

}  // namespace gatehouse::ota_server

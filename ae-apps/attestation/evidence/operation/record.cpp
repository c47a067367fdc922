#include "ae-apps/attestation/evidence/operation/record.h"

#include <algorithm>

#include "cse/codec/json.h"

namespace gatehouse::evidence {
namespace {

constexpr std::string_view kSignedHeader = "gatehouse-operation-record-1\n";
constexpr std::string_view kStart = "{\"device\":";
constexpr std::size_t kMaxRecordBytes = 65535;
constexpr std::size_t kMaxNameBytes = 128;
constexpr std::size_t kHexDigest = 64;

tl::unexpected<Error> wrong(const std::string& what) {
  return fail(Rsc::kBadRequest, "not a record: " + what);
}

Value to_value(const std::map<std::string, std::string>& texts) {
  Value object = Value::object();
  for (const auto& [name, text] : texts) object.set(name, text);
  return object;
}

std::string encode_with(const Record& record, const std::string* signature) {
  Value value = Value::object({{"device", record.device},
                               {"facts", to_value(record.facts)},
                               {"files", to_value(record.files)},
                               {"key", record.key},
                               {"kind", row_of(record.kind).name},
                               {"operation", record.operation},
                               {"position", record.position},
                               {"previous", record.previous}});
  if (signature != nullptr) value.set("signature", *signature);
  value.set("time", to_text(record.time));
  value.set("v", 1);
  return to_json(value);
}

bool is_digest(std::string_view text) {
  return text.size() == kHexDigest &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<std::map<std::string, std::string>> texts_of(const Value* object) {
  if (object == nullptr || object->as_object() == nullptr) return wrong("facts and files");
  std::map<std::string, std::string> out;
  for (const Member& member : *object->as_object()) {
    const std::string* text = member.value.as_string();
    if (text == nullptr || member.name.empty() || member.name.size() > kMaxNameBytes) {
      return wrong("facts and files are texts with short names");
    }
    out[member.name] = *text;
  }
  return out;
}

Result<void> check_content(const Record& record) {
  if (record.device.empty() || record.device.size() > kMaxNameBytes) return wrong("device");
  if (record.operation == 0 || record.position == 0) return wrong("numbers count from 1");
  if (!is_digest(record.previous) && !record.previous.empty()) return wrong("previous");
  if (!is_digest(record.key)) return wrong("key");
  for (const auto& [name, digest] : record.files) {
    if (!is_digest(digest)) return wrong("file " + name + " has no SHA-256");
  }
  std::string_view facts = row_of(record.kind).facts;
  while (!facts.empty()) {
    const std::size_t end = facts.find(' ');
    const std::string name(facts.substr(0, end));
    if (!record.facts.contains(name)) return wrong("the fact " + name + " is missing");
    facts.remove_prefix(end == std::string_view::npos ? facts.size() : end + 1);
  }
  return {};
}

std::string message_of(const Record& record) {
  return std::string(kSignedHeader) + encode_with(record, nullptr);
}

}  // namespace

std::string encode(const Record& record) {
  const std::string signature = to_base64(record.signature);
  return encode_with(record, &signature);
}

bool looks_like_record(ByteView entry) { return text_of(entry).starts_with(kStart); }

Result<Record> decode_record(std::string_view entry) {
  const DecodeLimits limits{kMaxRecordBytes, 3, 2000};
  const auto value = parse_json(entry, limits);
  if (!value) return wrong(value.error().detail);
  Record record;
  record.device = value->string_at("device");
  const KindRow* row = row_named(value->string_at("kind"));
  const auto time = parse_timestamp(value->string_at("time"));
  if (row == nullptr) return wrong("its kind is not known");
  if (!time) return wrong("its time");
  record.kind = row->kind;
  record.time = *time;
  record.operation =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, value->integer_at("operation")));
  record.position =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, value->integer_at("position")));
  record.previous = value->string_at("previous");
  record.key = value->string_at("key");
  auto facts = texts_of(value->find("facts"));
  auto files = texts_of(value->find("files"));
  auto signature = from_base64(value->string_at("signature"));
  if (!facts || !files) return fail(facts ? files.error() : facts.error());
  if (!signature) return wrong("its signature");
  record.facts = *std::move(facts);
  record.files = *std::move(files);
  record.signature = *std::move(signature);
  if (auto good = check_content(record); !good) return fail(good.error());
  if (encode(record) != entry) return wrong("it is not in its canonical form");
  return record;
}

Result<void> sign(Record& record, const crypto::SigningKey& key) {
  return sign(record, key.public_key(), [&key](ByteView message) { return key.sign(message); });
}

Result<void> sign(Record& record, const crypto::PublicKey& key, const Signer& signer) {
  record.key = to_hex(key.key_id());
  auto signature = signer(view_of(message_of(record)));
  if (!signature) return fail(signature.error());
  record.signature = *std::move(signature);
  return {};
}

bool signed_by(const Record& record, const crypto::PublicKey& key) {
  const std::string message = message_of(record);
  return record.key == to_hex(key.key_id()) && key.verify(view_of(message), record.signature);
}

}  // namespace gatehouse::evidence

#include "ae-apps/attestation/evidence/operation/certificate.h"

#include <algorithm>

#include "ae-apps/attestation/evidence/log/key_change.h"
#include "cse/codec/json.h"

namespace gatehouse::evidence {
namespace {

constexpr const char* kFormat = "gatehouse-operation-certificate-1";
constexpr std::size_t kMaxRecords = 4096;
constexpr std::size_t kMaxStampBytes = 64 * 1024;

tl::unexpected<Error> wrong(const std::string& what) {
  return fail(Rsc::kBadRequest, "not a certificate: " + what);
}

Value to_value(const Proof& proof) {
  Value list = Value::array();
  for (const Hash& hash : proof) list.push_back(to_base64(hash));
  return list;
}

Value to_value(const LoggedEntry& one) {
  return Value::object(
      {{"index", one.index}, {"proof", to_value(one.proof)}, {"entry", one.entry}});
}

Value to_value(const std::vector<LoggedEntry>& entries) {
  Value list = Value::array();
  for (const LoggedEntry& one : entries) list.push_back(to_value(one));
  return list;
}

Result<Proof> read_proof(const Value* list) {
  if (list == nullptr || list->as_array() == nullptr) return wrong("a proof is missing");
  Proof proof;
  for (const Value& item : *list->as_array()) {
    const std::string* text = item.as_string();
    const auto hash = text ? parse_hash(*text) : Result<Hash>(wrong("a proof holds texts"));
    if (!hash) return wrong(hash.error().detail);
    if (proof.size() == kMaxProofHashes) return wrong("a proof has at most 63 hashes");
    proof.push_back(*hash);
  }
  return proof;
}

Result<LoggedEntry> read_entry(const Value& value) {
  auto proof = read_proof(value.find("proof"));
  if (!proof) return fail(proof.error());
  const Value* index = value.find("index");
  const Value* entry = value.find("entry");
  if (index == nullptr || index->as_integer().value_or(-1) < 0 || entry == nullptr ||
      entry->as_string() == nullptr) {
    return wrong("an entry has an index and a text");
  }
  return LoggedEntry{*entry->as_string(), static_cast<std::uint64_t>(*index->as_integer()),
                     *std::move(proof)};
}

Result<std::vector<LoggedEntry>> read_entries(const Value& value, std::string_view name) {
  const Value* list = value.find(name);
  if (list == nullptr || list->as_array() == nullptr || list->size() > kMaxRecords) {
    return wrong(std::string(name) + " must be a list of up to 4096 entries");
  }
  std::vector<LoggedEntry> entries;
  for (const Value& item : *list->as_array()) {
    auto one = read_entry(item);
    if (!one) return fail(one.error());
    entries.push_back(*std::move(one));
  }
  return entries;
}

Result<EarlierCheckpoint> read_earlier(const Value& value) {
  auto checkpoint = parse_signed_checkpoint(value.string_at("checkpoint"));
  auto stamp = from_base64(value.string_at("stamp"));
  auto growth = read_proof(value.find("growth"));
  if (!checkpoint) return wrong(checkpoint.error().detail);
  if (!stamp || stamp->size() > kMaxStampBytes) return wrong("an earlier stamp");
  if (!growth) return fail(growth.error());
  return EarlierCheckpoint{*std::move(checkpoint), *std::move(stamp), *std::move(growth)};
}

/// The members that are texts by name: signers as they are, files in base64.
Result<void> read_maps(const Value& value, Certificate& out) {
  const Value* signers = value.find("signers");
  const Value* files = value.find("files");
  if (signers == nullptr || signers->as_object() == nullptr || files == nullptr ||
      files->as_object() == nullptr) {
    return wrong("signers and files must be there");
  }
  for (const Member& member : *signers->as_object()) {
    if (member.value.as_string() == nullptr) return wrong("a signer is a PEM text");
    out.signers[member.name] = *member.value.as_string();
  }
  for (const Member& member : *files->as_object()) {
    const std::string* text = member.value.as_string();
    auto content = text ? from_base64(*text) : Result<Bytes>(wrong("a file"));
    if (!content) return wrong("a file is base64");
    out.files[member.name] = *std::move(content);
  }
  return {};
}

/// The first problem of the lists, or their content in `out`.
Result<void> read_lists(const Value& value, Certificate& out) {
  auto records = read_entries(value, "records");
  if (!records) return fail(records.error());
  out.records = *std::move(records);
  auto changes = read_entries(value, "key_changes");
  if (!changes) return fail(changes.error());
  out.key_changes = *std::move(changes);
  const Value* earlier = value.find("earlier");
  if (earlier == nullptr || earlier->as_array() == nullptr || earlier->size() > kMaxRecords) {
    return wrong("earlier must be a list");
  }
  for (const Value& item : *earlier->as_array()) {
    auto one = read_earlier(item);
    if (!one) return fail(one.error());
    out.earlier.push_back(*std::move(one));
  }
  if (const Value* before = value.find("predecessor")) {
    auto one = read_entry(*before);
    if (!one) return fail(one.error());
    out.predecessor = *std::move(one);
  }
  return {};
}

bool is_of(const Record& record, const std::string& device, std::uint64_t operation) {
  return record.device == device && record.operation == operation;
}

}  // namespace

std::string encode(const Certificate& certificate) {
  Value earlier = Value::array();
  for (const EarlierCheckpoint& one : certificate.earlier) {
    earlier.push_back(Value::object({{"checkpoint", to_text(one.checkpoint.note)},
                                     {"stamp", to_base64(one.stamp)},
                                     {"growth", to_value(one.growth)}}));
  }
  Value signers = Value::object();
  for (const auto& [id, pem] : certificate.signers) signers.set(id, pem);
  Value files = Value::object();
  for (const auto& [digest, content] : certificate.files) files.set(digest, to_base64(content));
  Value value = Value::object({{"format", kFormat},
                               {"device", certificate.device},
                               {"operation", certificate.operation},
                               {"checkpoint", to_text(certificate.checkpoint.note)},
                               {"stamp", to_base64(certificate.stamp)},
                               {"earlier", std::move(earlier)}});
  if (certificate.predecessor) value.set("predecessor", to_value(*certificate.predecessor));
  value.set("records", to_value(certificate.records));
  value.set("key_changes", to_value(certificate.key_changes));
  value.set("signers", std::move(signers));
  value.set("files", std::move(files));
  return to_json(value) + "\n";
}

Result<Certificate> parse_certificate(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  const auto value = parse_json(text, {kMaxCertificateBytes, 8, 1'000'000});
  if (!value) return wrong(value.error().detail);
  if (value->string_at("format") != kFormat) return wrong("its format is another");
  Certificate out;
  out.device = value->string_at("device");
  out.operation =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, value->integer_at("operation")));
  auto checkpoint = parse_signed_checkpoint(value->string_at("checkpoint"));
  if (!checkpoint) return wrong(checkpoint.error().detail);
  out.checkpoint = *std::move(checkpoint);
  auto stamp = from_base64(value->string_at("stamp"));
  if (!stamp || stamp->size() > kMaxStampBytes) return wrong("its stamp");
  out.stamp = *std::move(stamp);
  if (auto done = read_lists(*value, out); !done) return fail(done.error());
  if (auto done = read_maps(*value, out); !done) return fail(done.error());
  return out;
}

Result<OperationPlaces> find_operation(Medium& medium, const Checkpoint& checkpoint,
                                       const std::string& device, std::uint64_t operation) {
  OperationPlaces places;
  TileSource source(medium, checkpoint.size);
  for (std::uint64_t number = 0; number * kTileWidth < checkpoint.size; ++number) {
    const auto bundle = source.bundle(number);
    if (!bundle) return fail(bundle.error());
    const std::uint64_t first = number * kTileWidth;
    const auto entries = entries_of(*bundle, std::min(kTileWidth, checkpoint.size - first));
    if (!entries) return fail(entries.error());
    for (std::size_t i = 0; i < entries->size(); ++i) {
      const ByteView entry = (*entries)[i];
      if (looks_like_key_change(entry)) places.key_changes.push_back(first + i);
      if (!looks_like_record(entry)) continue;
      const auto record = decode_record(text_of(entry));
      if (!record) continue;
      if (is_of(*record, device, operation)) places.records.push_back(first + i);
      if (operation > 1 && is_of(*record, device, operation - 1)) places.predecessor = first + i;
    }
  }
  if (places.records.empty()) return fail(Rsc::kNotFound, "the log has no such operation");
  return places;
}

Result<Certificate> certify(const Log& log, const std::string& device, std::uint64_t operation,
                            const OperationPlaces& places) {
  const auto logged = [&log](std::uint64_t index) -> Result<LoggedEntry> {
    const auto entry = log.entry(index);
    if (!entry) return fail(entry.error());
    auto file = log.prove(index);
    if (!file) return fail(file.error());
    return LoggedEntry{std::string(text_of(*entry)), index, std::move(file->proof)};
  };
  Certificate out;
  out.device = device;
  out.operation = operation;
  out.checkpoint = log.published();
  for (const auto& [from, to] : {std::pair(&places.records, &out.records),
                                 std::pair(&places.key_changes, &out.key_changes)}) {
    for (const std::uint64_t index : *from) {
      auto one = logged(index);
      if (!one) return fail(one.error());
      to->push_back(*std::move(one));
    }
  }
  if (places.predecessor) {
    auto one = logged(*places.predecessor);
    if (!one) return fail(one.error());
    out.predecessor = *std::move(one);
  }
  return out;
}

Record following(const Record& last, std::string_view last_entry, RecordKind kind, Timestamp time) {
  Record next;
  next.device = last.device;
  next.operation = last.operation;
  next.position = last.position + 1;
  next.kind = kind;
  next.time = time;
  next.previous = to_hex(leaf_hash(view_of(last_entry)));
  return next;
}

Record opening(const std::string& device, std::uint64_t operation,
               std::optional<std::string_view> before, Timestamp time) {
  Record first;
  first.device = device;
  first.operation = operation;
  first.position = 1;
  first.time = time;
  if (before) first.previous = to_hex(leaf_hash(view_of(*before)));
  return first;
}

}  // namespace gatehouse::evidence

#include "ae-apps/attestation/evidence/operation/record.h"

namespace gatehouse::evidence {
namespace {

constexpr KindRow kRows[] = {
    {RecordKind::kOpen, "open", "center", "reason", "",
     "The Center opened the operation on {device}: {reason}."},
    {RecordKind::kBeforeChallenge, "before-challenge", "verifier", "nonce", "open",
     "The verifier asked {device} for its state, with a fresh number."},
    {RecordKind::kBeforeEvidence, "before-evidence", "device", "assurance", "before-challenge",
     "{device} reported its measured state; it was vouched for by: {assurance}."},
    {RecordKind::kBeforeResult, "before-result", "verifier", "policy verdict whitelist",
     "before-evidence",
     "The verifier compared the report with the white list {whitelist}. Before: {verdict}."},
    {RecordKind::kSelection, "selection", "center", "modules", "before-result",
     "The Center selected: {modules}."},
    {RecordKind::kDelivery, "delivery", "center", "module digest",
     "selection delivery consent apply", "The Center delivered {module} (SHA-256 {digest})."},
    {RecordKind::kConsent, "consent", "device", "part version decision by at",
     "delivery consent apply",
     "{device} was to ask its user about version {version} of its part {part}; at {at} it was "
     "{decision}, by {by}."},
    {RecordKind::kApply, "apply", "device", "part version outcome", "delivery consent apply",
     "{device} changed its part {part} to version {version}: {outcome}."},
    {RecordKind::kReboot, "reboot", "device", "reason", "apply consent reboot rollback",
     "{device} started anew, as expected: {reason}."},
    {RecordKind::kAfterChallenge, "after-challenge", "verifier", "nonce",
     "apply consent reboot rollback",
     "The verifier asked {device} for its state again, with a fresh number."},
    {RecordKind::kAfterEvidence, "after-evidence", "device", "assurance", "after-challenge",
     "{device} reported its state after the change; it was vouched for by: {assurance}."},
    {RecordKind::kAfterResult, "after-result", "verifier", "policy verdict whitelist",
     "after-evidence",
     "The verifier compared again, with the white list {whitelist}. After: {verdict}."},
    {RecordKind::kConfirmation, "confirmation", "center", "outcome", "after-result",
     "The Center confirmed the result: {outcome}."},
    {RecordKind::kFailure, "failure", "center", "reason", "*", "The operation failed: {reason}."},
    {RecordKind::kRollback, "rollback", "device", "part version", "failure rollback",
     "{device} is back at version {version} of its part {part}."},
    {RecordKind::kRefusal, "refusal", "center", "reason", "*",
     "An attempt was refused and changed nothing: {reason}."},
    {RecordKind::kClose, "close", "center", "outcome",
     "open before-result confirmation failure rollback after-result consent",
     "The Center closed the operation: {outcome}."},
};

/// Whether a word is one of those in a list parted by blanks.
bool listed(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t end = list.find(' ');
    if (list.substr(0, end) == word) return true;
    list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
  }
  return false;
}

}  // namespace

std::span<const KindRow> kind_rows() { return kRows; }

const KindRow& row_of(RecordKind kind) { return kRows[static_cast<std::size_t>(kind)]; }

const KindRow* row_named(std::string_view name) {
  for (const KindRow& row : kRows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

bool may_follow(RecordKind next, RecordKind last) {
  const std::string_view after = row_of(next).after;
  if (after == "*") return last != RecordKind::kClose;
  return listed(after, row_of(last).name);
}

std::string sentence_of(const Record& record) {
  std::string out;
  std::string_view rest = row_of(record.kind).sentence;
  while (!rest.empty()) {
    const std::size_t open = rest.find('{');
    out += rest.substr(0, open);
    if (open == std::string_view::npos) break;
    const std::size_t close = rest.find('}', open);
    const std::string name(rest.substr(open + 1, close - open - 1));
    const auto fact = record.facts.find(name);
    out += name == "device" ? record.device : fact == record.facts.end() ? "?" : fact->second;
    rest.remove_prefix(close + 1);
  }
  return out;
}

}  // namespace gatehouse::evidence

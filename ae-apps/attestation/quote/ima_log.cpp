// The measurement lists of Linux IMA, template ima-ng.
#include <charconv>

#include "ae-apps/attestation/quote/event_log.h"
#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::attest {
namespace {

constexpr std::string_view kTemplate = "ima-ng";
constexpr std::size_t kMaxPathBytes = 4096 + 64;
constexpr std::size_t kSha1Bytes = 20;

struct Row {
  unsigned pcr = 0;
  Bytes template_digest;  ///< as logged
  HashAlg file_alg = HashAlg::kSha256;
  Bytes file_digest;
  std::string path;
};

bool all_zero(ByteView bytes) {
  for (const std::uint8_t byte : bytes) {
    if (byte != 0) return false;
  }
  return true;
}

/// The entry that the kernel extended, or why there can be none.
Result<Measurement> measurement_of(std::size_t number, const Row& row) {
  const auto wrong = [&](const std::string& text) {
    return fail(bad_entry(number, row.path, text));
  };
  if (row.pcr >= 24) return wrong("a PCR that does not exist");
  if (row.path.empty() || row.path.size() > kMaxPathBytes) return wrong("an impossible path");
  if (row.path.find('\0') != std::string::npos) return wrong("a zero within its path");
  Measurement out;
  out.number = number;
  out.pcr = row.pcr;
  out.kind = std::string(kTemplate);
  out.name = row.path;
  out.content = ima_template_data(row.file_alg, row.file_digest, row.path);
  out.bound = true;
  if (all_zero(row.template_digest)) {
    // A violation: the file was open for writing while it was measured. The kernel logs zeros and
    // extends ones, so that nobody can pass it by.
    out.kind = "violation";
    for (const HashAlg alg :
         {HashAlg::kSha1, HashAlg::kSha256, HashAlg::kSha384, HashAlg::kSha512}) {
      out.digests[alg] = Bytes(size_of(alg), 0xFF);
    }
    return out;
  }
  const HashAlg logged =
      row.template_digest.size() == kSha1Bytes ? HashAlg::kSha1 : HashAlg::kSha256;
  if (digest(logged, {out.content}) != row.template_digest) {
    return wrong("its template digest does not follow from the file's digest and path");
  }
  for (const HashAlg alg : {HashAlg::kSha1, HashAlg::kSha256, HashAlg::kSha384, HashAlg::kSha512}) {
    out.digests[alg] = digest(alg, {out.content});
  }
  out.measured = {row.file_alg, row.file_digest};
  return out;
}

/// "sha256:" and the digest behind it; `hex` is true in ascii logs.
Result<void> read_file_digest(std::string_view text, bool hex, Row& row) {
  const std::size_t colon = text.find(':');
  const auto alg =
      colon == std::string_view::npos ? std::nullopt : hash_named(text.substr(0, colon));
  if (!alg) return fail(Rsc::kBadRequest, "the file's digest is of an unknown hash");
  std::string_view rest = text.substr(colon + 1);
  if (hex) {
    const auto bytes = from_hex(rest);
    if (!bytes) return fail(bytes.error());
    row.file_digest = *bytes;
  } else {
    if (rest.empty() || rest[0] != '\0') {
      return fail(Rsc::kBadRequest, "no zero behind the name of the hash");
    }
    row.file_digest = bytes_of(rest.substr(1));
  }
  row.file_alg = *alg;
  if (row.file_digest.size() != size_of(*alg)) {
    return fail(Rsc::kBadRequest, "the file's digest has another length than its hash");
  }
  return {};
}

/// Empty if all is well.
std::string read_ascii_row(std::string_view line, Row& row) {
  const auto next = [&line] {
    const std::size_t blank = line.find(' ');
    const std::string_view field = line.substr(0, blank);
    line.remove_prefix(blank == std::string_view::npos ? line.size() : blank + 1);
    return field;
  };
  std::string_view pcr = next();
  if (pcr.empty()) pcr = next();  // numbers below ten are written with a blank in front
  const auto [end, error] = std::from_chars(pcr.data(), pcr.data() + pcr.size(), row.pcr);
  if (pcr.empty() || error != std::errc() || end != pcr.data() + pcr.size()) return "no PCR number";
  const auto template_digest = from_hex(next());
  if (!template_digest ||
      (template_digest->size() != kSha1Bytes && template_digest->size() != 32)) {
    return "no template digest";
  }
  row.template_digest = *template_digest;
  if (next() != kTemplate) return "a template other than ima-ng";
  if (const auto read = read_file_digest(next(), true, row); !read) return read.error().detail;
  row.path = std::string(line);
  return {};
}

/// Empty if all is well.
std::string read_binary_row(Reader& in, Row& row) {
  row.pcr = in.u32();
  const ByteView logged = in.bytes(kSha1Bytes);
  row.template_digest = Bytes(logged.begin(), logged.end());
  const ByteView name = in.sized32();
  const ByteView data = in.sized32();
  if (!in.good()) return "cut off";
  if (text_of(name) != kTemplate) return "a template other than ima-ng";
  Reader body(data, Endian::kLittle);
  const ByteView file_digest = body.sized32();
  const ByteView path = body.sized32();
  if (!body.finished()) return "template data of an impossible length";
  if (path.empty() || path.back() != 0) return "no zero behind its path";
  row.path = std::string(text_of(path.first(path.size() - 1)));
  const auto read = read_file_digest(text_of(file_digest), false, row);
  return read ? std::string() : read.error().detail;
}

}  // namespace

Bytes ima_template_data(HashAlg alg, ByteView file_digest, std::string_view path) {
  Bytes digest_field = bytes_of(name_of(alg));
  digest_field.push_back(':');
  digest_field.push_back(0);
  append(digest_field, file_digest);
  Bytes path_field = bytes_of(path);
  path_field.push_back(0);
  Writer out(Endian::kLittle);
  out.sized32(digest_field).sized32(path_field);
  return out.take();
}

ImaEntry make_ima_entry(HashAlg alg, ByteView file_digest, std::string_view path, unsigned pcr) {
  const Bytes data = ima_template_data(alg, file_digest, path);
  ImaEntry out;
  for (const HashAlg bank :
       {HashAlg::kSha1, HashAlg::kSha256, HashAlg::kSha384, HashAlg::kSha512}) {
    out.digests[bank] = digest(bank, {data});
  }
  const Bytes& logged = out.digests[HashAlg::kSha1];
  out.ascii_line = std::to_string(pcr) + ' ' + to_hex(logged) + ' ' + std::string(kTemplate) + ' ' +
                   std::string(name_of(alg)) + ':' + to_hex(file_digest) + ' ' + std::string(path) +
                   '\n';
  Writer binary(Endian::kLittle);
  binary.u32(pcr).bytes(logged).sized32(view_of(kTemplate)).sized32(data);
  out.binary = binary.take();
  return out;
}

Result<EventLog> parse_ima_binary(ByteView bytes) {
  EventLog out;
  out.format = LogFormat::kImaBinary;
  Reader in(bytes, Endian::kLittle);
  for (std::size_t number = 0; in.left() > 0; ++number) {
    if (number >= kMaxLogEntries) return fail(bad_entry(number, {}, "too many entries"));
    Row row;
    const std::string fault = read_binary_row(in, row);
    if (!fault.empty()) return fail(bad_entry(number, row.path, fault));
    auto entry = measurement_of(number, row);
    if (!entry) return fail(entry.error());
    out.entries.push_back(*std::move(entry));
  }
  return out;
}

Result<EventLog> parse_ima_ascii(std::string_view text) {
  EventLog out;
  out.format = LogFormat::kImaAscii;
  for (std::size_t number = 0; !text.empty(); ++number) {
    if (number >= kMaxLogEntries) return fail(bad_entry(number, {}, "too many entries"));
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return fail(bad_entry(number, {}, "cut off"));
    Row row;
    const std::string fault = read_ascii_row(text.substr(0, end), row);
    if (!fault.empty()) return fail(bad_entry(number, row.path, fault));
    auto entry = measurement_of(number, row);
    if (!entry) return fail(entry.error());
    out.entries.push_back(*std::move(entry));
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace gatehouse::attest

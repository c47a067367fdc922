#pragma once
#include <stdexcept>

#include "ae-apps/attestation/tnc/dialogue.h"
#include "tests/ae-apps/attestation/boot_log_writer.h"
#include "tests/ae-apps/attestation/software_tpm.h"

namespace gatehouse::tnc {

/// A gateway with boot log, files and ECUs whose TPM is a key in memory.
struct Gateway {
  attest::SoftwareTpm tpm;
  attest::PcrSelection selection = *attest::parse_pcr_list("sha256:0,4,10,11,12");
  std::vector<std::pair<std::string, std::string>> files = {{"/etc/ssl/ca.pem", "ca"},
                                                            {"/usr/bin/ota", "ota"}};
  std::vector<std::string> ecus = {R"({"type":"ecu","id":"brake","ver":"1.0"})",
                                   R"({"type":"ecu","id":"radar","ver":"2.0"})"};
  std::string inventory = "[]";
  bool log_goes_on = true;  ///< a file is measured behind the quote

  attest::AttestationEvidence attest(const attest::Challenge& challenge) {
    using attest::HashAlg;
    tpm.pcrs.clear();
    attest::BootLogWriter boot;
    tpm.extend(0, boot.add(0, attest::BootLogWriter::kAction, "firmware 1"));
    tpm.extend(4, boot.add(4, attest::BootLogWriter::kIpl, "loader 1"));
    Bytes ima;
    for (const auto& [path, content] : files) add_file(path, content, ima);
    Bytes cel;
    std::uint64_t number = 0;
    for (const std::string& ecu : ecus) {
      const auto entry = attest::make_cel_entry(number++, 11, ecu, {HashAlg::kSha256});
      tpm.extend(11, entry.digests);
      append(cel, entry.record);
    }
    attest::AttestationEvidence out;
    const auto values = tpm.values(selection);
    const auto quote = tpm.sign_quote(
        tpm.quote(attest::quote_nonce(challenge, inventory), selection, values), values);
    if (log_goes_on) add_file("/usr/bin/later", "later", ima);
    out.message = quote.message;
    out.signature = quote.signature;
    out.pcr_values = quote.values_file;
    out.logs = {boot.take(), std::move(ima)};
    if (!cel.empty()) out.logs.push_back(std::move(cel));
    out.counter.emplace(Bytes(120, 7), Bytes(72, 8));
    out.inventory = inventory;
    out.exchange = challenge.exchange;
    return out;
  }

 private:
  void add_file(const std::string& path, const std::string& content, Bytes& log) {
    const Bytes hash = attest::digest(attest::HashAlg::kSha256, {view_of(content)});
    const auto entry = attest::make_ima_entry(attest::HashAlg::kSha256, hash, path);
    tpm.extend(attest::kImaPcr, entry.digests);
    append(log, entry.binary);
  }
};

inline attest::Challenge example_challenge() {
  attest::Challenge out{Bytes(32, 0x33), "periodic", "", 0};
  out.exchange = attest::NonceExchange{Bytes(32, 0x44), Bytes(32, 0x55)};
  return out;
}

/// Both sides of a dialogue, and all that they say.
struct TwoSides {
  explicit TwoSides(Words words = Words::kPts)
      : server({[] { return Result<std::string>(attest::encode(issued())); },
                [this](const std::string& evidence) {
                  judged.push_back(evidence);
                  return outcome;
                },
                words}),
        client({[this](const std::string& text) -> Result<std::string> {
                  challenge = *attest::parse_challenge(text);
                  sent = attest::encode(gateway.attest(challenge));
                  return sent;
                },
                Bytes{1, 2, 3}, TpmVersion{0, 138, 2018, "IBM"}}) {}
  static attest::Challenge issued() { return {Bytes(32, 0x33), "periodic", "", 0}; }

  /// Until both are silent. What each said is kept, a piece for each turn.
  void talk() {
    Bytes to_server = client.start();
    while (!to_server.empty()) {
      by_client.push_back(to_server);
      const Bytes to_client = server.feed(to_server);
      if (to_client.empty()) return;
      by_server.push_back(to_client);
      to_server = client.feed(to_client);
    }
  }

  Gateway gateway;
  TncOutcome outcome{Assessment::kCompliant, Access::kAllowed, "all is well"};
  std::vector<std::string> judged;
  std::string sent;
  attest::Challenge challenge;
  std::vector<Bytes> by_client, by_server;
  TncServer server;
  TncClient client;
};

/// The PT-TLS messages in a stream.
inline std::vector<PtMessage> messages_in(ByteView stream, std::uint32_t first_id = 0) {
  std::vector<PtMessage> out;
  attest::Reader in(stream);
  while (in.left() > 0) {
    PtMessage message;
    message.vendor = in.u32();
    message.type = in.u32();
    const std::uint32_t length = in.u32();
    message.id = in.u32();
    const ByteView value = in.bytes(length - 16);
    if (!in.good()) throw std::runtime_error("no PT-TLS message");
    message.value = Bytes(value.begin(), value.end());
    if (message.id < first_id) continue;
    out.push_back(std::move(message));
  }
  return out;
}

/// The attributes for PTS in a stream.
inline PaMessage attributes_in(ByteView stream) {
  PaMessage out;
  for (const PtMessage& message : messages_in(stream)) {
    if (message.type != static_cast<std::uint32_t>(PtType::kPbBatch)) continue;
    const auto batch = parse_batch(message.value);
    for (const PbMessage& each : batch->messages) {
      if (each.type != static_cast<std::uint32_t>(PbType::kPa)) continue;
      const auto content = parse_pa_message(parse_pa(each.value)->message);
      out.attributes.insert(out.attributes.end(), content->attributes.begin(),
                            content->attributes.end());
    }
  }
  return out;
}

}  // namespace gatehouse::tnc

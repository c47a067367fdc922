#include "ae-apps/attestation/tnc/stream/collector.h"

namespace gatehouse::tnc {

Result<TncOutcome> be_validated(const CollectorSettings& settings, TncClient::Parts parts) {
  TncClient dialogue(std::move(parts));
  auto stream = TlsStream::connect(settings.host, settings.port, settings.tls, settings.limit);
  if (!stream) return fail(stream.error());
  if (auto sent = stream->write(dialogue.start()); !sent) return fail(sent.error());
  while (!dialogue.finished()) {
    const auto came = stream->read();
    if (!came) return fail(came.error());
    if (came->empty()) return fail(Rsc::kTargetNotReachable, "PT-TLS: the server has closed");
    if (auto sent = stream->write(dialogue.feed(*came)); !sent) return fail(sent.error());
  }
  if (!dialogue.outcome()) return fail(Rsc::kNotAcceptable, "PT-TLS: " + dialogue.fault());
  return *dialogue.outcome();
}

}  // namespace gatehouse::tnc

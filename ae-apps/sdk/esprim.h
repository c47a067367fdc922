#pragma once
#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include "ae-apps/sdk/ae.h"
#include "cse/jose/esprim.h"

namespace gatehouse::sdk {

/// Requests to one CSE that nobody on the way can read, change or repeat: each travels as a JWE in
/// a NOTIFY, and so does its response. Both sides share a key (the CSE's `esprim.keys`).
///
///     sdk::EsPrimSession secure(*ae, "/id-in", {"lamp@sp", key_of_32_bytes});
///     Response made = secure.request(create);
///
/// The session is begun with the first request, and anew when the CSE has forgotten it. Source:
/// TS-0003 clause 8.4. Threading: any.
class EsPrimSession {
 public:
  /// `cse`: its CSE-ID, "/id-in". `ae` outlives this; it only carries: `from` of a request may be
  /// any originator that the key proves, and is `ae`'s if empty.
  EsPrimSession(Ae& ae, std::string cse, jose::SharedKey pairwise);

  /// The inner response; where there is none, the refusal (4111 to 4116, 5103 …) of the outer one,
  /// or kOriginatorNotAuthenticated for an answer that the CSE did not make.
  Response request(Request request, std::chrono::milliseconds timeout = {});

 private:
  struct Session {
    jose::ReceiverRandom receiver;
    jose::OriginatorRandom originator;
    jose::SharedKey key;
  };
  Result<Session> session(bool anew, std::chrono::milliseconds timeout);
  Response ask(const Request& request, const Session& session, std::chrono::milliseconds timeout);

  Ae& ae_;
  const std::string cse_;
  const jose::SharedKey pairwise_;
  std::mutex mutex_;  // guards the line below
  std::optional<Session> session_;
};

}  // namespace gatehouse::sdk

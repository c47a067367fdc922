#pragma once
#include <map>
#include <memory>
#include <string>

#include "ae-apps/ota/gateway/board.h"
#include "ae-apps/ota/gateway/cse_side.h"
#include "ae-apps/ota/gateway/job.h"
#include "ae-apps/ota/gateway/member.h"
#include "ae-apps/ota/program/step_log.h"

namespace gatehouse::gateway {

using EcuLinks = std::map<std::string, std::unique_ptr<Member>, std::less<>>;

/// Answers the server's question for what the ECUs run: step D. Threading: one thread at a time.
class Inquiries {
 public:
  /// All outlive it. The identifier of the last inquiry that was answered is kept in state_dir.
  Inquiries(const GatewaySettings& settings, EcuLinks& ecus, CseSide& cse,
            const JobJournal& journal, Board& board, ota::StepLog& log);

  /// `{"inquiry":"<id>","nonce":"<hex>","ecus":["<serial>"],"local":true}`; with `local` the answer
  /// goes to the vehicle's own measuring software instead of the server. One that was answered
  /// before, or is malformed, gets no answer. False: the CSE could not be reached; call again
  /// later.
  bool answer(const Value& inquiry);

  /// What the ECU says about itself, on the board and at the CSE.
  Result<EcuFacts> look_and_publish(Member& ecu);

 private:
  struct Asked {
    std::string id;
    Bytes nonce;
    std::vector<std::string> ecus;
    bool local = false;  ///< asked for by the measuring software of this vehicle
  };
  Result<Asked> read(const Value& inquiry) const;
  Result<Value> report_of(const std::string& serial, const Bytes& nonce);
  Value instance(const Asked& asked, Value reports) const;

  const GatewaySettings& settings_;
  EcuLinks& ecus_;
  CseSide& cse_;
  const JobJournal& journal_;
  Board& board_;
  ota::StepLog& log_;
};

}  // namespace gatehouse::gateway

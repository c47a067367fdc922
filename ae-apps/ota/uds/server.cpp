#include "ae-apps/ota/uds/server.h"

#include <algorithm>

#include "ae-apps/ota/crypto/digest.h"

namespace gatehouse::uds {
namespace {

tl::unexpected<Nrc> refuse(Nrc nrc) { return tl::unexpected<Nrc>(nrc); }

constexpr std::uint8_t kInDefault = 1;
constexpr std::uint8_t kInProgramming = 2;
constexpr std::uint8_t kInExtended = 4;
constexpr std::uint8_t kInAll = kInDefault | kInProgramming | kInExtended;
constexpr std::uint8_t kOutsideDefault = kInProgramming | kInExtended;

std::uint8_t bit_of(Session session) {
  if (session == Session::kProgramming) return kInProgramming;
  return session == Session::kExtended ? kInExtended : kInDefault;
}

/// Refusals that an ECU keeps to itself when all ECUs were asked. Source: ISO 14229-1 clause 8.7.
bool unsaid_when_functional(Nrc nrc) {
  return nrc == Nrc::kServiceNotSupported || nrc == Nrc::kSubfunctionNotSupported ||
         nrc == Nrc::kRequestOutOfRange || nrc == Nrc::kSubfunctionNotSupportedInSession ||
         nrc == Nrc::kServiceNotSupportedInSession;
}

bool speaks_of_disorder(Nrc nrc) {
  return nrc == Nrc::kRequestSequenceError || nrc == Nrc::kSecurityAccessDenied ||
         nrc == Nrc::kServiceNotSupportedInSession || nrc == Nrc::kWrongBlockSequenceCounter ||
         nrc == Nrc::kSubfunctionNotSupportedInSession || nrc == Nrc::kInvalidKey ||
         nrc == Nrc::kExceededAttempts || nrc == Nrc::kTimeDelayNotExpired;
}

}  // namespace

Clock steady_clock() {
  return [] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
  };
}

/// One service: where it may be used, its shortest request behind the id, and who answers.
struct Server::Service {
  Sid sid;
  std::uint8_t sessions;
  bool has_subfunction;
  std::size_t min_bytes;
  Outcome (Server::*answer)(ByteView data);
};

const Server::Service* Server::service_of(std::uint8_t sid) {
  static constexpr Service kServices[] = {
      {Sid::kSessionControl, kInAll, true, 1, &Server::session_control},
      {Sid::kEcuReset, kOutsideDefault, true, 1, &Server::ecu_reset},
      {Sid::kReadDataByIdentifier, kInAll, false, 2, &Server::read},
      {Sid::kSecurityAccess, kOutsideDefault, true, 1, &Server::security_access},
      {Sid::kAuthentication, kOutsideDefault, true, 1, &Server::authentication},
      {Sid::kCommunicationControl, kOutsideDefault, true, 2, &Server::communication_control},
      {Sid::kWriteDataByIdentifier, kInAll, false, 3, &Server::write},
      {Sid::kRoutineControl, kOutsideDefault, true, 3, &Server::routine},
      {Sid::kRequestDownload, kInProgramming, false, 4, &Server::request_download},
      {Sid::kTransferData, kInProgramming, false, 1, &Server::transfer_data},
      {Sid::kRequestTransferExit, kInProgramming, false, 0, &Server::transfer_exit},
      {Sid::kTesterPresent, kInAll, true, 1, &Server::tester_present},
      {Sid::kControlDtcSetting, kOutsideDefault, true, 1, &Server::dtc_setting},
  };
  const auto* found =
      std::find_if(std::begin(kServices), std::end(kServices),
                   [sid](const Service& s) { return static_cast<std::uint8_t>(s.sid) == sid; });
  return found == std::end(kServices) ? nullptr : found;
}

Bytes unlock_key(ByteView access_key, ByteView seed) {
  const crypto::Sha256Digest mac = crypto::hmac_sha256(access_key, seed);
  return Bytes(mac.begin(), mac.begin() + 16);
}

Server::Server(ServerSettings settings, Clock clock, crypto::Random& random, Bytes access_key,
               AccessMemory& memory, EcuServices& ecu)
    : settings_(std::move(settings)),
      clock_(std::move(clock)),
      random_(random),
      access_key_(std::move(access_key)),
      memory_(memory),
      ecu_(ecu) {
  if (settings_.authentication) authentication_.emplace(*settings_.authentication, random_);
  power_on();
}

void Server::power_on() {
  enter(Session::kDefault);
  last_request_ = clock_();
  delay_until_.reset();
  if (memory_.failed_attempts() >= settings_.max_attempts) {
    delay_until_ = clock_() + settings_.attempt_delay;
  }
}

void Server::enter(Session session) {
  session_ = session;
  unlocked_ = false;
  seed_.clear();
  drop_download();
  if (session == Session::kDefault) {
    if (authentication_) authentication_->drop();
    normal_communication_ = true;
    dtc_recording_ = true;
  }
}

void Server::drop_download() {
  if (downloading_) ecu_.abandon_download();
  downloading_ = false;
}

void Server::check_timeout() {
  if (session_ != Session::kDefault && clock_() - last_request_ >= settings_.s3) {
    enter(Session::kDefault);
  }
}

void Server::tester_left(TesterId tester) {
  if (session_ != Session::kDefault && owner_ == tester) enter(Session::kDefault);
}

void Server::say_pending() {
  const auto floor = settings_.p2_star * 3 / 10;
  const auto now = clock_();
  if (pending_said_ && now - *pending_said_ < floor) return;
  pending_said_ = now;
  (*send_)(encode_negative(sid_, Nrc::kResponsePending));
}

void Server::say_no(Nrc nrc, const Send& send, std::uint8_t sid, TesterId tester) {
  constexpr std::chrono::milliseconds kWindow{1000};
  constexpr std::size_t kMaxTesters = 16;
  const bool counted = refusals_.size() < kMaxTesters || refusals_.contains(tester);
  Refusals& said = counted ? refusals_[tester] : refusals_of_others_;
  const auto now = clock_();
  if (said.count == 0 || now - said.since >= kWindow) said = {now, 0};
  if (said.count >= settings_.max_refusals) {
    ++counters_.unanswered;
    return;
  }
  ++said.count;
  send(encode_negative(sid, nrc));
}

bool Server::busy_with_another(TesterId tester) const {
  return session_ != Session::kDefault && owner_ != tester;
}

Server::Then Server::handle(ByteView request, bool functional, const Send& send, TesterId tester) {
  check_timeout();
  ++counters_.requests;
  if (busy_with_another(tester)) {  // and its session ends no later because of this one
    ++counters_.busy;
    if (!functional && !request.empty() && (request[0] & kPositive) == 0) {
      say_no(Nrc::kBusyRepeatRequest, send, request[0], tester);
    }
    return Then::kNothing;
  }
  owner_ = tester;
  if (request.empty() || (request[0] & kPositive) != 0) {  // nothing, or somebody's response
    last_request_ = clock_();
    ++counters_.unsolicited;
    return Then::kNothing;
  }
  send_ = &send;
  sid_ = request[0];
  pending_said_.reset();
  reset_wanted_ = false;
  const Service* service = service_of(sid_);
  const bool suppressed = service != nullptr && service->has_subfunction && request.size() > 1 &&
                          (request[1] & kSuppressBit) != 0;
  const Outcome outcome = dispatch(request);
  last_request_ = clock_();
  send_ = nullptr;
  if (!outcome) {
    ++counters_.refused;
    if (speaks_of_disorder(outcome.error())) ++counters_.unsolicited;
    if (!(functional && unsaid_when_functional(outcome.error()) && !pending_said_)) {
      say_no(outcome.error(), send, sid_, tester);
    }
    return Then::kNothing;
  }
  // After 0x78 the final response comes in spite of the suppress bit.
  if (!suppressed || pending_said_) {
    Bytes response{static_cast<std::uint8_t>(sid_ + kPositive)};
    append(response, *outcome);
    send(std::move(response));
  }
  return reset_wanted_ ? Then::kReset : Then::kNothing;
}

Outcome Server::dispatch(ByteView request) {
  const Service* service = service_of(request[0]);
  if (service == nullptr || !offered(service->sid)) return refuse(Nrc::kServiceNotSupported);
  if ((service->sessions & bit_of(session_)) == 0) {
    return refuse(Nrc::kServiceNotSupportedInSession);
  }
  const ByteView data = request.subspan(1);
  if (data.size() < service->min_bytes) return refuse(Nrc::kIncorrectLength);
  if (!service->has_subfunction) return (this->*service->answer)(data);
  Bytes plain(data.begin(), data.end());
  plain[0] &= static_cast<std::uint8_t>(~kSuppressBit);
  return (this->*service->answer)(plain);
}

bool Server::offered(Sid sid) const {
  if (sid == Sid::kSecurityAccess) return settings_.seed_and_key;
  if (sid == Sid::kAuthentication) return authentication_.has_value();
  return true;
}

bool Server::may_program() const {
  return unlocked_ || (authentication_ && authentication_->authenticated());
}

Nrc Server::locked_nrc() const {
  return settings_.seed_and_key ? Nrc::kSecurityAccessDenied : Nrc::kAuthenticationRequired;
}

std::string Server::authenticated_tester() const {
  return authentication_ ? authentication_->tester() : std::string();
}

std::optional<Nrc> Server::refused_by(const Access& access) const {
  if ((access.outside_default_session && session_ == Session::kDefault) ||
      (access.programming_session && session_ != Session::kProgramming)) {
    return Nrc::kServiceNotSupportedInSession;
  }
  if (access.unlocked && !may_program()) return locked_nrc();
  return std::nullopt;
}

Outcome Server::session_control(ByteView data) {
  if (data.size() != 1) return refuse(Nrc::kIncorrectLength);
  if (data[0] < 1 || data[0] > 3) return refuse(Nrc::kSubfunctionNotSupported);
  const auto wanted = static_cast<Session>(data[0]);
  if (wanted == Session::kProgramming && session_ == Session::kDefault) {
    return refuse(Nrc::kSubfunctionNotSupportedInSession);  // by way of the extended session only
  }
  enter(wanted);
  Bytes out{data[0]};
  append_number(out, static_cast<std::uint64_t>(settings_.p2.count()), 2);
  append_number(out, static_cast<std::uint64_t>(settings_.p2_star.count() / 10), 2);
  return out;
}

Outcome Server::ecu_reset(ByteView data) {
  if (data.size() != 1) return refuse(Nrc::kIncorrectLength);
  if (data[0] < 1 || data[0] > 3) return refuse(Nrc::kSubfunctionNotSupported);
  // Whoever speaks on the bus could else restart what runs, or undo a trial.
  if (!may_program()) return refuse(locked_nrc());
  reset_wanted_ = true;
  return Bytes{data[0]};
}

Outcome Server::read(ByteView data) {
  if (data.size() % 2 != 0) return refuse(Nrc::kIncorrectLength);
  Bytes out;
  for (; !data.empty(); data = data.subspan(2)) {
    const auto did = static_cast<Did>(number_in(data.first(2)));
    Outcome value = did == kDidActiveSession ? Outcome(Bytes{static_cast<std::uint8_t>(session_)})
                                             : ecu_.read_identifier(did);
    if (!value) return value;
    append(out, data.first(2));
    append(out, *value);
    if (out.size() > settings_.max_response_bytes) return refuse(Nrc::kResponseTooLong);
  }
  return out;
}

bool Server::delay_running() const { return delay_until_ && clock_() < *delay_until_; }

Outcome Server::security_access(ByteView data) {
  const std::uint8_t level = data[0];
  if (level == settings_.access_level) {
    if (data.size() != 1) return refuse(Nrc::kIncorrectLength);
    return give_seed();
  }
  if (level == settings_.access_level + 1) return check_key(data.subspan(1));
  return refuse(Nrc::kSubfunctionNotSupported);
}

Outcome Server::give_seed() {
  Bytes out{settings_.access_level};
  if (unlocked_) {
    out.resize(17);  // a seed of zeros says that nothing is locked
    return out;
  }
  if (delay_running()) return refuse(Nrc::kTimeDelayNotExpired);
  seed_ = random_.bytes(16);
  append(out, seed_);
  return out;
}

Outcome Server::check_key(ByteView key) {
  if (seed_.empty()) return refuse(Nrc::kRequestSequenceError);
  if (key.size() != 16) return refuse(Nrc::kIncorrectLength);
  if (delay_running()) return refuse(Nrc::kTimeDelayNotExpired);
  unsigned attempts = 0;
  if (!count_attempt(attempts)) return refuse(Nrc::kFailurePreventsExecution);
  const Bytes expected = unlock_key(access_key_, seed_);
  seed_.clear();  // one try for a seed
  if (!crypto::equal_constant_time(expected, key)) {
    return refuse(after_failure(attempts, Nrc::kInvalidKey));
  }
  if (!forgive_attempts()) return refuse(Nrc::kFailurePreventsExecution);
  unlocked_ = true;
  return Bytes{static_cast<std::uint8_t>(settings_.access_level + 1)};
}

/// Counted before it is judged: cutting the power after a wrong key does not win a try.
bool Server::count_attempt(unsigned& attempts) {
  attempts = std::min(memory_.failed_attempts() + 1, settings_.max_attempts);
  return memory_.store_failed_attempts(attempts);
}

Nrc Server::after_failure(unsigned attempts, Nrc nrc) {
  if (attempts < settings_.max_attempts) return nrc;
  delay_until_ = clock_() + settings_.attempt_delay;
  return Nrc::kExceededAttempts;
}

bool Server::forgive_attempts() {
  if (!memory_.store_failed_attempts(0)) return false;
  delay_until_.reset();
  return true;
}

Outcome Server::authentication(ByteView data) {
  const std::uint8_t task = data[0];
  const auto with_task = [task](Outcome outcome) -> Outcome {
    if (outcome) outcome->insert(outcome->begin(), task);
    return outcome;
  };
  const ByteView rest = data.subspan(1);
  switch (static_cast<AuthenticationTask>(task)) {
    case AuthenticationTask::kDeauthenticate:
      if (!rest.empty()) return refuse(Nrc::kIncorrectLength);
      authentication_->drop();
      return Bytes{task, static_cast<std::uint8_t>(AuthenticationReturn::kDeauthenticated)};
    case AuthenticationTask::kVerifyCertificate:
      if (delay_running()) return refuse(Nrc::kTimeDelayNotExpired);
      return with_task(authentication_->verify_certificate(rest));
    case AuthenticationTask::kProofOfOwnership:
      return with_task(prove_ownership(rest));
    case AuthenticationTask::kConfiguration:
      if (!rest.empty()) return refuse(Nrc::kIncorrectLength);
      return Bytes{task, static_cast<std::uint8_t>(AuthenticationReturn::kConfigurationIsApce)};
  }
  return refuse(Nrc::kSubfunctionNotSupported);
}

Outcome Server::prove_ownership(ByteView proof) {
  if (!authentication_->challenge_given()) return refuse(Nrc::kRequestSequenceError);
  if (delay_running()) return refuse(Nrc::kTimeDelayNotExpired);
  unsigned attempts = 0;
  if (!count_attempt(attempts)) return refuse(Nrc::kFailurePreventsExecution);
  Outcome outcome = authentication_->check_proof(proof);
  if (!outcome) return refuse(after_failure(attempts, outcome.error()));
  if (!forgive_attempts()) {
    authentication_->drop();
    return refuse(Nrc::kFailurePreventsExecution);
  }
  return outcome;
}

Outcome Server::communication_control(ByteView data) {
  if (data[0] > 3) return refuse(Nrc::kSubfunctionNotSupported);
  if (data.size() != 2) return refuse(Nrc::kIncorrectLength);
  if ((data[1] & 3) == 0) return refuse(Nrc::kRequestOutOfRange);
  normal_communication_ = data[0] == 0;
  return Bytes{data[0]};
}

Outcome Server::write(ByteView data) {
  const auto did = static_cast<Did>(number_in(data.first(2)));
  const auto access = ecu_.access_to_write(did);
  if (!access) return refuse(Nrc::kRequestOutOfRange);
  if (const auto nrc = refused_by(*access)) return refuse(*nrc);
  Outcome outcome = ecu_.write_identifier(did, data.subspan(2));
  if (!outcome) return outcome;
  return Bytes(data.begin(), data.begin() + 2);
}

Outcome Server::routine(ByteView data) {
  if (data[0] < 1 || data[0] > 3) return refuse(Nrc::kSubfunctionNotSupported);
  const auto routine = static_cast<RoutineId>(number_in(data.subspan(1, 2)));
  const auto access = ecu_.access_to_routine(routine);
  if (!access) return refuse(Nrc::kRequestOutOfRange);
  if (data[0] != 1) return refuse(Nrc::kSubfunctionNotSupported);  // they end by themselves
  if (const auto nrc = refused_by(*access)) return refuse(*nrc);
  if (downloading_) return refuse(Nrc::kRequestSequenceError);
  Outcome outcome = ecu_.start_routine(routine, data.subspan(3), [this] { say_pending(); });
  if (!outcome) return outcome;
  Bytes out(data.begin(), data.begin() + 3);
  append(out, *outcome);
  return out;
}

Outcome Server::request_download(ByteView data) {
  if (!may_program()) return refuse(locked_nrc());
  const auto download = decode_download(data);
  if (!download) {
    const bool widths_wrong =
        (data[1] >> 4) == 0 || (data[1] >> 4) > 8 || (data[1] & 15) == 0 || (data[1] & 15) > 8;
    return refuse(widths_wrong ? Nrc::kRequestOutOfRange : Nrc::kIncorrectLength);
  }
  if ((download->format != 0 && download->format != kCodedFormat) || download->size_bytes == 0) {
    return refuse(Nrc::kRequestOutOfRange);
  }
  drop_download();
  if (const auto nrc = ecu_.begin_download(*download)) return refuse(*nrc);
  downloading_ = true;
  bytes_missing_ = download->size_bytes;
  next_block_ = 1;
  any_block_ = false;
  const Bytes response = encode_download_response(settings_.max_block_bytes);
  return Bytes(response.begin() + 1, response.end());
}

Outcome Server::transfer_data(ByteView data) {
  if (!may_program()) return refuse(locked_nrc());
  if (!downloading_) return refuse(Nrc::kRequestSequenceError);
  const std::uint8_t block = data[0];
  const ByteView content = data.subspan(1);
  // The tester did not hear our answer: say it again, store nothing.
  if (any_block_ && block == static_cast<std::uint8_t>(next_block_ - 1)) return Bytes{block};
  if (block != next_block_) return refuse(Nrc::kWrongBlockSequenceCounter);
  if (content.empty() || data.size() + 1 > settings_.max_block_bytes) {
    return refuse(Nrc::kIncorrectLength);
  }
  if (content.size() > bytes_missing_) return refuse(Nrc::kTransferSuspended);
  if (const auto nrc = ecu_.store(content)) return refuse(*nrc);
  bytes_missing_ -= content.size();
  ++next_block_;  // 0xFF is followed by 0x00
  any_block_ = true;
  return Bytes{block};
}

Outcome Server::transfer_exit(ByteView data) {
  if (!may_program()) return refuse(locked_nrc());
  if (!downloading_ || bytes_missing_ != 0) return refuse(Nrc::kRequestSequenceError);
  if (!data.empty()) return refuse(Nrc::kIncorrectLength);
  downloading_ = false;
  if (const auto nrc = ecu_.end_download()) return refuse(*nrc);
  return Bytes{};
}

Outcome Server::tester_present(ByteView data) {
  if (data.size() != 1) return refuse(Nrc::kIncorrectLength);
  if (data[0] != 0) return refuse(Nrc::kSubfunctionNotSupported);
  return Bytes{0};
}

Outcome Server::dtc_setting(ByteView data) {
  if (data[0] != 1 && data[0] != 2) return refuse(Nrc::kSubfunctionNotSupported);
  if (data.size() != 1) return refuse(Nrc::kIncorrectLength);
  dtc_recording_ = data[0] == 1;
  return Bytes{data[0]};
}

}  // namespace gatehouse::uds

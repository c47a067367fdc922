#pragma once
#include <chrono>
#include <functional>
#include <map>

#include "ae-apps/ota/uds/authentication.h"

namespace gatehouse::uds {

/// Monotonic time since some start. Real: steady_clock; tests move it by hand.
using Clock = std::function<std::chrono::milliseconds()>;
Clock steady_clock();

/// The data of a positive response, or why there is none.
using Outcome = tl::expected<Bytes, Nrc>;

/// What a request needs before the ECU is asked.
struct Access {
  bool outside_default_session = false;
  bool programming_session = false;
  bool unlocked = false;
};

/// What the ECU behind the protocol can do. Called by Server only, on its thread, after session,
/// access, length and order were found right.
class EcuServices {
 public:
  /// Tells the tester that the answer takes longer (NRC 0x78); call it before and now and then
  /// within long work.
  using Pending = std::function<void()>;

  virtual ~EcuServices() = default;
  virtual Outcome read_identifier(Did did) = 0;
  /// nullopt: cannot be written.
  virtual std::optional<Access> access_to_write(Did did) const = 0;
  virtual Outcome write_identifier(Did did, ByteView value) = 0;
  /// nullopt: no such routine.
  virtual std::optional<Access> access_to_routine(RoutineId routine) const = 0;
  virtual Outcome start_routine(RoutineId routine, ByteView record, const Pending& pending) = 0;
  /// nullopt: accepted.
  virtual std::optional<Nrc> begin_download(const Download& download) = 0;
  /// The next bytes, in order and never more than announced. nullopt: stored.
  virtual std::optional<Nrc> store(ByteView bytes) = 0;
  /// All bytes came. nullopt: stored for good.
  virtual std::optional<Nrc> end_download() = 0;
  /// A download ended before its last byte, by a session change or a new 34.
  virtual void abandon_download() = 0;
};

/// Where the count of failed unlockings outlives a reset.
class AccessMemory {
 public:
  virtual ~AccessMemory() = default;
  virtual unsigned failed_attempts() const = 0;
  /// False if it could not be stored; then nothing is unlocked.
  virtual bool store_failed_attempts(unsigned count) = 0;
};

struct ServerSettings {
  std::chrono::milliseconds s3{5000};  ///< without a request: back to the default session
  std::chrono::milliseconds p2{50};
  std::chrono::milliseconds p2_star{5000};  ///< after each NRC 0x78
  bool seed_and_key = true;                 ///< 27; false where only certificates count
  std::optional<AuthenticationSettings> authentication;  ///< 29; nullopt: not supported
  std::uint8_t access_level = 0x11;  ///< subfunction of the seed request; the key's is one more
  unsigned max_attempts = 3;
  std::chrono::milliseconds attempt_delay{10'000};
  std::uint32_t max_block_bytes = 4 + 16 * 1024;  ///< maxNumberOfBlockLength: the whole 36 request
  std::size_t max_response_bytes = 64 * 1024;
  /// Refusals that one tester gets within a second; more are counted and not said, so that nobody
  /// fills a bus with them.
  unsigned max_refusals = 50;
};

/// What came and was refused; evidence of testers that do not keep to the rules.
struct ServerCounters {
  std::uint64_t requests = 0;
  std::uint64_t refused = 0;      ///< answered negatively (0x78 does not count)
  std::uint64_t busy = 0;         ///< of another tester while one is at work (NRC 0x21)
  std::uint64_t unsolicited = 0;  ///< out of order, locked, wrong session, no request at all
  std::uint64_t unanswered = 0;   ///< refusals beyond ServerSettings::max_refusals
};

/// The key that unlocks: the first 16 bytes of HMAC-SHA256(access key, seed).
Bytes unlock_key(ByteView access_key, ByteView seed);

/// One diagnostic server: sessions, security access, authentication, order of a download. Several
/// testers may ask; the one that leaves the default session has it for itself until it is back, and
/// what it unlocked is its own. Threading: one thread at a time. Source: ISO 14229-1 (services),
/// 14229-2 (timing).
class Server {
 public:
  using Send = std::function<void(Bytes)>;
  enum class Then : std::uint8_t { kNothing, kReset };
  using TesterId = std::uint32_t;  ///< tells testers apart; an address

  Server(ServerSettings settings, Clock clock, crypto::Random& random, Bytes access_key,
         AccessMemory& memory, EcuServices& ecu);

  /// Answers by `send` (nothing, one response, or 0x78 and later one response), then says what is
  /// to be done. `functional`: sent to all ECUs, so that refusals 11, 12, 31, 7E and 7F stay
  /// unsaid.
  Then handle(ByteView request, bool functional, const Send& send, TesterId tester = 0);
  /// Falls back to the default session once S3 has passed. Also done by handle().
  void check_timeout();
  /// Its connection is gone: the session that it had is over, for the others' sake.
  void tester_left(TesterId tester);
  /// As after power-on; the delay after too many tries starts anew.
  void power_on();

  Session session() const { return session_; }
  bool unlocked() const { return unlocked_; }
  /// Of a certificate; empty: nobody is authenticated.
  std::string authenticated_tester() const;
  bool normal_communication() const { return normal_communication_; }
  bool dtc_recording() const { return dtc_recording_; }
  const ServerCounters& counters() const { return counters_; }

 private:
  struct Service;
  static const Service* service_of(std::uint8_t sid);

  Outcome dispatch(ByteView request);
  Outcome session_control(ByteView data);
  Outcome ecu_reset(ByteView data);
  Outcome read(ByteView data);
  Outcome security_access(ByteView data);
  Outcome authentication(ByteView data);
  Outcome prove_ownership(ByteView proof);
  Outcome give_seed();
  Outcome check_key(ByteView key);
  Outcome communication_control(ByteView data);
  Outcome write(ByteView data);
  Outcome routine(ByteView data);
  Outcome request_download(ByteView data);
  Outcome transfer_data(ByteView data);
  Outcome transfer_exit(ByteView data);
  Outcome tester_present(ByteView data);
  Outcome dtc_setting(ByteView data);

  std::optional<Nrc> refused_by(const Access& access) const;
  bool offered(Sid sid) const;
  bool may_program() const;
  Nrc locked_nrc() const;
  bool delay_running() const;
  bool count_attempt(unsigned& attempts);
  Nrc after_failure(unsigned attempts, Nrc nrc);
  bool forgive_attempts();
  bool busy_with_another(TesterId tester) const;
  void enter(Session session);
  void drop_download();
  void say_pending();
  void say_no(Nrc nrc, const Send& send, std::uint8_t sid, TesterId tester);

  ServerSettings settings_;
  Clock clock_;
  crypto::Random& random_;
  Bytes access_key_;
  AccessMemory& memory_;
  EcuServices& ecu_;

  Session session_ = Session::kDefault;
  std::chrono::milliseconds last_request_{};
  TesterId owner_ = 0;  ///< of the session, unless that is the default one
  bool unlocked_ = false;
  std::optional<Authentication> authentication_;
  Bytes seed_;  ///< empty: none was asked for
  std::optional<std::chrono::milliseconds> delay_until_;
  bool normal_communication_ = true;
  bool dtc_recording_ = true;

  bool downloading_ = false;
  std::uint64_t bytes_missing_ = 0;
  std::uint8_t next_block_ = 1;
  bool any_block_ = false;

  const Send* send_ = nullptr;  ///< only within handle()
  std::uint8_t sid_ = 0;
  std::optional<std::chrono::milliseconds> pending_said_;
  bool reset_wanted_ = false;
  struct Refusals {
    std::chrono::milliseconds since{};
    unsigned count = 0;
  };
  std::map<TesterId, Refusals> refusals_;  ///< bounded; the others share one count
  Refusals refusals_of_others_;
  ServerCounters counters_;
};

}  // namespace gatehouse::uds

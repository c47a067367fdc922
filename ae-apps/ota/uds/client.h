#pragma once
#include <functional>
#include <string>
#include <tl/expected.hpp>

#include "ae-apps/ota/crypto/keys.h"
#include "ae-apps/ota/uds/message.h"
#include "ae-apps/ota/uds/transport.h"

namespace gatehouse::uds {

/// Why a request to an ECU had no success.
struct DiagnosticError {
  enum class Kind : std::uint8_t {
    kRefused,    ///< the ECU said no: `nrc`
    kNoAnswer,   ///< nothing in time, or 0x78 again and again
    kTransport,  ///< not connected, or cut off
    kMalformed,  ///< the answer breaks the protocol
    kLocal,      ///< this side gave up: the source of the image, or a cancellation
  };
  Kind kind = Kind::kTransport;
  Nrc nrc = Nrc::kGeneralReject;  ///< of kRefused
  std::string text;  ///< "start routine 0x0202: NRC 0x72 (general programming failure)"
};
template <class T>
using Diagnosis = tl::expected<T, DiagnosticError>;

struct ClientSettings {
  /// P2 of the server and the way there and back. Both are the least: a session in whose answer
  /// (50) the ECU asks for more gets it, up to a minute.
  std::chrono::milliseconds p2{1000};
  std::chrono::milliseconds p2_star{6000};       ///< after each 0x78
  unsigned max_pending = 100;                    ///< 0x78 for one request
  std::chrono::milliseconds max_total{120'000};  ///< for one request with all its 0x78
  unsigned max_busy = 5;                         ///< 0x21 for one request
  std::chrono::milliseconds busy_pause{100};
  unsigned transfer_repeats = 2;  ///< of a 36 whose answer did not come
  unsigned request_repeats = 2;   ///< of another request that may be done twice
};

/// One tester towards one ECU: requests and their responses. Threading: one thread at a time.
class Client {
 public:
  /// Waits in real time; tests give one that does not.
  using Pause = std::function<void(std::chrono::milliseconds)>;
  Client(Transport& transport, ClientSettings settings, Pause pause = {});

  /// The data behind the service id of the positive response. `what` begins the text of an error.
  /// Asked again if nothing came, unless to do it twice is not as to do it once.
  Diagnosis<Bytes> request(ByteView bytes, const std::string& what);

  /// 10; from now on the times of its answer count.
  Diagnosis<void> session(Session session);
  Diagnosis<Bytes> read(Did did);
  Diagnosis<void> write(Did did, ByteView value);
  /// Status record behind the routine's id.
  Diagnosis<Bytes> start_routine(RoutineId routine, ByteView record = {});
  /// 27. If it is not heard whether the key was right, another seed tells.
  Diagnosis<void> unlock(std::uint8_t level, ByteView access_key);
  /// 29: shows the certificate and proves with its key that it is ours.
  Diagnosis<void> authenticate(ByteView certificate_der, const crypto::SigningKey& key);
  Diagnosis<void> reset();

  /// 34; the largest number of data bytes for one transfer().
  Diagnosis<std::size_t> begin_download(std::uint64_t size_bytes, std::uint64_t address = 0,
                                        std::uint8_t format = 0);
  /// 36 with the next block counter. Sent again, with the same counter, when no answer came.
  Diagnosis<void> transfer(ByteView data);
  /// 37. Done by an earlier request whose answer was lost is done.
  Diagnosis<void> end_download();

  /// Responses to something that was not asked. They are dropped.
  std::uint64_t unsolicited() const { return unsolicited_; }

 private:
  Diagnosis<Bytes> request_once(ByteView bytes, const std::string& what);
  void take_later(Diagnosis<Bytes>& answer, ByteView request, const std::string& what);
  Diagnosis<void> request_block(ByteView bytes);
  Diagnosis<Response> await(std::uint8_t sid, const std::string& what);
  /// The response repeats what the request named (subfunction, identifier, counter), else
  /// kMalformed.
  Diagnosis<Bytes> request_echoed(ByteView bytes, std::size_t echoed_bytes,
                                  const std::string& what);

  Transport& transport_;
  ClientSettings settings_;
  Pause pause_;
  std::chrono::milliseconds p2_, p2_star_;  ///< of the session
  bool silent_ = false;                     ///< the last request had no answer at all
  std::uint8_t next_block_ = 1;
  std::uint64_t unsolicited_ = 0;
};

}  // namespace gatehouse::uds

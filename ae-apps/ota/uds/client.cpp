#include "ae-apps/ota/uds/client.h"

#include <algorithm>
#include <thread>

#include "ae-apps/ota/uds/server.h"

namespace gatehouse::uds {
namespace {

using Kind = DiagnosticError::Kind;

tl::unexpected<DiagnosticError> failed(Kind kind, std::string text) {
  return tl::make_unexpected(DiagnosticError{kind, Nrc::kGeneralReject, std::move(text)});
}

tl::unexpected<DiagnosticError> refused(Nrc nrc, const std::string& what) {
  return tl::make_unexpected(DiagnosticError{Kind::kRefused, nrc, what + ": " + describe(nrc)});
}

std::string hex16(std::uint16_t value) {
  Bytes bytes;
  append_number(bytes, value, 2);
  return "0x" + to_hex(bytes);
}

/// No ECU may make us set aside more for one block.
constexpr std::uint64_t kLargestBlock = 64 * 1024;
/// Nor keep us waiting longer, whatever it asks for.
constexpr std::chrono::milliseconds kLongestWait{60'000};

/// Whether a request does no more when it comes twice. What is not here is repeated, if at all, by
/// whoever knows how to find out what became of the first one.
bool may_come_twice(ByteView request) {
  const auto word = [&](std::size_t at) {
    return request.size() < at + 2 ? std::uint64_t{0} : number_in(request.subspan(at, 2));
  };
  switch (static_cast<Sid>(request[0])) {
    case Sid::kSessionControl:
    case Sid::kWriteDataByIdentifier:
    case Sid::kCommunicationControl:
    case Sid::kControlDtcSetting:
    case Sid::kTesterPresent:
    case Sid::kRequestDownload:  // begins anew
      return true;
    case Sid::kReadDataByIdentifier:
      return word(1) != kDidVersionReport;  // uses up its challenge
    case Sid::kSecurityAccess:              // the seed; a key is a try
      return request.size() > 1 && request[1] % 2 == 1;
    case Sid::kRoutineControl:
      return word(2) != kRoutineConfirm;  // then there is no trial to be confirmed any more
    default:
      return false;
  }
}

}  // namespace

Client::Client(Transport& transport, ClientSettings settings, Pause pause)
    : transport_(transport),
      settings_(settings),
      pause_(std::move(pause)),
      p2_(settings.p2),
      p2_star_(settings.p2_star) {
  if (!pause_) pause_ = [](std::chrono::milliseconds span) { std::this_thread::sleep_for(span); };
}

Diagnosis<Response> Client::await(std::uint8_t sid, const std::string& what) {
  const auto start = std::chrono::steady_clock::now();
  auto limit = p2_;
  for (unsigned pending = 0;;) {
    const Result<Bytes> bytes = transport_.receive(limit);
    if (!bytes) {
      silent_ = bytes.error().rsc == Rsc::kRequestTimeout;
      return failed(silent_ ? Kind::kNoAnswer : Kind::kTransport,
                    what + ": " + bytes.error().detail);
    }
    auto response = decode_response(*bytes);
    if (!response || response->sid != sid) {
      ++unsolicited_;
      if (std::chrono::steady_clock::now() - start > settings_.max_total) {
        return failed(Kind::kNoAnswer, what + ": only unasked messages came");
      }
      continue;
    }
    if (!response->nrc || advice_of(*response->nrc) != Advice::kWait) return *std::move(response);
    if (++pending > settings_.max_pending ||
        std::chrono::steady_clock::now() - start > settings_.max_total) {
      return failed(Kind::kNoAnswer, what + ": the ECU only ever says that it is still busy");
    }
    limit = p2_star_;
  }
}

Diagnosis<Bytes> Client::request(ByteView bytes, const std::string& what) {
  Diagnosis<Bytes> answer = request_once(bytes, what);
  if (!silent_ || !may_come_twice(bytes)) return answer;
  for (unsigned again = 0; silent_ && again < settings_.request_repeats; ++again) {
    answer = request_once(bytes, what);
  }
  if (!silent_) take_later(answer, bytes, what);
  return answer;
}

/// The ECU may only have been slow, and answers each of them: what it says last counts (of seeds no
/// other does), and nothing of it is left for the next request.
void Client::take_later(Diagnosis<Bytes>& answer, ByteView request, const std::string& what) {
  for (unsigned late = 0; late < settings_.request_repeats; ++late) {
    Diagnosis<Response> next = await(request[0], what);
    if (!next) break;
    ++unsolicited_;
    if (next->nrc) {
      answer = refused(*next->nrc, what);
    } else {
      answer = std::move(next->data);
    }
  }
  silent_ = false;
}

Diagnosis<Bytes> Client::request_once(ByteView bytes, const std::string& what) {
  silent_ = false;
  for (unsigned busy = 0;;) {
    if (const auto sent = transport_.send(bytes); !sent) {
      silent_ = sent.error().rsc == Rsc::kRequestTimeout;
      return failed(silent_ ? Kind::kNoAnswer : Kind::kTransport,
                    what + ": " + sent.error().detail);
    }
    Diagnosis<Response> response = await(bytes[0], what);
    if (!response) return tl::make_unexpected(response.error());
    if (!response->nrc) return std::move(response->data);
    if (advice_of(*response->nrc) != Advice::kRepeat || ++busy > settings_.max_busy) {
      return refused(*response->nrc, what);
    }
    pause_(settings_.busy_pause);
  }
}

Diagnosis<Bytes> Client::request_echoed(ByteView bytes, std::size_t echoed_bytes,
                                        const std::string& what) {
  Diagnosis<Bytes> data = request(bytes, what);
  if (!data) return data;
  const ByteView echo = bytes.subspan(1, echoed_bytes);
  if (data->size() < echoed_bytes || !std::equal(echo.begin(), echo.end(), data->begin())) {
    return failed(Kind::kMalformed, what + ": the answer is to another request");
  }
  data->erase(data->begin(), data->begin() + static_cast<std::ptrdiff_t>(echoed_bytes));
  return data;
}

Diagnosis<void> Client::session(Session session) {
  const auto number = static_cast<std::uint8_t>(session);
  const auto data = request_echoed(encode_subfunction(Sid::kSessionControl, number), 1,
                                   "session " + std::to_string(number));
  if (!data) return tl::make_unexpected(data.error());
  if (data->size() < 4) return {};  // as before 2006: it does not say
  const auto times = ByteView(*data);
  const std::chrono::milliseconds p2(number_in(times.first(2)));
  const std::chrono::milliseconds p2_star(10 * number_in(times.subspan(2, 2)));
  p2_ = std::max(settings_.p2, std::min(p2, kLongestWait));
  p2_star_ = std::max(settings_.p2_star, std::min(p2_star, kLongestWait));
  return {};
}

Diagnosis<Bytes> Client::read(Did did) {
  return request_echoed(encode_read(did), 2, "read " + hex16(did));
}

Diagnosis<void> Client::write(Did did, ByteView value) {
  const auto data = request_echoed(encode_write(did, value), 2, "write " + hex16(did));
  if (!data) return tl::make_unexpected(data.error());
  return {};
}

Diagnosis<Bytes> Client::start_routine(RoutineId routine, ByteView record) {
  return request_echoed(encode_routine(1, routine, record), 3, "start routine " + hex16(routine));
}

Diagnosis<void> Client::unlock(std::uint8_t level, ByteView access_key) {
  const auto key_level = static_cast<std::uint8_t>(level + 1);
  for (unsigned again = 0;; ++again) {
    const auto seed = request_echoed(encode_subfunction(Sid::kSecurityAccess, level), 1, "seed");
    if (!seed) return tl::make_unexpected(seed.error());
    if (seed->empty()) return failed(Kind::kMalformed, "seed: none came");
    if (std::all_of(seed->begin(), seed->end(), [](std::uint8_t b) { return b == 0; })) return {};
    const Bytes key = unlock_key(access_key, *seed);
    const auto unlocked =
        request_echoed(encode_subfunction(Sid::kSecurityAccess, key_level, key), 1, "key");
    if (unlocked) return {};
    if (!silent_ || again >= settings_.request_repeats) {
      return tl::make_unexpected(unlocked.error());
    }
  }
}

Diagnosis<void> Client::authenticate(ByteView certificate_der, const crypto::SigningKey& key) {
  const auto shown = request_echoed(encode_certificate_request(certificate_der), 1, "certificate");
  if (!shown) return tl::make_unexpected(shown.error());
  const auto challenge = challenge_in(*shown);
  if (!challenge) return failed(Kind::kMalformed, "certificate: no challenge in the answer");
  const Result<Bytes> proof = key.sign(proof_input(*challenge));
  if (!proof) return failed(Kind::kLocal, "certificate: " + proof.error().detail);
  const auto proven = request_echoed(encode_proof_request(*proof), 1, "proof of ownership");
  if (!proven) return tl::make_unexpected(proven.error());
  if (proven->empty() ||
      proven->front() != static_cast<std::uint8_t>(AuthenticationReturn::kComplete)) {
    return failed(Kind::kMalformed, "proof of ownership: not complete");
  }
  return {};
}

Diagnosis<void> Client::reset() {
  const auto data = request_echoed(encode_subfunction(Sid::kEcuReset, 1), 1, "reset");
  if (!data) return tl::make_unexpected(data.error());
  return {};
}

Diagnosis<std::size_t> Client::begin_download(std::uint64_t size_bytes, std::uint64_t address,
                                              std::uint8_t format) {
  if (size_bytes == 0 || size_bytes > 0xFFFFFFFFu) {
    return failed(Kind::kLocal, "request download: size out of range");
  }
  const auto data = request(encode_download({format, address, size_bytes}), "request download");
  if (!data) return tl::make_unexpected(data.error());
  const auto block = decode_download_response(*data);
  if (!block) return failed(Kind::kMalformed, "request download: no block length in the answer");
  next_block_ = 1;
  return static_cast<std::size_t>(std::min(*block, kLargestBlock) - 2);  // 36 and its counter
}

Diagnosis<void> Client::request_block(ByteView bytes) {
  const std::string what = "transfer data";
  Diagnosis<Bytes> answer = request(bytes, what);
  // The answer to the block before, which was sent twice: ours is still to come.
  for (unsigned late = 0; late <= settings_.transfer_repeats; ++late) {
    if (!answer) return tl::make_unexpected(answer.error());
    if (!answer->empty() && answer->front() == bytes[1]) return {};
    if (answer->empty() || answer->front() != static_cast<std::uint8_t>(bytes[1] - 1)) break;
    ++unsolicited_;
    Diagnosis<Response> next = await(bytes[0], what);
    if (!next) return tl::make_unexpected(next.error());
    if (next->nrc) return refused(*next->nrc, what);
    answer = std::move(next->data);
  }
  return failed(Kind::kMalformed, what + ": the answer is to another block");
}

Diagnosis<void> Client::transfer(ByteView data) {
  const Bytes request_bytes = encode_transfer(next_block_, data);
  for (unsigned repeats = 0;; ++repeats) {
    const auto answer = request_block(request_bytes);
    if (answer) break;
    if (answer.error().kind != Kind::kNoAnswer || repeats >= settings_.transfer_repeats) {
      return tl::make_unexpected(answer.error());
    }
  }
  ++next_block_;  // 0xFF is followed by 0x00
  return {};
}

Diagnosis<void> Client::end_download() {
  const Bytes exit = encode_simple(Sid::kRequestTransferExit, {});
  auto data = request(exit, "transfer exit");
  for (unsigned again = 0; silent_ && again < settings_.request_repeats; ++again) {
    data = request(exit, "transfer exit");
    // Only what came whole can be ended, and the ECU checks it as a whole.
    if (!data && data.error().nrc == Nrc::kRequestSequenceError) return {};
  }
  if (!data) return tl::make_unexpected(data.error());
  return {};
}

}  // namespace gatehouse::uds

#pragma once
// Internal: includes Beast. Only for conversation.cpp and server.cpp.
#include <deque>
#include <map>

#include "bindings/http/http2.h"
#include "bindings/http/mapping.h"
#include "bindings/http/message_parser.h"
#include "bindings/http/worker.h"

namespace gatehouse::http {

/// The talk on one connection without its socket: bytes in, requests handed on, answers in the
/// order of the requests out. Threading: the worker's thread only.
class Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  explicit Conversation(std::shared_ptr<Worker> worker) : worker_(std::move(worker)) {}
  virtual ~Conversation() = default;

  /// The answer to the request of that number; a second one is ignored.
  void complete(std::uint64_t number, const Response& response);
  /// Sends what is ready and no longer waits for earlier answers.
  virtual void flush() = 0;
  virtual void close() = 0;
  /// No more requests; closes as soon as the answers to those in flight are sent.
  void drain();
  void check_deadline(Clock::time_point now);
  /// False: the other end's certificate is no longer good. Only once the handshake is done.
  virtual bool is_trusted() const { return true; }
  bool has_begun() const { return peer_ != nullptr; }

  std::size_t index = 0;               ///< place in the worker's list
  std::uint32_t trust_generation = 0;  ///< of the files by which its peer was believed last

 protected:
  /// Where an answer will go. The front slot is the oldest request without a sent answer.
  struct Slot {
    Negotiated style;
    bool keep_alive = true;
    bool http_1_0 = false;
    bool is_head = false;
    bool ready = false;
    int status = 0;
    std::string more_fields;  ///< header fields of the answer: CORS, WWW-Authenticate
    bool is_get = false;      ///< of a primitive: its answer gets an ETag
    std::string if_match, if_none_match;
    std::string bytes;
    std::shared_ptr<BodySource> source;
    std::uint64_t source_bytes = 0;
  };

  // --- input
  /// Free room for at least a kilobyte of further input.
  asio::mutable_buffer input_room();
  /// Takes `bytes` that were written to input_room(): parses, hands on, gathers answers in `out_`.
  void take_input(std::size_t bytes);
  /// Goes on with input that waited for room among the slots.
  void resume_input() { take_input(0); }
  bool wants_input() const { return reading_ && slots_.size() < settings().max_pipelined; }
  /// From here on the bytes are HTTP/2: agreed on by ALPN, or seen by its preface.
  void begin_http2();

  // --- output
  bool has_output() {
    if (http2_ && out_.empty()) out_ = http2_->output();
    return !out_.empty() || stream_;
  }
  /// The next bytes to write, or an empty string; call again when they are written.
  std::string take_output();
  bool is_finished() {
    const bool done = !reading_ || (draining_ && http2_ && !http2_->has_streams());
    return done && slots_.empty() && !has_output();
  }

  const ServerSettings& settings() const { return worker_->common->settings; }
  void set_idle_deadline();

  std::shared_ptr<Worker> worker_;
  std::shared_ptr<const Peer> peer_;
  bool reading_ = true;  ///< false: no further request is accepted
  bool broken_ = false;  ///< a promised body could not be delivered: cut the connection
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point write_deadline_ = Clock::time_point::max();

 private:
  void parse_input();
  bool on_progress();
  void on_message();
  bool is_preface();
  void take_frames();
  void on_stream(std::int32_t number, Http2Request request, int refused);
  void serve(Slot& slot, std::uint64_t number);
  void serve_primitive(Slot& slot, std::uint64_t number);
  /// False: the request wants a condition that cannot be kept.
  bool take_conditions(Slot& slot) const;
  /// The answer in `slot` is whole.
  void finished(std::uint64_t number);
  /// Who is asking, by the connection or by a bearer token; nullopt where nobody may. Also sets
  /// what the slot then answers.
  std::optional<Error> prove(Request& request, Slot& slot) const;
  bool serve_page(Slot& slot);
  void answer_options(Slot& slot);
  void finish_page(Slot& slot, Page page);
  void refuse(int status, Rsc rsc, std::string_view why);
  Response refusal(Slot& slot, int status, Rsc rsc, std::string_view why) const;
  void add_more_fields(Slot& slot) const;
  void append_to(std::string& out, const Slot& slot, const Response& response) const;
  void promote();

  Message message_;
  std::optional<MessageParser<true>> parser_;
  std::vector<char> input_;
  std::size_t begin_ = 0, end_ = 0;
  bool parsing_ = false;

  std::unique_ptr<Http2> http2_;
  std::map<std::uint64_t, Slot> streams_;  ///< of HTTP/2, in place of slots_
  bool greeted_ = false;                   ///< HTTP/2's preface has come
  bool fresh_ = true;                      ///< nothing has been read that tells the protocol
  bool draining_ = false;

  std::deque<Slot> slots_;
  std::uint64_t front_number_ = 0;
  std::string out_;
  std::shared_ptr<BodySource> stream_;
  std::uint64_t stream_left_ = 0;
};

}  // namespace gatehouse::http

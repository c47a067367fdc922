#include "bindings/http/conversation.h"

#include <exception>

#include "bindings/http/message_writer.h"

namespace gatehouse::http {
namespace {

constexpr std::size_t kSmallInput = 4u << 10;
constexpr std::size_t kLargeInput = 64u << 10;
constexpr std::size_t kLeastRoom = 1u << 10;
constexpr std::size_t kBlockBytes = 64u << 10;  // of a streamed body

constexpr std::string_view kExposedFields =
    "X-M2M-RI, X-M2M-RSC, X-M2M-RVI, X-M2M-Origin, X-M2M-OT, X-M2M-RST, X-M2M-EC, X-M2M-CTS, "
    "X-M2M-CTO, X-M2M-VSI, X-M2M-ATI, X-M2M-ASRI, X-Gatehouse-Compat, Content-Location, ETag";
constexpr const char* kNoCondition =
    "If-Match, If-None-Match: a change cannot depend on an entity tag; leave the field out";
constexpr std::string_view kMethods = "GET, POST, PUT, DELETE, OPTIONS";
constexpr std::string_view kAllowedFields =
    "X-M2M-Origin, X-M2M-RI, X-M2M-RVI, X-M2M-GID, X-M2M-RTU, X-M2M-OT, X-M2M-RET, X-M2M-RST, "
    "X-M2M-OET, X-M2M-EC, X-M2M-VSI, X-M2M-AS, Content-Type, Accept, Authorization, "
    "If-Match, If-None-Match";

}  // namespace

// --- input
// ----------------------------------------------------------------------------------------------------------

asio::mutable_buffer Conversation::input_room() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
    const bool in_body = http2_ || (parser_ && message_.header_done);
    const std::size_t wanted = in_body ? kLargeInput : kSmallInput;
    if (input_.size() != wanted) std::vector<char>(wanted).swap(input_);
  } else if (input_.size() - end_ < kLeastRoom) {
    if (begin_ > 0) {
      std::copy(input_.begin() + static_cast<std::ptrdiff_t>(begin_),
                input_.begin() + static_cast<std::ptrdiff_t>(end_), input_.begin());
      end_ -= begin_;
      begin_ = 0;
    }
    if (input_.size() - end_ < kLeastRoom) input_.resize(input_.size() * 2);
  }
  return asio::buffer(input_.data() + end_, input_.size() - end_);
}

void Conversation::take_input(std::size_t bytes) {
  end_ += bytes;
  parsing_ = true;
  http2_ ? take_frames() : parse_input();
  parsing_ = false;
}

void Conversation::parse_input() {
  if (fresh_ && is_preface()) return;
  while (begin_ < end_ && wants_input()) {
    if (!parser_) {
      if (input_[begin_] == '\r' || input_[begin_] == '\n') {  // RFC 9112 clause 2.2
        ++begin_;
        continue;
      }
      parser_.emplace(message_);
      parser_->header_limit(static_cast<std::uint32_t>(settings().max_header_bytes));
      parser_->body_limit(settings().max_body_bytes);
      deadline_ = Clock::now() + settings().header_timeout;
    }
    const bool had_header = message_.header_done;
    boost::system::error_code error;
    parser_->set_input(input_.data() + begin_, end_ - begin_);
    begin_ += parser_->put(asio::buffer(input_.data() + begin_, end_ - begin_), error);
    if (error && error != boost::beast::http::error::need_more) {
      if (error == boost::beast::http::error::header_limit) {
        return refuse(431, Rsc::kBadRequest, "the header is longer than this entity accepts");
      }
      if (error == boost::beast::http::error::body_limit) {
        return refuse(413, Rsc::kBadRequest, "the body is longer than this entity accepts");
      }
      return refuse(400, Rsc::kBadRequest, "the request is not HTTP/1.1: " + error.message());
    }
    if (!had_header && message_.header_done && !on_progress()) return;
    if (parser_->is_done()) {
      on_message();
    } else if (error || begin_ == end_) {
      break;  // needs more
    }
  }
}

/// The header has just ended. False: the request was refused.
bool Conversation::on_progress() {
  if (message_.has_folded_field) {
    refuse(400, Rsc::kBadRequest, "a header field is folded over lines");
    return false;
  }
  if (message_.version >= 11 && !message_.has_host) {
    refuse(400, Rsc::kBadRequest, "Host: is missing");
    return false;
  }
  if (parser_->is_done()) return true;
  deadline_ = Clock::now() + settings().body_timeout;
  if (message_.expects_continue && slots_.empty() && begin_ == end_) {
    out_ += "HTTP/1.1 100 \r\n\r\n";
  }
  message_.hold_header();
  return true;
}

void Conversation::on_message() {
  Slot& slot = slots_.emplace_back();
  slot.keep_alive = parser_->keep_alive();
  slot.http_1_0 = message_.version < 11;
  parser_.reset();
  if (!slot.keep_alive) reading_ = false;
  deadline_ = Clock::time_point::max();
  serve(slot, front_number_ + slots_.size() - 1);
}

void Conversation::serve(Slot& slot, std::uint64_t number) {
  slot.is_head = message_.method == "HEAD";
  worker_->common->requests.fetch_add(1, std::memory_order_relaxed);
  if (settings().cors.enabled) add_more_fields(slot);
  if (message_.method == "OPTIONS") {
    answer_options(slot);
    finished(number);
  } else if (worker_->common->pages && find_header(message_.headers, "X-M2M-RI").empty() &&
             serve_page(slot)) {
    finished(number);
  } else {
    serve_primitive(slot, number);
  }
}

void Conversation::serve_primitive(Slot& slot, std::uint64_t number) {
  const RequestParts parts{message_.method, message_.target, &message_.headers, message_.body};
  Incoming in = read_request(parts, worker_->common->codecs, worker_->common->decode_limits);
  slot.style = in.answer;
  if (in.refusal) {
    if (in.refusal->rsc == Rsc::kOperationNotAllowed) slot.status = 405;
    return complete(number, error_response(in.request, *in.refusal));
  }
  if (const auto unproven = prove(in.request, slot))
    return complete(number, error_response(in.request, *unproven));
  if (!take_conditions(slot)) {
    slot.status = 412;
    return complete(number, error_response(in.request, {Rsc::kBadRequest, kNoCondition}));
  }
  // What a handler that breaks its promise leaves unanswered is answered here, at the request
  // boundary.
  try {
    worker_->common->handler.handle(std::move(in.request),
                                    [weak = weak_from_this(), number](Response&& response) {
                                      const std::shared_ptr<Conversation> self = weak.lock();
                                      if (!self) return;
                                      Worker& worker = *self->worker_;
                                      if (!worker.is_this_thread()) {
                                        worker.deliver(self, number, std::move(response));
                                      } else {
                                        self->complete(number, response);
                                        if (!self->parsing_) self->flush();
                                      }
                                    });
  } catch (const std::exception&) {
    // The request boundary: a handler that breaks its promise costs its request, not the program.
    complete(number, error_response(Request{}, {Rsc::kInternalServerError, "internal error"}));
  }
}

/// A GET is compared when its answer is there. To compare and change in one step is not the
/// binding's to do, so what asks for it is refused, whatever the state: a client that is told 412
/// has overwritten nothing. Source: RFC 9110 clause 13.2.
bool Conversation::take_conditions(Slot& slot) const {
  const std::string_view match = find_header(message_.headers, "If-Match");
  const std::string_view none_match = find_header(message_.headers, "If-None-Match");
  slot.is_get = message_.method == "GET";
  if (slot.is_get) {
    slot.if_match = match;
    slot.if_none_match = none_match;
    return true;
  }
  return (match.empty() || match == "*") && none_match.empty();
}

std::optional<Error> Conversation::prove(Request& request, Slot& slot) const {
  request.peer = peer_;
  const auto& tokens = settings().tokens;
  const auto token = tokens ? bearer_token_of(find_header(message_.headers, "Authorization"))
                            : std::optional<std::string_view>{};
  // The field also carries oneM2M tokens (tkns, TS-0009 clause 6.4): a JWT has dots, ours do not.
  if (token && token->find('.') == token->npos) {
    if (auto identity = tokens->find(*token)) {
      request.other.erase("tkns");
      request.peer = with_token(*peer_, *std::move(identity));
      return std::nullopt;
    }
    slot.status = 401;
    append_field(slot.more_fields, "WWW-Authenticate", "Bearer error=\"invalid_token\"");
    return Error{Rsc::kOriginatorNotAuthenticated,
                 "Authorization: the bearer token is unknown or has expired"};
  }
  if (!settings().require_proof || peer_->authenticated) return std::nullopt;
  slot.status = 401;
  append_field(slot.more_fields, "WWW-Authenticate", "Bearer");
  return Error{request.from.starts_with('/') ? Rsc::kSecurityAssociationRequired
                                             : Rsc::kOriginatorNotAuthenticated,
               "fr (From): needs a client certificate or a bearer token"};
}

// --- HTTP/2
// ---------------------------------------------------------------------------------------------------------

void Conversation::begin_http2() {
  fresh_ = false;
  const ServerSettings& s = settings();
  deadline_ = Clock::now() + s.header_timeout;
  http2_ = std::make_unique<Http2>(Http2Limits{s.max_pipelined, s.max_header_bytes,
                                               s.max_body_bytes, s.header_timeout, s.body_timeout},
                                   [this](std::int32_t stream, Http2Request request, int refused) {
                                     on_stream(stream, std::move(request), refused);
                                   });
}

/// True: there is nothing for HTTP/1.1 in this input. Source: RFC 9113 clause 3.3 (prior
/// knowledge).
bool Conversation::is_preface() {
  constexpr std::string_view kPreface = "PRI ";  // of 24 bytes; no method begins like this
  const std::string_view seen(input_.data() + begin_, end_ - begin_);
  if (seen.size() < kPreface.size() && kPreface.starts_with(seen)) return true;
  fresh_ = false;
  if (!settings().http2 || !seen.starts_with(kPreface)) return false;
  begin_http2();
  take_frames();
  return true;
}

void Conversation::take_frames() {
  if (begin_ == end_) return;
  // What nghttp2 has to say of an error still goes out.
  if (!http2_->take({input_.data() + begin_, end_ - begin_})) reading_ = false;
  begin_ = end_ = 0;
  const bool knew = std::exchange(greeted_, http2_->greeted());
  if (greeted_ && (!knew || http2_->has_streams())) deadline_ = Clock::time_point::max();
}

void Conversation::on_stream(std::int32_t number, Http2Request request, int refused) {
  // Who takes back what the handler is still busy with gets no room for more (RFC 9113
  // clause 10.5).
  if (streams_.size() >= 2 * settings().max_pipelined) {
    reading_ = false;
    return;
  }
  message_.clear();
  message_.method = std::move(request.method);
  message_.target = std::move(request.target);
  message_.body = std::move(request.body);
  for (const auto& [name, value] : request.fields) message_.headers.push_back({name, value});
  const auto key = static_cast<std::uint64_t>(number);
  Slot& slot = streams_[key];
  if (refused == 0) {
    serve(slot, key);
  } else if (refused == 408) {
    complete(key,
             refusal(slot, refused, Rsc::kRequestTimeout, "the request did not arrive in time"));
  } else {
    complete(key, refusal(slot, refused, Rsc::kBadRequest,
                          refused == 431 ? "the header is longer than this entity accepts"
                                         : "the body is longer than this entity accepts"));
  }
  message_.headers.clear();  // views of what ends here
}

void Conversation::finished(std::uint64_t number) {
  if (!http2_) return promote();
  const auto slot = streams_.extract(number);
  if (slot.empty()) return;
  Slot& answer = slot.mapped();
  http2_->answer(static_cast<std::int32_t>(number), answer.bytes, std::move(answer.source),
                 answer.source_bytes);
}

// --- answers that are no primitives
// ---------------------------------------------------------------------------------

Response Conversation::refusal(Slot& slot, int status, Rsc rsc, std::string_view why) const {
  slot.style = {&worker_->common->codecs.preferred(), false};
  slot.status = status;
  Response response;
  response.rsc = rsc;
  response.request_identifier = find_header(message_.headers, "X-M2M-RI");
  response.content = Value::object({{"m2m:dbg", why}});
  return response;
}

void Conversation::refuse(int status, Rsc rsc, std::string_view why) {
  reading_ = false;
  Slot& slot = slots_.emplace_back();
  slot.keep_alive = false;
  const Response response = refusal(slot, status, rsc, why);
  parser_.reset();
  begin_ = end_ = 0;
  deadline_ = Clock::time_point::max();
  complete(front_number_ + slots_.size() - 1, response);
}

void Conversation::add_more_fields(Slot& slot) const {
  const std::string_view origin = find_header(message_.headers, "Origin");
  const auto& allowed = settings().cors.origins;
  const bool everyone = std::find(allowed.begin(), allowed.end(), "*") != allowed.end();
  if (origin.empty()) return;
  if (!everyone && std::find(allowed.begin(), allowed.end(), origin) == allowed.end()) return;
  append_field(slot.more_fields, "Access-Control-Allow-Origin", everyone ? "*" : origin);
  if (!everyone) append_field(slot.more_fields, "Vary", "Origin");
  append_field(slot.more_fields, "Access-Control-Expose-Headers", kExposedFields);
}

void Conversation::answer_options(Slot& slot) {
  Page page;
  page.status = 204;
  page.content_type.clear();
  page.headers.emplace_back("Allow", kMethods);
  if (!slot.more_fields.empty() &&
      !find_header(message_.headers, "Access-Control-Request-Method").empty()) {
    page.headers.emplace_back("Access-Control-Allow-Methods", kMethods);
    page.headers.emplace_back("Access-Control-Allow-Headers", kAllowedFields);
    page.headers.emplace_back("Access-Control-Max-Age", "600");
  }
  finish_page(slot, std::move(page));
}

bool Conversation::serve_page(Slot& slot) {
  const std::string_view target = message_.target;
  const std::size_t question = std::min(target.find('?'), target.size());
  PageRequest request;
  request.method = message_.method;
  request.path = target.substr(0, question);
  if (question < target.size()) request.query = target.substr(question + 1);
  request.headers = &message_.headers;
  request.body = message_.body;
  request.peer = peer_.get();
  std::optional<Page> page;
  try {
    page = worker_->common->pages(request);
  } catch (const std::exception&) {
    page = Page{500, "text/plain; charset=utf-8", {}, "internal error\n", nullptr, 0};
  }
  if (!page) return false;
  finish_page(slot, *std::move(page));
  return true;
}

void Conversation::finish_page(Slot& slot, Page page) {
  std::string& out = slot.bytes;
  out += "HTTP/1.1 ";
  append_number(out, page.status);
  out += " \r\n";
  if (!page.content_type.empty()) append_field(out, "Content-Type", page.content_type);
  for (const auto& [name, value] : page.headers) append_field(out, name, value);
  out += slot.more_fields;
  out += worker_->date_line();
  if (!slot.keep_alive) out += "Connection: close\r\n";
  if (slot.keep_alive && slot.http_1_0) out += "Connection: keep-alive\r\n";
  const bool has_no_length = page.status == 204 || page.status == 304 || page.status < 200;
  if (!has_no_length) {
    out += "Content-Length: ";
    append_number(out,
                  static_cast<std::int64_t>(page.source ? page.source_bytes : page.body.size()));
    out += "\r\n";
  }
  out += "\r\n";
  if (!slot.is_head && !has_no_length) {
    if (page.source && page.source_bytes > 0) {
      slot.source = std::move(page.source);
      slot.source_bytes = page.source_bytes;
    } else {
      out += page.body;
    }
  }
  slot.ready = true;
}

// --- output
// ---------------------------------------------------------------------------------------------------------

void Conversation::append_to(std::string& out, const Slot& slot, const Response& response) const {
  AnswerOptions options{.style = slot.style,
                        .keep_alive = slot.keep_alive,
                        .status = slot.status,
                        .extra_fields = worker_->date_line(),
                        .is_get = slot.is_get,
                        .if_match = slot.if_match,
                        .if_none_match = slot.if_none_match};
  const bool says_keep_alive = slot.http_1_0 && slot.keep_alive;
  if (slot.more_fields.empty() && !says_keep_alive && !slot.is_head) {
    return append_response(out, response, options);
  }
  std::string extra(worker_->date_line());
  extra += slot.more_fields;
  if (says_keep_alive) extra += "Connection: keep-alive\r\n";
  options.extra_fields = extra;
  const std::size_t start = out.size();
  append_response(out, response, options);
  if (slot.is_head) out.resize(out.find("\r\n\r\n", start) + 4);
}

void Conversation::complete(std::uint64_t number, const Response& response) {
  if (http2_) {
    const auto found = streams_.find(number);
    if (found == streams_.end()) return;
    append_to(found->second.bytes, found->second, response);
    return finished(number);
  }
  if (number < front_number_ || number - front_number_ >= slots_.size()) return;
  Slot& slot = slots_[static_cast<std::size_t>(number - front_number_)];
  if (slot.ready) return;
  if (!reading_ && number - front_number_ + 1 == slots_.size()) slot.keep_alive = false;
  const bool is_next = number == front_number_ && !stream_;
  append_to(is_next ? out_ : slot.bytes, slot, response);
  slot.ready = true;
  promote();
}

/// Moves answers whose turn has come to the output.
void Conversation::promote() {
  while (!stream_ && !slots_.empty() && slots_.front().ready) {
    Slot& slot = slots_.front();
    if (out_.empty()) {
      out_.swap(slot.bytes);
    } else {
      out_ += slot.bytes;
    }
    if (slot.source) {
      stream_ = std::move(slot.source);
      stream_left_ = slot.source_bytes;
    }
    slots_.pop_front();
    ++front_number_;
  }
}

std::string Conversation::take_output() {
  std::string block;
  block.swap(out_);
  if (!block.empty() || !stream_) return block;
  block.resize(static_cast<std::size_t>(std::min<std::uint64_t>(stream_left_, kBlockBytes)));
  const std::size_t got = stream_->read(block.data(), block.size());
  if (got == 0 || got > block.size()) {
    broken_ = true;
    stream_.reset();
    block.clear();
    return block;
  }
  block.resize(got);
  stream_left_ -= got;
  if (stream_left_ == 0) {
    stream_.reset();
    promote();
  }
  return block;
}

// --- time
// -----------------------------------------------------------------------------------------------------------

void Conversation::set_idle_deadline() {
  // Neither pings nor bytes of a frame that does not end make a connection less idle.
  const bool waits = deadline_ != Clock::time_point::max();
  if (http2_ && (waits || http2_->has_streams())) return;
  if (!parser_ && slots_.empty()) deadline_ = Clock::now() + settings().idle_timeout;
}

void Conversation::drain() {
  draining_ = true;
  if (http2_) {
    http2_->go_away();
    return flush();
  }
  reading_ = false;
  parser_.reset();
  deadline_ = Clock::time_point::max();
  if (slots_.empty() && !has_output() && write_deadline_ == Clock::time_point::max()) {
    return close();
  }
  if (!slots_.empty()) slots_.back().keep_alive = false;
  flush();
}

void Conversation::check_deadline(Clock::time_point now) {
  if (now >= write_deadline_) {
    worker_->common->timeouts.fetch_add(1, std::memory_order_relaxed);
    return close();
  }
  if (http2_) {
    const std::size_t late = http2_->check_deadlines(now);
    worker_->common->timeouts.fetch_add(late, std::memory_order_relaxed);
    if (late > 0) flush();
  }
  if (now < deadline_) return;
  worker_->common->timeouts.fetch_add(1, std::memory_order_relaxed);
  if (!parser_ || !reading_) return close();
  refuse(408, Rsc::kRequestTimeout, "the request did not arrive in time");
  flush();
}

}  // namespace gatehouse::http

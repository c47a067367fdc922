#include "bindings/http/http2.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <stdexcept>

namespace gatehouse::http {

struct Http2::Stream {
  Http2Request request;
  std::size_t header_bytes = 0;
  Clock::time_point deadline;
  bool received = false;  ///< the request has come to its end, or what comes of it is thrown away
  bool answered = false;
  // The answer:
  std::string body;
  std::size_t sent = 0;
  std::shared_ptr<BodySource> source;
  std::uint64_t source_left = 0;
};

namespace {

constexpr std::size_t kOutputBytes = 64u << 10;

std::string_view view(const std::uint8_t* text, std::size_t size) {
  return {reinterpret_cast<const char*>(text), size};
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::uint8_t* bytes(std::string& text) { return reinterpret_cast<std::uint8_t*>(text.data()); }

/// Fields that have a meaning for one HTTP/1.1 connection only. Source: RFC 9113 clause 8.2.2.
bool is_of_connection(std::string_view name) {
  return name == "connection" || name == "keep-alive" || name == "transfer-encoding";
}

/// Status and fields of an answer in HTTP/1.1's form.
std::vector<std::pair<std::string, std::string>> fields_of(std::string_view head) {
  constexpr std::size_t kStatusAt = 9, kStatusSize = 3;  // behind "HTTP/1.1 "
  std::vector<std::pair<std::string, std::string>> fields;
  fields.emplace_back(":status", head.substr(kStatusAt, kStatusSize));
  for (std::size_t at = head.find("\r\n"); at != head.npos && at + 2 < head.size();) {
    const std::size_t begin = at + 2;
    at = head.find("\r\n", begin);
    const std::string_view line = head.substr(begin, at == head.npos ? head.npos : at - begin);
    const std::size_t colon = line.find(": ");
    if (colon == line.npos) continue;
    std::string name = lower(line.substr(0, colon));
    if (!is_of_connection(name)) fields.emplace_back(std::move(name), line.substr(colon + 2));
  }
  return fields;
}

}  // namespace

/// nghttp2's callbacks; 0 is success.
struct Http2::Callbacks {
  static Http2& self(void* user) { return *static_cast<Http2*>(user); }
  static Stream* find(void* user, std::int32_t id) {
    const auto found = self(user).streams_.find(id);
    return found == self(user).streams_.end() ? nullptr : found->second.get();
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    auto stream = std::make_unique<Stream>();
    stream->deadline = Clock::now() + self(user).limits_.header_timeout;
    self(user).streams_[frame->hd.stream_id] = std::move(stream);
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user) {
    Stream* stream = find(user, frame->hd.stream_id);
    if (!stream || stream->received || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    stream->header_bytes += name_size + value_size;
    if (stream->header_bytes > self(user).limits_.header_bytes) {
      self(user).hand_on(frame->hd.stream_id, 431);
      return 0;
    }
    const std::string_view key = view(name, name_size);
    Http2Request& request = stream->request;
    if (key == ":method") {
      request.method = view(value, value_size);
    } else if (key == ":path") {
      request.target = view(value, value_size);
    } else if (key == ":authority") {
      request.fields.emplace_back("host", view(value, value_size));
    } else if (!key.starts_with(':')) {
      request.fields.emplace_back(key, view(value, value_size));
    }
    return 0;
  }

  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                     std::size_t size, void* user) {
    Stream* stream = find(user, id);
    if (!stream || stream->received) return 0;
    const std::size_t limit = self(user).limits_.body_bytes;
    if (stream->request.body.size() + size > limit || self(user).body_bytes_ + size > 2 * limit) {
      self(user).hand_on(id, 413);
    } else {
      stream->request.body.append(view(data, size));
      self(user).body_bytes_ += size;
    }
    return 0;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_SETTINGS) self(user).greeted_ = true;
    const bool may_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    Stream* stream = may_end ? find(user, frame->hd.stream_id) : nullptr;
    if (!stream || stream->received) return 0;
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
      self(user).hand_on(frame->hd.stream_id, 0);
    } else if (frame->hd.type == NGHTTP2_HEADERS) {
      stream->deadline = Clock::now() + self(user).limits_.body_timeout;
    }
    return 0;
  }

  /// Who is refused before he has said all need not say the rest. Source: RFC 9113 clause 8.1.
  static int on_sent(nghttp2_session* session, const nghttp2_frame* frame, void*) {
    const bool ends = (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
                      (frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    if (ends && nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) == 0) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    }
    return 0;
  }

  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
    Stream* stream = find(user, id);
    if (stream && !stream->received) self(user).body_bytes_ -= stream->request.body.size();
    self(user).streams_.erase(id);
    return 0;
  }

  static ssize_t read_body(nghttp2_session*, std::int32_t id, std::uint8_t* buffer,
                           std::size_t size, std::uint32_t* flags, nghttp2_data_source*,
                           void* user) {
    Stream* stream = find(user, id);
    if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    std::size_t got = std::min(size, stream->body.size() - stream->sent);
    if (got > 0) {
      std::copy_n(stream->body.begin() + static_cast<std::ptrdiff_t>(stream->sent), got, buffer);
      stream->sent += got;
    } else if (stream->source_left > 0) {
      const auto wanted =
          static_cast<std::size_t>(std::min<std::uint64_t>(size, stream->source_left));
      got = stream->source->read(reinterpret_cast<char*>(buffer), wanted);
      if (got == 0 || got > wanted) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
      stream->source_left -= got;
    }
    if (stream->sent == stream->body.size() && stream->source_left == 0) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return static_cast<ssize_t>(got);
  }
};

Http2::Http2(const Http2Limits& limits, OnRequest on_request)
    : limits_(limits), on_request_(std::move(on_request)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) throw std::runtime_error("no memory");
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Callbacks::on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::on_frame);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, Callbacks::on_sent);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::on_close);
  const int failed = nghttp2_session_server_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  if (failed != 0) throw std::runtime_error("no memory");
  constexpr std::uint32_t kWindow = 1u << 20;
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, static_cast<std::uint32_t>(limits.streams)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.header_bytes)},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow},
  };
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindow);
}

Http2::~Http2() { nghttp2_session_del(session_); }

bool Http2::take(std::string_view input) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(input.data());
  return nghttp2_session_mem_recv(session_, data, input.size()) >= 0 &&
         nghttp2_session_want_read(session_) != 0;
}

void Http2::answer(std::int32_t id, std::string_view message, std::shared_ptr<BodySource> source,
                   std::uint64_t source_bytes) {
  const auto found = streams_.find(id);
  if (found == streams_.end() || found->second->answered) return;
  Stream& stream = *found->second;
  stream.source = std::move(source);
  stream.source_left = stream.source ? source_bytes : 0;
  submit(id, stream, message);
}

void Http2::submit(std::int32_t id, Stream& stream, std::string_view message) {
  const std::size_t end = message.find("\r\n\r\n");
  auto fields = fields_of(message.substr(0, end));
  stream.answered = true;
  stream.body = message.substr(std::min(end, message.size() - 4) + 4);
  std::vector<nghttp2_nv> pairs;
  pairs.reserve(fields.size());
  for (auto& [name, value] : fields) {
    pairs.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  nghttp2_data_provider body{};
  body.read_callback = Callbacks::read_body;
  const bool has_body = !stream.body.empty() || stream.source_left > 0;
  nghttp2_submit_response(session_, id, pairs.data(), pairs.size(), has_body ? &body : nullptr);
}

void Http2::hand_on(std::int32_t id, int refused) {
  Stream& stream = *streams_.at(id);
  stream.received = true;
  body_bytes_ -= stream.request.body.size();
  on_request_(id, std::move(stream.request), refused);
}

std::string Http2::output() {
  std::string out;
  while (out.size() < kOutputBytes) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size <= 0) break;
    out.append(view(data, static_cast<std::size_t>(size)));
  }
  return out;
}

void Http2::go_away() {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

std::size_t Http2::check_deadlines(Clock::time_point now) {
  std::vector<std::int32_t> late;
  for (const auto& [id, stream] : streams_) {
    if (!stream->received && now >= stream->deadline) late.push_back(id);
  }
  for (const std::int32_t id : late) hand_on(id, 408);
  return late.size();
}

}  // namespace gatehouse::http

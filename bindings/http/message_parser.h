#pragma once
// Internal: includes Beast. Only for the .cpp files of this folder that hold sockets.
#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/http/page.h"

namespace gatehouse::http {

/// The parts of a message while it arrives; kept over messages so that its memory is used again.
struct Message {
  std::string method, target;  ///< requests
  int status = 0;              ///< responses
  int version = 11;
  std::vector<HeaderField> headers;  ///< views into the input, or into `held`
  std::string held;
  std::string body;
  bool header_done = false;
  bool has_host = false;
  bool expects_continue = false;
  bool has_folded_field = false;  ///< RFC 9112 clause 5.2: to be refused

  void clear() {
    method.clear();
    target.clear();
    headers.clear();
    body.clear();
    if (body.capacity() > kKeptBodyBytes) body.shrink_to_fit();
    status = 0;
    version = 11;
    header_done = has_host = expects_continue = has_folded_field = false;
  }

  /// Copies the header's text, so that the input may move or go.
  void hold_header() {
    std::size_t total =
        kBeyondSmallString;  // text on the heap keeps its place when the string is moved
    for (const HeaderField& f : headers) total += f.name.size() + f.value.size();
    std::string copy;
    copy.reserve(total);
    const auto append = [&copy](std::string_view text) {
      const std::size_t at = copy.size();
      copy += text;
      return std::string_view(copy.data() + at, text.size());
    };
    for (HeaderField& f : headers) f = {append(f.name), append(f.value)};
    held = std::move(copy);
  }

 private:
  static constexpr std::size_t kKeptBodyBytes = 64u << 10;
  static constexpr std::size_t kBeyondSmallString = 64;
};

/// Beast's parser without its containers.
template <bool is_request>
class MessageParser final : public boost::beast::http::basic_parser<is_request> {
  using View = boost::beast::string_view;
  using ErrorCode = boost::beast::error_code;

 public:
  explicit MessageParser(Message& message) : message_(message) {
    message_.clear();
    this->eager(true);
  }

  /// The bytes that the next put() gives; a field outside them stands in a buffer of Beast's own.
  void set_input(const char* data, std::size_t size) { input_ = {data, size}; }

 private:
  void on_request_impl(boost::beast::http::verb, View method_text, View target_text, int version,
                       ErrorCode&) override {
    message_.method.assign(method_text.data(), method_text.size());
    message_.target.assign(target_text.data(), target_text.size());
    message_.version = version;
  }
  void on_response_impl(int code, View, int version, ErrorCode&) override {
    message_.status = code;
    message_.version = version;
  }
  void on_field_impl(boost::beast::http::field name, View name_text, View value,
                     ErrorCode&) override {
    if (message_.header_done) return;  // trailer fields carry nothing for us
    const char* const end = input_.data() + input_.size();
    if (!value.empty() && (value.data() < input_.data() || value.data() >= end)) {
      message_.has_folded_field = true;
      return;
    }
    if (name == boost::beast::http::field::host) message_.has_host = true;
    if (name == boost::beast::http::field::expect) message_.expects_continue = true;
    message_.headers.push_back(
        {{name_text.data(), name_text.size()}, {value.data(), value.size()}});
  }
  void on_header_impl(ErrorCode&) override { message_.header_done = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) override {
    constexpr std::uint64_t kMostAtOnce = 1u << 20;  // a promise alone gets no more memory
    if (length) message_.body.reserve(static_cast<std::size_t>(std::min(*length, kMostAtOnce)));
  }
  std::size_t on_body_impl(View text, ErrorCode&) override {
    message_.body.append(text.data(), text.size());
    return text.size();
  }
  void on_chunk_header_impl(std::uint64_t, View, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View text, ErrorCode&) override {
    message_.body.append(text.data(), text.size());
    return text.size();
  }
  void on_finish_impl(ErrorCode&) override {}

  Message& message_;
  std::string_view input_;
};

}  // namespace gatehouse::http

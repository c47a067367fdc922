#include "bindings/http/client.h"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <deque>
#include <stdexcept>
#include <thread>
#include <unordered_map>

#include "bindings/http/fetched.h"
#include "bindings/http/link.h"
#include "bindings/http/message_writer.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::http {

// --- Link
// -----------------------------------------------------------------------------------------------------------

void Link::run(Job job) {
  job_ = std::move(job);
  outgoing_ = std::move(job_->bytes);
  sent_any_ = answer_began_ = false;
  deadline_ = job_->deadline;
  if (connected_) {
    writing_ = true;
    write(outgoing_);
  } else {
    deadline_ = std::min(deadline_, Clock::now() + settings_.connect_timeout);
  }
}

void Link::on_connected() {
  connected_ = true;
  deadline_ = job_->deadline;
  writing_ = true;
  write(outgoing_);
}

void Link::on_connect_failed(const std::string& why) {
  abandon(Rsc::kTargetNotReachable, authority_of(url_) + ": " + why);
}

void Link::on_written(const boost::system::error_code& error, std::size_t bytes) {
  writing_ = false;
  sent_any_ = sent_any_ || bytes > 0;
  if (error) lost(error.message());
}

bool Link::on_read(const boost::system::error_code& error, std::size_t bytes) {
  const auto keep = shared_from_this();
  if (error) {
    if (job_ && parser_) parse(true);
    if (!closed_) lost(error.message());
    return false;
  }
  if (!job_) {  // nobody asked
    close();
    return false;
  }
  sent_any_ = answer_began_ = true;
  end_ += bytes;
  parse(false);
  return !closed_;
}

void Link::parse(bool at_end) {
  std::size_t begin = 0;
  boost::system::error_code error;
  while (job_ && (begin < end_ || at_end)) {
    if (!parser_) {
      parser_.emplace(message_);
      parser_->header_limit(static_cast<std::uint32_t>(settings_.max_header_bytes));
      parser_->body_limit(settings_.max_body_bytes);
    }
    const bool had_header = message_.header_done;
    if (at_end) {
      parser_->put_eof(error);
    } else {
      parser_->set_input(input_.data() + begin, end_ - begin);
      begin += parser_->put(asio::buffer(input_.data() + begin, end_ - begin), error);
    }
    if (error == boost::beast::http::error::body_limit) {
      return abandon(Rsc::kContentsUnacceptable, "the answer is longer than this entity accepts");
    }
    if (error && error != boost::beast::http::error::need_more) {
      return abandon(Rsc::kTargetNotReachable, "the answer is not HTTP/1.1: " + error.message());
    }
    if (message_.has_folded_field) {
      return abandon(Rsc::kTargetNotReachable, "the answer has a header field folded over lines");
    }
    if (parser_->is_done()) {
      finish_answer();
    } else if (!had_header && message_.header_done) {
      message_.hold_header();
    } else if (error || begin == end_) {
      break;
    }
  }
  if (closed_) return;
  std::copy(input_.begin() + static_cast<std::ptrdiff_t>(begin),
            input_.begin() + static_cast<std::ptrdiff_t>(end_), input_.begin());
  end_ -= begin;
  if (end_ == 0 && input_.size() > kInputBytes) std::vector<char>(kInputBytes).swap(input_);
  if (end_ > 0 && !job_) close();  // more than one answer
}

void Link::finish_answer() {
  if (message_.status / 100 == 1) {  // interim: the real one follows
    parser_.reset();
    return;
  }
  const bool keep_alive = parser_->keep_alive() && !writing_;
  parser_.reset();
  Job job = *std::exchange(job_, std::nullopt);
  const ResponseParts parts{message_.status, &message_.headers, message_.body};
  job.done(&parts, Error{});
  was_used_ = true;
  if (!keep_alive) return close();
  deadline_ = Clock::now() + settings_.idle_timeout;
  owner_.on_free(*this);
}

/// The connection broke. A kept one may have been closed by the server just as the request went
/// out.
void Link::lost(const std::string& why) {
  const bool may_repeat =
      job_ && was_used_ && !answer_began_ && !job_->retried && (job_->idempotent || !sent_any_);
  if (!may_repeat) {
    return abandon(Rsc::kTargetNotReachable, authority_of(url_) + ": connection lost: " + why);
  }
  closed_ = true;
  close_socket();
  Job job = *std::exchange(job_, std::nullopt);
  job.bytes = std::move(outgoing_);
  job.retried = true;
  owner_.on_closed(*this, std::move(job));
}

void Link::check_deadline(Clock::time_point now) {
  if (now < deadline_ || closed_) return;
  if (!job_) return close();
  if (sent_any_) return abandon(Rsc::kRequestTimeout, "no answer in time");
  abandon(Rsc::kTargetNotReachable, authority_of(url_) + ": no connection in time");
}

void Link::abandon(Rsc rsc, const std::string& why) {
  const auto keep = shared_from_this();
  std::optional<Job> job = std::exchange(job_, std::nullopt);
  close();
  if (job) job->fail_with(rsc, why);
}

void Link::close() {
  if (closed_) return;
  closed_ = true;
  close_socket();
  owner_.on_closed(*this, std::nullopt);
}

// --- Client
// ---------------------------------------------------------------------------------------------------------

namespace {

constexpr std::chrono::milliseconds kTick{25};
constexpr std::chrono::hours kLongestRequest{24};

/// The connections to one host, and the requests that wait for one of them.
class Pool final : public LinkOwner {
 public:
  Pool(Url url, const ClientSettings& settings, asio::io_context& io, const TlsContext& tls)
      : url_(std::move(url)), settings_(settings), io_(io), tls_(tls) {}

  void submit(Job job) {
    if (!idle_.empty()) {
      Link* link = idle_.back();
      idle_.pop_back();
      return link->run(std::move(job));
    }
    if (links_.size() < settings_.max_connections_per_host) return open(std::move(job));
    if (waiting_.size() >= settings_.max_waiting_per_host) {
      return job.fail_with(Rsc::kTargetNotReachable, "too many requests wait for this host");
    }
    waiting_.push_back(std::move(job));
  }

  void on_free(Link& link) override {
    if (waiting_.empty()) {
      idle_.push_back(&link);
      return;
    }
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    link.run(std::move(job));
  }

  void on_closed(Link& link, std::optional<Job> unsent) override {
    std::erase(idle_, &link);
    const std::size_t index = link.index;
    std::swap(links_[index], links_.back());
    links_[index]->index = index;
    asio::post(io_, [last = std::move(links_.back())] {});  // `link` is still at work
    links_.pop_back();
    if (unsent) {
      open(*std::move(unsent));
    } else if (!waiting_.empty()) {
      Job job = std::move(waiting_.front());
      waiting_.pop_front();
      open(std::move(job));
    }
  }

  /// False: nothing left that has a deadline.
  bool check_deadlines(Clock::time_point now) {
    std::deque<Job> overdue;
    std::erase_if(waiting_, [&overdue, now](Job& job) {
      if (now < job.deadline) return false;
      overdue.push_back(std::move(job));
      return true;
    });
    for (Job& job : overdue) {
      job.fail_with(Rsc::kTargetNotReachable, authority_of(url_) + ": no free connection in time");
    }
    const auto links = links_;
    for (const auto& link : links) link->check_deadline(now);
    return !links_.empty() || !waiting_.empty();
  }

  void stop() {
    for (Job& job : std::exchange(waiting_, {})) {
      job.fail_with(Rsc::kTargetNotReachable, "the client stops");
    }
    const auto links = links_;
    for (const auto& link : links) link->abandon(Rsc::kTargetNotReachable, "the client stops");
  }

 private:
  void open(Job job) {
    std::shared_ptr<Link> link;
    if (url_.tls) {
      SSL_CTX_up_ref(tls_.get());
      asio::ssl::context context(tls_.get());  // Asio's wrapper, with a reference of its own
      link = std::make_shared<StreamLink<TlsStream>>(*this, settings_, url_, io_, context);
    } else {
      link = std::make_shared<StreamLink<TcpSocket>>(*this, settings_, url_, io_);
    }
    link->index = links_.size();
    links_.push_back(link);
    link->start(std::move(job));
  }

  Url url_;
  const ClientSettings& settings_;
  asio::io_context& io_;
  const TlsContext& tls_;
  std::vector<std::shared_ptr<Link>> links_;
  std::vector<Link*> idle_;
  std::deque<Job> waiting_;
};

/// One thread and the hosts it serves.
class Loop {
 public:
  Loop(const ClientSettings& settings, const TlsContext& tls)
      : settings_(settings), tls_(tls), guard_(io_.get_executor()), ticker_(io_) {
    thread_ = std::thread([this] { io_.run(); });
  }

  void submit(Url url, Job job) {
    if (ended_) return job.fail_with(Rsc::kTargetNotReachable, "the client has stopped");
    asio::post(io_, [this, url = std::move(url), job = std::move(job)]() mutable {
      if (stopped_) return job.fail_with(Rsc::kTargetNotReachable, "the client has stopped");
      const std::string key = (url.tls ? "s" : "p") + authority_of(url);
      auto& pool = pools_[key];
      if (!pool) pool = std::make_unique<Pool>(std::move(url), settings_, io_, tls_);
      pool->submit(std::move(job));
      if (!ticking_) tick();
    });
  }
  void fail_later(Job job, Rsc rsc, std::string why) {
    if (ended_) return job.fail_with(rsc, std::move(why));
    asio::post(io_, [job = std::move(job), rsc, why = std::move(why)]() mutable {
      job.fail_with(rsc, std::move(why));
    });
  }
  void stop() {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] {
      stopped_ = true;
      for (auto& [key, pool] : pools_) pool->stop();
      ticker_.cancel();
      guard_.reset();
    });
    thread_.join();
    ended_ = true;
    io_.restart();
    io_.poll();  // what came in between
  }

 private:
  void tick() {
    bool busy = false;
    const Clock::time_point now = Clock::now();
    for (auto& [key, pool] : pools_) busy = pool->check_deadlines(now) || busy;
    ticking_ = busy && !stopped_;
    if (!ticking_) return;
    ticker_.expires_after(kTick);
    ticker_.async_wait([this](const boost::system::error_code& error) {
      if (!error) tick();
    });
  }

  const ClientSettings& settings_;
  const TlsContext& tls_;
  asio::io_context io_{1};
  asio::executor_work_guard<Executor> guard_;
  asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor> ticker_;
  std::unordered_map<std::string, std::unique_ptr<Pool>> pools_;
  bool ticking_ = false, stopped_ = false;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

Timestamp wall_clock() {
  return {std::chrono::duration_cast<std::chrono::microseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

/// How long the request may take; negative: it has expired.
std::chrono::microseconds time_for(const Request& request, const ClientSettings& settings) {
  if (!request.request_expiration) return settings.request_timeout;
  const Timestamp now = wall_clock();
  const auto end = parse_abs_rel_timestamp(*request.request_expiration, now);
  if (!end) return settings.request_timeout;
  return std::min<std::chrono::microseconds>(*end - now, kLongestRequest);
}

/// Request line and Host of a request that is no primitive.
std::string plain_request(std::string_view method, const Url& url) {
  std::string out(method);
  out.append(" ").append(url.path.empty() ? "/" : url.path);
  if (!url.query.empty()) out.append("?").append(url.query);
  out += " HTTP/1.1\r\n";
  append_field(out, "Host", authority_of(url));
  return out;
}

}  // namespace

struct Client::Impl {
  ClientSettings settings;
  const Codecs& codecs;
  TlsContext tls;
  std::vector<std::unique_ptr<Loop>> loops;

  Loop& loop_of(const Url& url) {
    return *loops[std::hash<std::string>{}(authority_of(url)) % loops.size()];
  }
  /// Says no on a thread of ours.
  void refuse(Job job, Rsc rsc, std::string why) {
    loops.front()->fail_later(std::move(job), rsc, std::move(why));
  }
  std::optional<Url> usable(const std::string& text) const {
    auto url = parse_url(text);
    if (url && url->tls && !tls) return std::nullopt;
    return url;
  }
};

Client::Client(ClientSettings settings, const Codecs& codecs)
    : impl_(new Impl{std::move(settings), codecs, nullptr, {}}) {
  if (impl_->settings.tls) {
    Result<TlsContext> context = make_client_context(*impl_->settings.tls);
    if (!context) throw std::runtime_error(context.error().detail);
    impl_->tls = *std::move(context);
  }
  for (unsigned i = 0; i < std::max(1u, impl_->settings.threads); ++i) {
    impl_->loops.push_back(std::make_unique<Loop>(impl_->settings, impl_->tls));
  }
}

Client::~Client() { stop(); }

bool Client::serves(std::string_view url) const {
  return impl_->usable(std::string(url)).has_value();
}

void Client::send(const std::string& url_text, const std::string& receiver_id, Request request,
                  Reply reply) {
  const std::optional<Url> url = impl_->usable(url_text);
  const auto time = time_for(request, impl_->settings);
  Job job;
  job.deadline = Clock::now() + time;
  job.idempotent =
      request.operation != Operation::kCreate && request.operation != Operation::kNotify;
  if (url && time.count() > 0) {
    const bool exact = is_for_exact_url(request, *url, receiver_id);
    job.bytes = write_request(request, *url, exact,
                              impl_->codecs.by_name_or_preferred(request.serialization));
  }
  request.content.reset();  // sent; the rest is kept to match the answer
  DecodeLimits limits;
  limits.max_bytes = impl_->settings.max_body_bytes;
  job.done = [&codecs = impl_->codecs, limits, request = std::move(request),
              reply = std::move(reply)](const ResponseParts* parts, const Error& error) {
    if (!parts) return reply(error_response(request, error));
    Result<Response> response = read_response(*parts, request, codecs, limits);
    reply(response ? *std::move(response) : error_response(request, response.error()));
  };
  if (!url) {
    return impl_->refuse(std::move(job), Rsc::kTargetNotReachable,
                         "this address is no http or https URL that this entity can use");
  }
  if (time.count() <= 0) {
    return impl_->refuse(std::move(job), Rsc::kRequestTimeout, "rqet: the request has expired");
  }
  impl_->loop_of(*url).submit(*url, std::move(job));
}

void Client::fetch_range(const std::string& url_text, std::uint64_t first,
                         std::optional<std::uint64_t> last, const std::string& etag,
                         FetchCallback callback) {
  const std::optional<Url> url = impl_->usable(url_text);
  Job job;
  job.idempotent = true;
  job.deadline = Clock::now() + impl_->settings.request_timeout;
  job.done = [callback = std::move(callback), first, last](const ResponseParts* parts,
                                                           const Error& error) {
    callback(parts ? read_fetched(*parts, first, last) : Result<Fetched>(fail(error)));
  };
  if (!url) {
    return impl_->refuse(std::move(job), Rsc::kTargetNotReachable,
                         "this address is no http or https URL that this entity can use");
  }
  job.bytes = plain_request("GET", *url);
  append_field(job.bytes, "Range",
               "bytes=" + std::to_string(first) + "-" + (last ? std::to_string(*last) : ""));
  if (!etag.empty()) append_field(job.bytes, "If-Range", etag);
  job.bytes += "\r\n";
  impl_->loop_of(*url).submit(*url, std::move(job));
}

void Client::put(const std::string& url, std::string_view content_type, std::string_view body,
                 StoreCallback callback) {
  store("PUT", url, {content_type, body}, std::move(callback));
}

void Client::post(const std::string& url, std::string_view content_type, std::string_view body,
                  StoreCallback callback) {
  store("POST", url, {content_type, body}, std::move(callback));
}

void Client::store(std::string_view method, const std::string& url_text, PlainBody body,
                   StoreCallback callback) {
  const std::optional<Url> url = impl_->usable(url_text);
  Job job;
  job.idempotent = method == "PUT";
  job.deadline = Clock::now() + impl_->settings.request_timeout;
  job.done = [callback = std::move(callback)](const ResponseParts* parts, const Error& error) {
    callback(parts ? Result<Stored>(Stored{parts->status, std::string(parts->body)})
                   : Result<Stored>(fail(error)));
  };
  if (!url) {
    return impl_->refuse(std::move(job), Rsc::kTargetNotReachable,
                         "this address is no http or https URL that this entity can use");
  }
  job.bytes = plain_request(method, *url);
  append_field(job.bytes, "Content-Type", body.content_type);
  append_field(job.bytes, "Content-Length", std::to_string(body.bytes.size()));
  job.bytes += "\r\n";
  job.bytes += body.bytes;
  impl_->loop_of(*url).submit(*url, std::move(job));
}

void Client::stop() {
  for (const auto& loop : impl_->loops) loop->stop();
}

}  // namespace gatehouse::http

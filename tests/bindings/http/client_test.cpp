#include "bindings/http/client.h"

#include <gmock/gmock.h>

#include <fstream>
#include <future>

#include "bindings/http/file_page.h"
#include "bindings/http/server.h"
#include "tests/bindings/http/scripted_server.h"
#include "tests/bindings/http/test_support.h"
#include "tests/bindings/security/test_certificates.h"

namespace gatehouse::http {
namespace {

using gatehouse::testing_support::CertificateWish;
using gatehouse::testing_support::TemporaryFolder;
using gatehouse::testing_support::TestAuthority;
using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::ok_response;
using testing_support::RecordingHandler;
using testing_support::ScriptedServer;

class ClientTest : public testing::Test {
 protected:
  void start_server() {
    server_ = std::make_unique<Server>(server_settings_, handler_, codecs_);
    if (pages_) server_->set_pages(pages_);
    const auto started = server_->start();
    ASSERT_TRUE(started.has_value()) << started.error().detail;
    url_ = (server_settings_.tls ? "https://localhost:" : "http://127.0.0.1:") +
           std::to_string(server_->port());
  }
  Client& client() {
    if (!client_) client_ = std::make_unique<Client>(client_settings_, codecs_);
    return *client_;
  }
  Response send(const std::string& url, Request request, const std::string& receiver = {}) {
    std::promise<Response> promise;
    auto future = promise.get_future();
    client().send(url, receiver, std::move(request),
                  [&promise](Response response) { promise.set_value(std::move(response)); });
    return future.get();
  }
  Result<Fetched> fetch(const std::string& url, std::uint64_t first,
                        std::optional<std::uint64_t> last, const std::string& etag = {}) {
    std::promise<Result<Fetched>> promise;
    auto future = promise.get_future();
    client().fetch_range(url, first, last, etag, [&promise](Result<Fetched> fetched) {
      promise.set_value(std::move(fetched));
    });
    return future.get();
  }
  static Request retrieve(std::string to = "cse-in") {
    Request request;
    request.to = std::move(to);
    request.from = "CAE1";
    request.request_identifier = "r1";
    return request;
  }
  static Request notify(std::string to) {
    Request request = retrieve(std::move(to));
    request.operation = Operation::kNotify;
    request.content = Value::object({{"m2m:sgn", Value::object({{"vrq", true}})}});
    return request;
  }
  static std::string detail(const Response& response) {
    const Value* tree = response.content.tree();
    return tree ? tree->string_at("m2m:dbg") : std::string();
  }

  Codecs codecs_ = standard_codecs();
  ServerSettings server_settings_;
  ClientSettings client_settings_;
  RecordingHandler handler_;
  PageHandler pages_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
  std::string url_;
};

TEST_F(ClientTest, CarriesEveryParameterToTheServer) {
  handler_.answer = ok_response;
  start_server();
  Request r = retrieve("//sp.example/id-mn/cse-mn/c");
  r.operation = Operation::kCreate;
  r.resource_type = 4;
  r.content = Value::object({{"m2m:cin", Value::object({{"con", "ä\n"}})}});
  r.release_version = "4";
  r.result_content = 3;
  r.desired_identifier_result_type = 2;
  r.response_type = 2;
  r.notification_uris = {"http://a/n?x=1", "CAE2"};
  r.originating_timestamp = "20261121T120000";
  r.request_expiration = "9000";
  r.result_expiration = "9001";
  r.operation_execution_time = "9002";
  r.result_persistence = "PT1H";
  r.event_category = 3;
  r.delivery_aggregation = true;
  r.group_request_identifier = "g";
  r.group_request_target_members = {"a", "b"};
  r.attribute_list = {"ri", "lbl"};
  r.vendor_information = "vendor";
  r.other = Value::object({{"rids", Value::array({"r1"})},
                           {"tids", Value::array({"t1"})},
                           {"ltids", Value::array({"l1"})},
                           {"tqi", true},
                           {"asi", false},
                           {"auri", true},
                           {"sqi", false},
                           {"aus", Value::array({"s1"})},
                           {"omr", "o"},
                           {"prpi", "p"},
                           {"msu", "u"},
                           {"tkns", Value::array({"k1", "k2"})}});
  FilterCriteria f;
  f.created_before = "20270101T000000,5";
  f.created_after = "a+b c";
  f.modified_since = "1";
  f.unmodified_since = "2";
  f.expire_before = "3";
  f.expire_after = "4";
  f.state_tag_smaller = 1;
  f.state_tag_bigger = 2;
  f.size_above = 3;
  f.size_below = 4;
  f.labels = {"k:v", "with space", "plus+", "ä&=%"};
  f.child_labels = {"c"};
  f.parent_labels = {"p"};
  f.labels_query = "q";
  f.resource_types = {2, 3};
  f.child_resource_types = {4};
  f.parent_resource_types = {5};
  f.content_types = {"text/plain:0"};
  f.attributes = {{"rn", "t*"}, {"cr", "C1"}};
  f.child_attributes = {{"cnf", "x y"}};
  f.parent_attributes = {{"lbl", "z"}};
  f.semantics_filters = {"SELECT ?x"};
  f.content_filter_syntax = 1;
  f.content_filter_query = "$.a";
  f.geometry_type = 1;
  f.geo_spatial_function = 2;
  f.geometry = "[1,2]";
  f.operations = {1, 5};
  f.filter_usage = 1;
  f.filter_operation = 2;
  f.limit = 10;
  f.level = 3;
  f.offset = 4;
  f.apply_relative_path = "a/la";
  r.filter = f;

  EXPECT_EQ(send(url_, r).rsc, Rsc::kOk);

  const Request got = handler_.request(0);
  EXPECT_EQ(got.operation, r.operation);
  EXPECT_EQ(got.to, r.to);
  EXPECT_EQ(got.from, r.from);
  EXPECT_EQ(got.request_identifier, r.request_identifier);
  EXPECT_EQ(got.resource_type, r.resource_type);
  EXPECT_EQ(got.content, r.content);
  EXPECT_EQ(got.release_version, r.release_version);
  EXPECT_EQ(got.result_content, r.result_content);
  EXPECT_EQ(got.desired_identifier_result_type, r.desired_identifier_result_type);
  EXPECT_EQ(got.response_type, r.response_type);
  EXPECT_EQ(got.notification_uris, r.notification_uris);
  EXPECT_EQ(got.originating_timestamp, r.originating_timestamp);
  EXPECT_EQ(got.request_expiration, r.request_expiration);
  EXPECT_EQ(got.result_expiration, r.result_expiration);
  EXPECT_EQ(got.operation_execution_time, r.operation_execution_time);
  EXPECT_EQ(got.result_persistence, r.result_persistence);
  EXPECT_EQ(got.event_category, r.event_category);
  EXPECT_EQ(got.delivery_aggregation, r.delivery_aggregation);
  EXPECT_EQ(got.group_request_identifier, r.group_request_identifier);
  EXPECT_EQ(got.group_request_target_members, r.group_request_target_members);
  EXPECT_EQ(got.attribute_list, r.attribute_list);
  EXPECT_EQ(got.vendor_information, r.vendor_information);
  EXPECT_EQ(got.other, r.other);
  EXPECT_EQ(got.filter, r.filter);
}

TEST_F(ClientTest, CarriesEveryParameterBack) {
  Response r;
  r.rsc = Rsc::kCreated;
  r.request_identifier = "r1";
  r.release_version = "3";
  r.from = "/id-in";
  r.originating_timestamp = "20261121T120000";
  r.result_expiration = "20261121T120001";
  r.event_category = 2;
  r.content_status = 1;
  r.content_offset = 5;
  r.vendor_information = "v";
  r.content_location = "//sp.example/id-in/cnt1";
  r.content = Value::object({{"m2m:cnt", Value::object({{"rn", "t"}})}});
  handler_.answer = [&r](const Request&) { return r; };
  start_server();

  const Response got = send(url_, retrieve());

  EXPECT_EQ(got.rsc, r.rsc);
  EXPECT_EQ(got.request_identifier, r.request_identifier);
  EXPECT_EQ(got.release_version, r.release_version);
  EXPECT_EQ(got.from, r.from);
  EXPECT_EQ(got.originating_timestamp, r.originating_timestamp);
  EXPECT_EQ(got.result_expiration, r.result_expiration);
  EXPECT_EQ(got.event_category, r.event_category);
  EXPECT_EQ(got.content_status, r.content_status);
  EXPECT_EQ(got.content_offset, r.content_offset);
  EXPECT_EQ(got.vendor_information, r.vendor_information);
  EXPECT_EQ(got.content_location, r.content_location);
  ASSERT_NE(got.content.tree(), nullptr);
  EXPECT_EQ(*got.content.tree(), *r.content.tree());
}

TEST_F(ClientTest, PutsThePathOfAPointOfAccessBeforeTheAddress) {
  handler_.answer = ok_response;
  start_server();
  send(url_ + "/prefix/", retrieve("/id-mn/x"));
  send(url_ + "/notify/here?ct=json", notify(url_ + "/notify/here?ct=json"));
  send(url_ + "/notify", notify("CAE9"), "CAE9");
  send(url_ + "/prefix", notify("/id-mn/CAE9"), "/id-mn");
  EXPECT_EQ(handler_.request(0).to, "prefix/~/id-mn/x");
  EXPECT_EQ(handler_.request(1).to, "notify/here");
  EXPECT_EQ(handler_.request(2).to, "notify");
  EXPECT_EQ(handler_.request(3).to, "prefix/~/id-mn/CAE9");
}

TEST_F(ClientTest, UsesOneConnectionForOneRequestAfterAnother) {
  handler_.answer = ok_response;
  start_server();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(send(url_, retrieve()).rsc, Rsc::kOk);
  EXPECT_EQ(server_->counters().connections_accepted, 1u);
}

TEST_F(ClientTest, WaitsForAFreeConnection) {
  client_settings_.max_connections_per_host = 2;
  client_settings_.max_waiting_per_host = 18;
  start_server();
  std::atomic<int> answered{0}, refused{0};
  std::promise<void> all;
  for (int i = 0; i < 21; ++i) {
    client().send(url_, "", retrieve(), [&](Response response) {
      if (response.rsc != Rsc::kOk) ++refused;
      if (++answered == 21) all.set_value();
    });
  }
  for (std::size_t i = 0; i < 20; ++i) {
    ASSERT_TRUE(handler_.wait_for(i + 1));
    handler_.reply(i);
  }
  all.get_future().wait();
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(server_->counters().connections_accepted, 2u);
}

TEST_F(ClientTest, SaysWhyNobodyAnswers) {
  client_settings_.request_timeout = std::chrono::milliseconds(60);
  server_settings_.drain_timeout = std::chrono::milliseconds(20);
  start_server();
  const Response slow = send(url_, retrieve());
  EXPECT_EQ(slow.rsc, Rsc::kRequestTimeout);
  EXPECT_EQ(slow.request_identifier, "r1");
  Request hurried = retrieve();
  hurried.request_expiration = "-5";
  EXPECT_EQ(send(url_, hurried).rsc, Rsc::kRequestTimeout);
  server_->stop();
  EXPECT_EQ(send(url_, retrieve()).rsc, Rsc::kTargetNotReachable);
  EXPECT_EQ(send("ftp://x", retrieve()).rsc, Rsc::kTargetNotReachable);
  EXPECT_EQ(send("https://127.0.0.1", retrieve()).rsc, Rsc::kTargetNotReachable);
  EXPECT_FALSE(client().serves("https://127.0.0.1"));
  EXPECT_FALSE(client().serves("mqtt://127.0.0.1"));
  EXPECT_TRUE(client().serves("http://[::1]:80/x"));
  client().stop();
  EXPECT_EQ(send(url_, retrieve()).rsc, Rsc::kTargetNotReachable);
}

TEST_F(ClientTest, LetsRqetSetTheDeadline) {
  client_settings_.request_timeout = std::chrono::minutes(5);
  server_settings_.drain_timeout = std::chrono::milliseconds(20);
  start_server();
  Request request = retrieve();
  request.request_expiration = "60";
  EXPECT_EQ(send(url_, request).rsc, Rsc::kRequestTimeout);
}

TEST_F(ClientTest, TakesAPlainSuccessForANotification) {
  ScriptedServer plain;
  const std::string ok = "HTTP/1.1 204 No Content\r\n\r\n";
  const std::string gone =
      "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\nno!";
  plain.play({{ok, gone, ok}});
  const std::string url = plain.url() + "/n";
  EXPECT_EQ(send(url, notify(url)).rsc, Rsc::kOk);
  EXPECT_EQ(send(url, notify(url)).rsc, Rsc::kTargetNotReachable);
  const Response odd = send(url, retrieve());
  EXPECT_EQ(odd.rsc, Rsc::kTargetNotReachable);
  EXPECT_THAT(detail(odd), HasSubstr("X-M2M-RSC"));
}

TEST_F(ClientTest, SkipsInterimAnswersAndReadsToTheEnd) {
  ScriptedServer plain;
  plain.play({{"HTTP/1.1 100 \r\n\r\nHTTP/1.1 200 OK\r\nX-M2M-RSC: 2000\r\n\r\n{\"a\":1}"}});
  const Response response = send(plain.url(), retrieve());
  EXPECT_EQ(response.rsc, Rsc::kOk);
  ASSERT_NE(response.content.tree(), nullptr);
  EXPECT_EQ(*response.content.tree(), Value::object({{"a", 1}}));
}

TEST_F(ClientTest, RepeatsOnlyWhatIsIdempotentOnAStaleConnection) {
  const std::string ok = "HTTP/1.1 200 OK\r\nX-M2M-RSC: 2000\r\nContent-Length: 0\r\n\r\n";
  ScriptedServer plain;
  plain.play({{ok, ""}, {ok, ""}});  // the second request of each connection is answered by closing
  EXPECT_EQ(send(plain.url(), retrieve()).rsc, Rsc::kOk);
  EXPECT_EQ(send(plain.url(), retrieve()).rsc, Rsc::kOk);
  EXPECT_EQ(plain.requests(), 3);
  const Response lost = send(plain.url(), notify(""));
  EXPECT_EQ(lost.rsc, Rsc::kTargetNotReachable);
  EXPECT_EQ(plain.requests(), 4);
}

TEST_F(ClientTest, RefusesAnswersThatAreNoGood) {
  client_settings_.max_body_bytes = 50;
  const std::string head = "HTTP/1.1 200 OK\r\nX-M2M-RSC: 2000\r\n";
  for (const std::string& answer :
       {std::string("NONSENSE\r\n\r\n"), head + "Content-Length: 51\r\n\r\n",
        head + "Content-Length: 1\r\n\r\n{", head + "X-M2M-EC: x\r\nContent-Length: 0\r\n\r\n",
        head + "Content-Length: 9\r\n\r\n{}",
        std::string("HTTP/1.1 200 OK\r\nX-M2M-RSC: 20x\r\nContent-Length: 0\r\n\r\n")}) {
    ScriptedServer plain;
    plain.play({{answer}});
    EXPECT_FALSE(is_success(send(plain.url(), retrieve()).rsc)) << answer;
  }
}

TEST_F(ClientTest, FetchesRangesOfAFile) {
  const TemporaryFolder folder;
  std::string content;
  for (int i = 0; i < 300'000; ++i) content.push_back(static_cast<char>('a' + i % 26));
  std::ofstream(folder.path() / "image.bin", std::ios::binary) << content;
  pages_ = folder_pages("/images/", folder.path());
  start_server();
  const std::string url = url_ + "/images/image.bin";

  const auto all = fetch(url, 0, std::nullopt);
  ASSERT_TRUE(all.has_value()) << all.error().detail;
  EXPECT_EQ(all->status, 206);
  EXPECT_EQ(all->body, content);
  EXPECT_EQ(all->total_bytes, content.size());
  const auto part = fetch(url, 100'000, 199'999, all->etag);
  ASSERT_TRUE(part.has_value());
  EXPECT_EQ(part->first_byte, 100'000u);
  EXPECT_EQ(part->body, content.substr(100'000, 100'000));
  const auto changed = fetch(url, 100'000, 199'999, "\"other\"");
  ASSERT_TRUE(changed.has_value());
  EXPECT_EQ(changed->status, 200);
  EXPECT_EQ(changed->body.size(), content.size());
  EXPECT_EQ(fetch(url, 300'000, std::nullopt).error().rsc, Rsc::kBadRequest);
  EXPECT_EQ(fetch(url_ + "/images/absent", 0, 5).error().rsc, Rsc::kNotFound);
}

TEST_F(ClientTest, RefusesARangeThatItDidNotAskFor) {
  for (const char* range : {"bytes 0-1/9", "bytes 5-6/9", "bytes 4-9/9", "bytes 4-5/x", "bytes 4-",
                            "lines 4-5/9", ""}) {
    ScriptedServer plain;
    plain.play({{std::string("HTTP/1.1 206 \r\nContent-Length: 2\r\nContent-Range: ") + range +
                 "\r\n\r\nab"}});
    const auto fetched = fetch(plain.url() + "/x", 4, 5);
    ASSERT_FALSE(fetched.has_value()) << range;
    EXPECT_EQ(fetched.error().rsc, Rsc::kContentsUnacceptable) << range;
  }
}

class TlsClientTest : public ClientTest {
 protected:
  TlsClientTest() {
    server_settings_.tls = authority_.issue({"server", "DNS:localhost,IP:127.0.0.1"});
    handler_.answer = ok_response;
  }
  TemporaryFolder folder_;
  TestAuthority authority_{folder_.path()};
};

TEST_F(TlsClientTest, ProvesTheIdentitiesOfBothSides) {
  client_settings_.tls = authority_.issue({"client", "URI:m2m://sp.example/id-mn/CAE1"});
  start_server();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(send(url_, retrieve()).rsc, Rsc::kOk);
  const auto peer = handler_.request(0).peer;
  ASSERT_NE(peer, nullptr);
  EXPECT_EQ(peer->transport, "https");
  EXPECT_TRUE(peer->authenticated);
  EXPECT_THAT(peer->identities, ElementsAre("CAE1", "/id-mn/CAE1"));
  EXPECT_EQ(server_->counters().connections_accepted, 1u);
}

TEST_F(TlsClientTest, MovesLargeBodies) {
  client_settings_.tls = authority_.issue({"client", "URI:m2m://sp.example/id-mn"});
  handler_.answer = [](const Request& request) {
    Response response = ok_response(request);
    response.content = *request.content;
    return response;
  };
  start_server();
  Request request = retrieve();
  request.operation = Operation::kUpdate;
  request.content = Value::object({{"m2m:cnt", std::string(2'000'000, 'x')}});
  const Response response = send(url_, request);
  ASSERT_NE(response.content.tree(), nullptr);
  EXPECT_EQ(*response.content.tree(), *request.content);
}

TEST_F(TlsClientTest, IsRefusedWithoutAGoodCertificate) {
  start_server();
  TlsSettings nobody;
  nobody.ca_file = authority_.ca_file();
  const TestAuthority foreign(folder_.path(), "foreign");
  TlsSettings stranger = foreign.issue({"stranger", "URI:m2m://sp.example/id-mn"});
  stranger.ca_file = authority_.ca_file();
  CertificateWish old{"old", "URI:m2m://sp.example/id-mn"};
  old.valid_until_seconds = -60;
  for (const TlsSettings& bad : {nobody, stranger, authority_.issue(old)}) {
    client_settings_.tls = bad;
    client_.reset();
    EXPECT_EQ(send(url_, retrieve()).rsc, Rsc::kTargetNotReachable);
  }
  EXPECT_EQ(handler_.count(), 0u);
}

TEST_F(TlsClientTest, RefusesAServerOfAnotherNameOrAuthority) {
  server_settings_.tls = authority_.issue({"server", "DNS:elsewhere"});
  client_settings_.tls = authority_.issue({"client", "URI:m2m://sp.example/id-mn"});
  start_server();
  EXPECT_THAT(detail(send(url_, retrieve())), HasSubstr("ostname mismatch"));
  const TestAuthority foreign(folder_.path(), "foreign");
  client_settings_.tls->ca_file = foreign.ca_file();
  client_.reset();
  EXPECT_EQ(send(url_, retrieve()).rsc, Rsc::kTargetNotReachable);
  EXPECT_EQ(handler_.count(), 0u);
}

TEST_F(TlsClientTest, DoesNotBotherWithPlainTextAtATlsPort) {
  start_server();
  testing_support::RawClient plain(server_->port());
  plain.send(testing_support::get("/a", "1"));
  EXPECT_THAT(plain.read_to_end(), testing::Not(HasSubstr("HTTP/1.1 200")));
  EXPECT_EQ(handler_.count(), 0u);
}

}  // namespace
}  // namespace gatehouse::http

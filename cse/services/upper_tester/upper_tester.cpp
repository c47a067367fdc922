#include "cse/services/upper_tester/upper_tester.h"

#include <charconv>
#include <cmath>

#include "cse/codec/primitive_codec.h"

namespace gatehouse {
namespace {

using Outcome = UpperTester::Outcome;

Outcome refused(std::string why) { return {Rsc::kBadRequest, std::move(why)}; }

/// "2", "3.0": at most a day, so that nothing overflows.
std::optional<Pace::Span> seconds(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (!whole || !(value > 0) || value > 86'400) return std::nullopt;
  return Pace::Span(static_cast<std::int64_t>(std::ceil(value * 1'000)));
}

/// "10.0": seconds with one decimal.
std::string in_seconds(Pace::Span span) {
  return std::to_string(span.count() / 1'000) + "." + std::to_string(span.count() % 1'000 / 100);
}

constexpr const char* kWantsSeconds = "the command wants a number of seconds, more than 0";

}  // namespace

struct UpperTester::Row {
  std::string_view name;
  Outcome (UpperTester::*run)(std::string_view argument);
};

const UpperTester::Row* UpperTester::find(std::string_view name) {
  static constexpr Row kRows[] = {
      {"Status", &UpperTester::status},
      {"GetConfig", &UpperTester::get_config},
      {"testCaseStart", &UpperTester::note},
      {"testCaseEnd", &UpperTester::note},
      {"enableShortResourceExpiration", &UpperTester::short_resource_expiration},
      {"disableShortResourceExpiration", &UpperTester::normal_resource_expiration},
      {"enableShortRequestExpiration", &UpperTester::short_request_expiration},
      {"disableShortRequestExpiration", &UpperTester::normal_request_expiration},
  };
  for (const Row& row : kRows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

void UpperTester::run(std::string_view command, Done done) {
  const std::size_t space = std::min(command.find(' '), command.size());
  const std::string_view name = command.substr(0, space);
  std::string_view argument = command.substr(space);
  argument.remove_prefix(std::min(argument.find_first_not_of(' '), argument.size()));
  log_(std::string(command));
  if (name == "Reset") return reset(done);
  const Row* row = find(name);
  done(row ? (this->*row->run)(argument)
           : refused("there is no command \"" + std::string(name) + "\""));
}

const char* UpperTester::state() const {
  return resetting_ ? "RESETTING" : running_ ? "RUNNING" : "STARTING";
}

Outcome UpperTester::status(std::string_view) { return {Rsc::kOk, state()}; }

Outcome UpperTester::get_config(std::string_view argument) {
  if (argument == "cse.type") return {Rsc::kOk, std::to_string(cse_.settings().cse_type)};
  auto value = configuration_(std::string(argument));
  if (!value) return refused("there is no configuration key \"" + std::string(argument) + "\"");
  return {Rsc::kOk, *std::move(value)};
}

Outcome UpperTester::note(std::string_view) { return {}; }

Outcome UpperTester::short_resource_expiration(std::string_view argument) {
  const auto wanted = seconds(argument);
  if (!wanted) return refused(kWantsSeconds);
  const auto before = cse_.pace().expiration_interval.exchange(*wanted);
  cse_.pace().result_persistence = *wanted;
  return {Rsc::kOk, std::to_string(std::chrono::ceil<std::chrono::seconds>(before).count()) + "," +
                        std::to_string(cse_.settings().max_expiration.count())};
}

Outcome UpperTester::normal_resource_expiration(std::string_view) {
  const Pace usual;
  cse_.pace().expiration_interval = usual.expiration_interval.load();
  cse_.pace().result_persistence = usual.result_persistence.load();
  return {};
}

Outcome UpperTester::short_request_expiration(std::string_view argument) {
  const auto wanted = seconds(argument);
  if (!wanted) return refused(kWantsSeconds);
  const Pace::Span before = cse_.pace().request_expiration.exchange(*wanted);
  return {Rsc::kOk,
          in_seconds(before.count() > 0 ? before : cse_.settings().default_request_timeout)};
}

Outcome UpperTester::normal_request_expiration(std::string_view) {
  const Pace usual;
  cse_.pace().request_expiration = usual.request_expiration.load();
  return {};
}

void UpperTester::reset(const Done& done) {
  if (resetting_.exchange(true)) return done(refused("a reset is under way"));
  cse_.reset([this, done](Response response) {
    resetting_ = false;
    if (is_success(response.rsc)) return done({});
    const Value* content = response.content.tree();
    done({response.rsc, content ? content->string_at("m2m:dbg") : ""});
  });
}

Outcome UpperTester::trigger(const Value& content) {
  if (!content.find("m2m:rqp")) return refused("a trigger is a request primitive, m2m:rqp");
  auto request = request_from_value(content);
  if (!request) return {request.error().rsc, request.error().detail};
  log_("trigger " + std::string(name_of(request->operation)) + " " + request->to);
  cse_.request(*std::move(request), [](Response) {});  // the test system sees the request itself
  return {};
}

}  // namespace gatehouse

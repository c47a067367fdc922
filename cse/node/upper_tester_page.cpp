#include "cse/node/upper_tester_page.h"

#include <future>

#include "cse/codec/json.h"
#include "cse/node/configuration.h"
#include "cse/primitive/request.h"

namespace gatehouse::node {
namespace {

constexpr std::string_view kPath = "/__ut__";
constexpr std::chrono::seconds kResetTime{30};

http::Page answer(int status, Rsc rsc, std::string result) {
  http::Page page;
  page.status = status;
  page.headers.emplace_back("X-M2M-RSC", std::to_string(static_cast<int>(rsc)));
  // What goes into a header field holds no control characters.
  std::erase_if(result, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (!result.empty() && is_success(rsc)) page.headers.emplace_back("X-M2M-UTRSP", result);
  if (!is_success(rsc)) page.body = result + "\n";
  return page;
}

http::Page answer(const UpperTester::Outcome& outcome) {
  return answer(is_success(outcome.rsc) ? 200 : 400, outcome.rsc, outcome.result);
}

bool is_loopback(const Peer* peer) {
  return peer && (peer->address.starts_with("127.") || peer->address == "::1" ||
                  peer->address.starts_with("::ffff:127."));
}

http::Page run_command(UpperTester& tester, std::string_view command) {
  auto ended = std::make_shared<std::promise<UpperTester::Outcome>>();
  auto waiting = ended->get_future();
  tester.run(command, [ended](UpperTester::Outcome outcome) { ended->set_value(outcome); });
  if (waiting.wait_for(kResetTime) != std::future_status::ready) {
    return answer({Rsc::kInternalServerError, "the command takes too long"});
  }
  return answer(waiting.get());
}

http::Page run_trigger(UpperTester& tester, std::string_view body) {
  auto content = parse_json(body);
  if (!content) return answer({content.error().rsc, content.error().detail});
  return answer(tester.trigger(*content));
}

}  // namespace

http::PageHandler upper_tester_page(UpperTester* tester, const UpperTesterSettings& settings) {
  return [tester, &settings](const http::PageRequest& request) -> std::optional<http::Page> {
    if (request.path != kPath) return std::nullopt;
    if (!tester) {
      return answer(404, Rsc::kNotFound, "the upper tester is off (upper_tester.enabled)");
    }
    if (!settings.allow_remote && !is_loopback(request.peer)) {
      return answer(403, Rsc::kOriginatorHasNoPrivilege,
                    "the upper tester is for this machine only (upper_tester.allow_remote)");
    }
    if (!http::find_header(*request.headers, "Origin").empty()) {
      return answer(403, Rsc::kOriginatorHasNoPrivilege, "the upper tester is not for web pages");
    }
    if (request.method != "POST") {
      return answer(405, Rsc::kOperationNotAllowed, "the upper tester takes POST only");
    }
    const std::string_view command = http::find_header(*request.headers, "X-M2M-UTCMD");
    if (!command.empty()) return run_command(*tester, command);
    return run_trigger(*tester, request.body);
  };
}

std::optional<std::string> told_configuration(const NodeSettings& settings,
                                              const std::string& key) {
  if (key.starts_with("credentials.")) return std::nullopt;
  return show_option(settings, key);
}

}  // namespace gatehouse::node

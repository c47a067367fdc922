#include "ae-apps/ota/gateway/display.h"

#include <algorithm>
#include <map>

#include "ae-apps/ota/crypto/digest.h"
#include "ae-apps/ota/gateway/image_delivery.h"
#include "ae-apps/ota/program/state_files.h"
#include "bindings/http/url.h"
#include "cse/codec/json.h"
#include "cse/primitive/request.h"

namespace gatehouse::gateway {
namespace {

constexpr std::size_t kMaxFormBytes = 4096;
constexpr std::string_view kSboms = "/sbom/";
constexpr std::chrono::hours kPostponement{1};

http::Page plain(int status, std::string text) {
  http::Page page;
  page.status = status;
  page.body = std::move(text) + "\n";
  return page;
}

void add_guards(http::Page& page) {
  page.headers.insert(
      page.headers.end(),
      {{"Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"},
       {"X-Content-Type-Options", "nosniff"},
       {"Referrer-Policy", "no-referrer"},
       {"Cache-Control", "no-store"}});
}

/// "127.0.0.1:8090", "[::1]", "localhost": what no foreign web site can be called.
bool is_own_host(std::string_view host) {
  if (host.starts_with('[')) return true;
  host = host.substr(0, host.find(':'));
  if (host == "localhost") return true;
  return !host.empty() && std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return std::isdigit(c) != 0 || c == '.';
  });
}

std::map<std::string, std::string> form_of(std::string_view body) {
  std::map<std::string, std::string> out;
  while (!body.empty() && out.size() < 8) {
    const std::string_view pair = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(body.size(), pair.size() + 1));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto value = http::percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (value) out[std::string(pair.substr(0, equals))] = *value;
  }
  return out;
}

std::string sender_of(const http::PageRequest& request) {
  const std::string from = request.peer != nullptr ? " (" + request.peer->address + ")" : "";
  return "the display" + from;
}

http::Page back_to_front() {
  http::Page page = plain(303, "Thank you.");
  page.headers.emplace_back("Location", "/");
  return page;
}

/// A form that this display has made; nothing else may change anything.
http::Page take_form(const DisplayParts& parts, const http::PageRequest& request) {
  if (request.body.size() > kMaxFormBytes) return plain(413, "The form is too large.");
  std::map<std::string, std::string> form = form_of(request.body);
  if (!crypto::equal_constant_time(view_of(form["token"]), view_of(parts.csrf_token))) {
    return plain(403, "The form is not from this display. Load the page again.");
  }
  if (request.path == "/check") {
    if (!parts.check(sender_of(request))) return plain(409, "The server is being asked already.");
    return back_to_front();
  }
  const std::string& decision = form["decision"];
  if (decision != "accept" && decision != "decline" && decision != "postpone") {
    return plain(400, "decision: must be accept, decline or postpone");
  }
  if (decision == "postpone") {
    if (!parts.desk.postpone(form["job"], kPostponement, sender_of(request))) {
      return plain(409, "This question is no longer open.");
    }
    return back_to_front();
  }
  if (!parts.desk.answer(form["job"], decision == "accept", sender_of(request))) {
    return plain(409, "This question is no longer open.");
  }
  return back_to_front();
}

/// "/sbom/ECU-1": the bill of materials of what that ECU runs, as its maker wrote it.
http::Page sbom_page(const DisplayParts& parts, std::string_view serial) {
  for (const EcuEntry& entry : parts.settings.ecus) {
    if (entry.serial != serial) continue;
    auto text = ota::read_text(sbom_file(parts.settings, entry.serial), coding::kMaxSbomBytes);
    if (!text || text->empty()) break;
    http::Page page;
    page.content_type = "application/vnd.cyclonedx+json";
    page.body = *std::move(text);
    return page;
  }
  return plain(404, "There is no bill of materials of this ECU.");
}

http::Page state_page(const DisplayParts& parts) {
  Value ecus = Value::array();
  for (const EcuEntry& entry : parts.settings.ecus) {
    const Board::Row row = parts.board.row(entry.serial);
    const auto sbom = sbom_of(parts.settings, entry.serial);
    ecus.push_back(Value::object({{"serial", entry.serial},
                                  {"hardware_id", entry.hardware_id},
                                  {"version", row.version},
                                  {"state", row.state},
                                  {"percent", row.percent},
                                  {"signed_by", signed_by(entry.level)},
                                  {"components", sbom ? sbom->total : 0},
                                  {"last", row.last}}));
  }
  Value out = Value::object({{"vehicle", parts.settings.vehicle}, {"ecus", std::move(ecus)}});
  out.set("refused_answers", parts.refused.count());
  if (const auto question = parts.desk.pending()) {
    Value signers = Value::object();
    for (const auto& [serial, who] : question->signed_by) signers.set(serial, who);
    out.set("question", Value::object({{"job", question->job},
                                       {"ecu", question->ecu},
                                       {"name", question->name},
                                       {"from", question->from_version},
                                       {"to", question->to_version},
                                       {"notes", question->notes},
                                       {"duration_s", question->duration_s},
                                       {"unavailable", question->unavailable},
                                       {"signed_by", std::move(signers)},
                                       {"answer_by", question->answer_by}}));
  }
  http::Page page;
  page.content_type = "application/json";
  page.body = to_json(out);
  return page;
}

http::Page front_page(const DisplayParts& parts) {
  http::Page page;
  page.content_type = "text/html; charset=utf-8";
  page.body = display_html(parts);
  // A question is read in peace; otherwise the page follows what happens.
  if (!parts.desk.pending()) page.headers.emplace_back("Refresh", "3");
  return page;
}

std::optional<http::Page> answer(const DisplayParts& parts, const http::PageRequest& request) {
  const bool get = request.method == "GET" || request.method == "HEAD";
  const bool form = request.path == "/consent" || request.path == "/check";
  const bool sbom = request.path.starts_with(kSboms);
  if (!form && !sbom && request.path != "/" && request.path != "/state")
    return plain(404, "There is no such page.");
  if (request.headers == nullptr || !is_own_host(http::find_header(*request.headers, "Host"))) {
    return plain(421, "Ask by address, or as localhost.");
  }
  if (form) {
    if (request.method != "POST") return plain(405, "POST only");
    return take_form(parts, request);
  }
  if (!get) return plain(405, "GET only");
  if (sbom) return sbom_page(parts, request.path.substr(kSboms.size()));
  return request.path == "/" ? front_page(parts) : state_page(parts);
}

}  // namespace

std::optional<coding::Sbom> sbom_of(const GatewaySettings& settings, const std::string& serial) {
  const auto text = ota::read_text(sbom_file(settings, serial), coding::kMaxSbomBytes);
  if (!text || text->empty()) return std::nullopt;
  auto sbom = coding::parse_sbom(*text);
  return sbom ? std::optional(*std::move(sbom)) : std::nullopt;
}

http::PageHandler display_pages(DisplayParts parts) {
  return [parts](const http::PageRequest& request) {
    std::optional<http::Page> page = answer(parts, request);
    if (!page) return page;
    if (page->status >= 400 && request.path == "/consent" && request.method == "POST") {
      parts.refused.take(page->status, page->body.substr(0, page->body.find('\n')),
                         sender_of(request));
    }
    add_guards(*page);
    return page;
  };
}

}  // namespace gatehouse::gateway

#include "cse/node/pages.h"

#include "cse/node/dialect_wiring.h"
#include "cse/node/wire_table.h"

namespace gatehouse::node {
namespace {

std::string front_page(const NodeSettings& settings, std::string_view host) {
  const CseSettings& cse = settings.cse;
  static constexpr const char* kTypes[] = {"", "Infrastructure node", "Middle node",
                                           "Application service node"};
  const std::string url =
      "http://" + (host.empty() ? std::string("127.0.0.1:8080") : std::string(host));
  std::string safe_url;
  for (const char c : url) {
    if (std::isalnum(static_cast<unsigned char>(c)) ||
        std::string_view(":/.-[]_").find(c) != std::string_view::npos)
      safe_url += c;
  }
  return "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Gatehouse " + cse.cse_id +
         "</title><style>body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem "
         "auto;padding:0 1rem;"
         "color:#1d2733;background:#fbfbf9}pre{background:#eef0ea;padding:1rem;overflow:auto}"
         "@media(prefers-color-scheme:dark){body{color:#dfe5ea;background:#15191d}pre{background:#"
         "20272d}}</style>"
         "<h1>Gatehouse</h1><p>This is a oneM2M " +
         std::string(kTypes[cse.cse_type]) + " CSE: CSE-ID <b>" + cse.cse_id + "</b>, CSEBase <b>" +
         cse.csebase_name +
         "</b>.</p><p>It speaks oneM2M primitives over HTTP (TS-0009). "
         "Register an application entity; the answer names its AE-ID (aei):</p><pre>curl -H "
         "'X-M2M-Origin: C' -H 'X-M2M-RI: 1' -H 'X-M2M-RVI: 4' -H 'Content-Type: "
         "application/json;ty=2' -d "
         "'{\"m2m:ae\":{\"api\":\"Nvisitor\",\"rr\":false,\"srv\":[\"4\"]}}' " +
         safe_url + "/" + cse.csebase_name +
         "</pre><p>With that name, ask for the CSEBase:</p><pre>curl -H 'X-M2M-Origin: <i>the "
         "AE-ID</i>' -H 'X-M2M-RI: 2' -H 'X-M2M-RVI: 4' " +
         safe_url + "/" + cse.csebase_name +
         "</pre><p><a href=\"/health/ready\">Health</a> · <a "
         "href=\"/metrics\">Metrics</a> · <a href=\"/bindings\">Bindings</a></p></html>\n";
}

std::string metrics(const RequestLog& requests, const DialectCounters& dialects) {
  const auto& c = requests.counters();
  const auto counter = [](const char* name, const char* help, std::uint64_t value) {
    return std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " counter\n" + name +
           " " + std::to_string(value) + "\n";
  };
  return counter("gatehouse_requests_total", "Request primitives received.", c.requests) +
         counter("gatehouse_requests_refused_total", "Answered with 4xxx.", c.refused) +
         counter("gatehouse_requests_failed_total", "Answered with 5xxx or 6xxx.", c.failed) +
         dialect_metrics(dialects);
}

http::Page text(int status, std::string body) {
  http::Page page;
  page.status = status;
  page.body = std::move(body);
  return page;
}

}  // namespace

http::PageHandler pages(const NodeSettings& settings, Cse& cse, const RequestLog& requests,
                        const DialectCounters& dialects, const std::atomic<bool>& ready,
                        const Codecs& codecs, std::function<std::vector<WireFigures>()> wires) {
  return [&settings, &cse, &requests, &dialects, &ready, &codecs,
          wires = std::move(wires)](const http::PageRequest& request) -> std::optional<http::Page> {
    if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
    if (request.path == "/health/live") return text(200, "alive\n");
    if (request.path == "/health/ready") {
      CommittedView view = cse.view();
      const bool store_answers = view.all_of_type(type_number::kCseBase, Page{}).has_value();
      return ready && store_answers
                 ? text(200, "ready\n")
                 : text(503, ready ? "the store does not answer\n" : "starting\n");
    }
    if (request.path == "/metrics")
      return text(200, metrics(requests, dialects) + wire_metrics(wires()));
    if (request.path == "/bindings") {
      http::Page page;
      page.content_type = "text/html; charset=utf-8";
      page.body = wire_page(codecs);
      return page;
    }
    if (request.path == "/") {
      http::Page page;
      page.content_type = "text/html; charset=utf-8";
      page.body = front_page(settings, http::find_header(*request.headers, "Host"));
      return page;
    }
    return std::nullopt;
  };
}

}  // namespace gatehouse::node

#include <ctime>

#include "ae-apps/attestation/evidence/operation/audit.h"
#include "cse/codec/html.h"

namespace gatehouse::evidence {
namespace {

constexpr std::string_view kStyle =
    "body{font:16px/1.5 sans-serif;max-width:52em;margin:2em auto;padding:0 1em;color:#111}"
    "h1{font-size:1.5em}h2{font-size:1.15em;margin-top:1.6em}table{border-collapse:collapse;"
    "width:100%}th,td{text-align:left;vertical-align:top;padding:.4em .6em;border-bottom:1px "
    "solid #bbb}td:first-child{white-space:nowrap}tr{break-inside:avoid}"
    ".outcome{border:1px solid #333;padding:.6em 1em;font-weight:bold}";

/// What a stranger wrote must not steer a terminal.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  return out;
}

std::string title_of(const AuditReport& report) {
  return "Operation " + std::to_string(report.operation) + " on " + report.device;
}

}  // namespace

std::string readable_time(std::int64_t time_s) {
  const auto time = static_cast<std::time_t>(time_s);
  std::tm parts{};
  char text[64] = {};
  if (gmtime_r(&time, &parts) == nullptr) return "an impossible time";
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text;
}

std::string to_text(const AuditReport& report) {
  std::string out = "VERIFIED: " + printable(title_of(report)) + "\n" +
                    "Outcome: " + printable(report.outcome) + "\n\nWhat happened\n";
  for (const AuditReport::Line& line : report.happened) {
    out += "  " + line.time + "  " + printable(line.text) + "\n" +
           "                           signed by " + printable(line.signer) + "\n";
  }
  out += "\nWhat is proven\n";
  for (const std::string& line : report.proven) out += "  - " + printable(line) + "\n";
  return out;
}

std::string to_html(const AuditReport& report) {
  const std::string title = html_escaped(title_of(report));
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + title +
      "</title><style>" + std::string(kStyle) + "</style></head><body>\n<h1>" + title +
      "</h1>\n<p class=\"outcome\">Verified. Outcome: " + html_escaped(report.outcome) +
      "</p>\n<h2>What happened</h2>\n<table><thead><tr>" +
      "<th>Time</th><th>What</th><th>Signed by</th></tr></thead><tbody>\n";
  for (const AuditReport::Line& line : report.happened) {
    out += "<tr><td>" + html_escaped(line.time) + "</td><td>" + html_escaped(line.text) +
           "</td><td>" + html_escaped(line.signer) + "</td></tr>\n";
  }
  out += "</tbody></table>\n<h2>What is proven</h2>\n<ul>\n";
  for (const std::string& line : report.proven) out += "<li>" + html_escaped(line) + "</li>\n";
  return out + "</ul>\n</body></html>\n";
}

}  // namespace gatehouse::evidence

#include <algorithm>

#include "ae-apps/ota/gateway/display.h"
#include "cse/codec/html.h"

namespace gatehouse::gateway {
namespace {

constexpr const char* kStyle = R"(
:root{color-scheme:light dark;--ink:#16202b;--soft:#56636f;--paper:#f6f7f5;--card:#fff;--line:#d9dedb;
--go:#0b6b4f;--go-ink:#fff;--warn:#8a5a00}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf0;--soft:#a3b0ba;--paper:#11161a;--card:#1a2126;
--line:#323c43;--go:#4fd3a5;--go-ink:#06251b;--warn:#f0c060}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:18px/1.55 system-ui,sans-serif}
main{max-width:44rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.15rem;margin:0 0 .75rem}
.vehicle{color:var(--soft);margin:.1rem 0 2rem}
section{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:1.5rem;margin:0 0 1.25rem}
.ask{border:2px solid var(--go)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.4rem 1.25rem;margin:0 0 1.25rem}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.buttons{display:flex;gap:.75rem;flex-wrap:wrap}
button{font:inherit;font-weight:600;min-height:3.25rem;min-width:9rem;padding:.5rem 1.5rem;border-radius:10px;
border:2px solid var(--go);background:transparent;color:var(--ink);cursor:pointer}
button.go{background:var(--go);color:var(--go-ink)}
button:focus-visible{outline:3px solid var(--warn);outline-offset:3px}
table{width:100%;border-collapse:collapse}th,td{text-align:left;padding:.45rem .75rem .45rem 0;
border-top:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
th{color:var(--soft);font-weight:500;border-top:0}
progress{width:100%;height:.8rem;accent-color:var(--go)}
.soft{color:var(--soft)}
)";

/// "20261121T120000,123456" as "2026-11-21 12:00 UTC".
std::string readable(const std::string& t) {
  if (t.size() < 13) return t;
  return t.substr(0, 4) + "-" + t.substr(4, 2) + "-" + t.substr(6, 2) + " " + t.substr(9, 2) + ":" +
         t.substr(11, 2) + " UTC";
}

std::string duration_text(std::uint64_t seconds) {
  const std::uint64_t minutes = (seconds + 59) / 60;
  return "About " + std::to_string(minutes) + (minutes == 1 ? " minute" : " minutes");
}

std::string row(const std::string& name, const std::string& value) {
  return "<dt>" + name + "</dt><dd>" + html_escaped(value) + "</dd>";
}

/// Whoever agrees shall know that such a part proves nothing by itself. Empty: each one does.
std::string vouched_for(const Question& q) {
  std::string serials;
  for (const auto& [serial, who] : q.signed_by) {
    if (who == signed_by(EcuLevel::kConstrained)) serials += (serials.empty() ? "" : ", ") + serial;
  }
  if (serials.empty()) return {};
  return row("Vouched for", "The gateway signs for " + serials +
                                ", which cannot do so itself. That protects less.");
}

std::string question_html(const DisplayParts& parts, const Question& q) {
  const std::string part = q.name.empty() ? q.ecu : q.name + " (ECU " + q.ecu + ")";
  return "<section class=ask aria-labelledby=ask><h2 id=ask>An update is ready. Install it "
         "now?</h2><dl>" +
         row("For", part) + row("Now", "Version " + q.from_version) +
         row("Then", "Version " + q.to_version) +
         row("Why", q.notes.empty() ? "The maker gives no reason." : q.notes) + vouched_for(q) +
         row("Takes", duration_text(q.duration_s)) +
         row("Meanwhile",
             (q.unavailable.empty() ? "This part of the vehicle does not work" : q.unavailable) +
                 ". Stay parked, with the ignition on. If anything fails, the present version "
                 "stays.") +
         row("Answer by", readable(q.answer_by)) +
         "</dl><form method=post action=/consent><input type=hidden name=job value=\"" +
         html_escaped(q.job) + "\"><input type=hidden name=token value=\"" +
         html_escaped(parts.csrf_token) +
         "\"><div class=buttons><button class=go name=decision value=accept>Install</button>"
         "<button name=decision value=postpone>In an hour</button>"
         "<button name=decision value=decline>Not at all</button></div></form></section>";
}

/// The states of a job in the user's words.
std::string state_text(const Board::Row& row) {
  const std::string percent =
      row.percent > 0 ? " (" + std::to_string(row.percent) + " %)" : std::string();
  if (row.state == "idle") return "Up and running";
  if (row.state == "not answering") return "Does not answer";
  if (row.state == "offered" || row.state == "downloading") return "Fetching an update" + percent;
  if (row.state == "verified") return "Waiting for your answer";
  if (row.state == "consented" || row.state == "flashing") return "Installing" + percent;
  if (row.state == "delayed") return "Update not finished: does not answer";
  if (row.state == "rebooted") return "Checking the new version";
  return "Keeping the present version";
}

std::string ecus_html(const DisplayParts& parts) {
  std::string out =
      "<section aria-labelledby=parts><h2 id=parts>Parts of this vehicle</h2><table><thead><tr>"
      "<th scope=col>ECU</th><th scope=col>Version</th><th "
      "scope=col>State</th></tr></thead><tbody>";
  for (const EcuEntry& entry : parts.settings.ecus) {
    const Board::Row row = parts.board.row(entry.serial);
    out += "<tr><td>" + html_escaped(entry.serial) + "<br><span class=soft>" +
           html_escaped(entry.hardware_id) +
           (entry.level == EcuLevel::kConstrained ? "<br>The gateway signs for it" : "") +
           "</span></td><td>" + html_escaped(row.version) + "</td><td><span role=status>" +
           html_escaped(state_text(row)) + "</span>";
    if (row.state == "downloading" || row.state == "flashing") {
      out += "<progress max=100 value=" + std::to_string(row.percent) +
             " aria-label=\"Progress of " + html_escaped(entry.serial) + "\"></progress>";
    }
    if (!row.last.empty()) out += "<br><span class=soft>" + html_escaped(row.last) + "</span>";
    out += "</td></tr>";
  }
  return out + "</tbody></table></section>";
}

/// What the parts are made of, as far as their makers say.
std::string sboms_html(const DisplayParts& parts) {
  constexpr std::size_t kShown = 20;
  std::string out;
  for (const EcuEntry& entry : parts.settings.ecus) {
    const auto sbom = sbom_of(parts.settings, entry.serial);
    if (!sbom) continue;
    out += "<details><summary>" + html_escaped(entry.serial) + ": " + std::to_string(sbom->total) +
           (sbom->total == 1 ? " component" : " components") + "</summary><table><tbody>";
    for (std::size_t i = 0; i < std::min(kShown, sbom->components.size()); ++i) {
      const coding::Component& each = sbom->components[i];
      out += "<tr><td>" + html_escaped(each.name) + "</td><td>" + html_escaped(each.version) +
             "</td><td>" + html_escaped(each.licence) + "</td></tr>";
    }
    out += "</tbody></table><p><a href=\"/sbom/" + html_escaped(entry.serial) +
           "\">The whole bill of materials</a></p></details>";
  }
  if (out.empty()) return out;
  return "<section aria-labelledby=made><h2 id=made>What the software is made of</h2>" + out +
         "</section>";
}

std::string check_html(const DisplayParts& parts) {
  const std::string at = parts.board.checked_at();
  return "<section aria-labelledby=look><h2 id=look>Is there anything new?</h2><form method=post "
         "action=/check><input type=hidden name=token value=\"" +
         html_escaped(parts.csrf_token) +
         "\"><div class=buttons><button>Look for updates</button></div></form><p class=soft>" +
         (at.empty() ? std::string("The maker also tells by itself.")
                     : "Asked at " + html_escaped(readable(at)) + ".") +
         " An update that is found appears on this page.</p></section>";
}

std::string history_html(const DisplayParts& parts) {
  const std::vector<Answer> answers = parts.desk.history();
  std::string out = "<section aria-labelledby=past><h2 id=past>Answers given</h2>";
  if (answers.empty()) return out + "<p class=soft>None yet.</p></section>";
  out +=
      "<table><thead><tr><th scope=col>When</th><th scope=col>Update</th><th "
      "scope=col>Answer</th></tr></thead><tbody>";
  for (const Answer& answer : answers) {
    out += "<tr><td>" + html_escaped(readable(answer.at)) + "</td><td>" + html_escaped(answer.ecu) +
           ": " + html_escaped(answer.from_version) + " → " + html_escaped(answer.to_version) +
           "</td><td>" + html_escaped(answer.decision) + " by " + html_escaped(answer.by) +
           "</td></tr>";
  }
  return out + "</tbody></table></section>";
}

}  // namespace

std::string display_html(const DisplayParts& parts) {
  std::string out =
      "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport "
      "content=\"width=device-width,initial-scale=1\"><title>Vehicle updates</title><style>";
  out += kStyle;
  out += "</style></head><body><main><h1>Vehicle updates</h1><p class=vehicle>Vehicle " +
         html_escaped(parts.settings.vehicle) + "</p>";
  if (const auto question = parts.desk.pending()) out += question_html(parts, *question);
  out += ecus_html(parts) + check_html(parts) + sboms_html(parts);
  if (parts.settings.auto_consent) {
    out += "<p class=soft>This gateway was started with --yes: it answers by itself.</p>";
  }
  return out + history_html(parts) + "</main></body></html>\n";
}

}  // namespace gatehouse::gateway

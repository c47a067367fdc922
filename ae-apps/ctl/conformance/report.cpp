#include "ae-apps/ctl/conformance/report.h"

#include <map>

#include "cse/codec/html.h"

namespace gatehouse::conformance {
namespace {

struct Count {
  int passed = 0, failed = 0;
};

}  // namespace

std::string to_text(std::span<const Outcome> outcomes) {
  std::string out;
  std::map<std::string, Count> groups;
  Count all;
  for (const Outcome& each : outcomes) {
    Count& group = groups[each.rule->group];
    ++(each.passed ? group.passed : group.failed);
    ++(each.passed ? all.passed : all.failed);
    if (each.passed) continue;
    out += "FAILED " + each.rule->identifier + " (" + each.rule->clause + ") " + each.rule->text +
           "\n       " + each.detail + "\n";
  }
  for (const auto& [name, count] : groups) {
    out += std::to_string(count.passed) + " of " + std::to_string(count.passed + count.failed) +
           "  " + name + "\n";
  }
  return out + std::to_string(all.passed) + " passed, " + std::to_string(all.failed) + " failed\n";
}

Value to_value(std::span<const Outcome> outcomes) {
  Value rules = Value::array();
  std::int64_t passed = 0;
  for (const Outcome& each : outcomes) {
    passed += each.passed;
    Value row = Value::object({{"id", each.rule->identifier},
                               {"group", each.rule->group},
                               {"clause", each.rule->clause},
                               {"rule", each.rule->text},
                               {"passed", each.passed}});
    if (!each.passed) row.set("detail", each.detail);
    rules.push_back(std::move(row));
  }
  return Value::object({{"passed", passed},
                        {"failed", static_cast<std::int64_t>(outcomes.size()) - passed},
                        {"rules", std::move(rules)}});
}

std::string to_html(std::span<const Outcome> outcomes, const std::string& title) {
  std::string rows;
  std::string group;
  int passed = 0;
  for (const Outcome& each : outcomes) {
    passed += each.passed;
    if (each.rule->group != group) {
      group = each.rule->group;
      rows += "<tr><th colspan=\"4\">" + html_escaped(group) + "</th></tr>\n";
    }
    rows += std::string("<tr class=\"") + (each.passed ? "passed" : "failed") + "\"><td>" +
            html_escaped(each.rule->identifier) + "</td><td>" + html_escaped(each.rule->clause) +
            "</td><td>" + html_escaped(each.rule->text) +
            (each.passed ? "" : "<br><small>" + html_escaped(each.detail) + "</small>") +
            "</td><td>" + (each.passed ? "passed" : "failed") + "</td></tr>\n";
  }
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
         html_escaped(title) +
         "</title><style>body{font:15px/1.45 system-ui,sans-serif;max-width:70rem;margin:2rem "
         "auto;padding:0 1rem}table{border-collapse:collapse;width:100%}td,th{padding:.3rem "
         ".6rem;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}.failed "
         "td:last-child{color:#b00020;font-weight:600}.passed "
         "td:last-child{color:#1b7f3b}small{color:#666}</style></head><body>\n<h1>" +
         html_escaped(title) + "</h1>\n<p>" + std::to_string(passed) + " of " +
         std::to_string(outcomes.size()) + " rules passed.</p>\n<table>\n" + rows +
         "</table></body></html>\n";
}

}  // namespace gatehouse::conformance

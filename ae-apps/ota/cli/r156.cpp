#include "ae-apps/ota/cli/r156.h"

#include <algorithm>

#include "cse/codec/html.h"

namespace gatehouse::ota {
namespace {

constexpr std::pair<const char*, const char*> kUserInformation[] = {
    {"purpose", "Purpose"},
    {"criticality", "Criticality"},
    {"changes", "Changes"},
    {"duration", "Duration"},
    {"unavailable", "Unavailable meanwhile"},
    {"instructions", "Instructions"}};
constexpr std::pair<const char*, const char*> kCompatibility[] = {
    {"statement", "Statement"},         {"regulations", "Regulations"},
    {"rxswin_before", "RXSWIN before"}, {"rxswin_after", "RXSWIN after"},
    {"type_approval", "Type approval"}, {"assessed_by", "Assessed by"}};

const Value& member(const Value& object, std::string_view name) {
  static const Value kNone;
  const Value* found = object.find(name);
  return found == nullptr ? kNone : *found;
}

const Value::Array& items(const Value& object, std::string_view name) {
  static const Value::Array kNone;
  const Value::Array* found = member(object, name).as_array();
  return found == nullptr ? kNone : *found;
}

/// Stated by the author; what is not is a gap.
template <std::size_t N>
Value stated(const Value& definition, const char* name,
             const std::pair<const char*, const char*> (&members)[N], std::size_t wanted,
             Value& gaps) {
  const Value& from = member(definition, name);
  Value out = Value::object();
  for (std::size_t i = 0; i < N; ++i) {
    const std::string text = from.string_at(members[i].first);
    if (!text.empty()) out.set(members[i].first, text);
    if (text.empty() && i < wanted) {
      gaps.push_back(std::string(name) + "." + members[i].first + ": is not stated");
    }
  }
  return out;
}

Value image_of(const Value& state, const std::string& sha256) {
  for (const Value& each : items(state, "images")) {
    if (each.string_at("sha256") == sha256) return each;
  }
  return {};
}

/// What was proven before or after, in the words of today.
Value proof_of(const Value& ecu, const char* name) {
  Value out = member(ecu, name);
  if (out.string_at("signed_by") == "full") out.set("signed_by", "ecu");  // in older documents
  return out;
}

/// Why the image fits the ECU, from what is known of both.
Value compatibility_of(const Value& ecu, const Value& image) {
  const Value& before = member(ecu, "before");
  const bool known = before.contains("release_counter");
  Value out = Value::object({{"hardware_id", image.string_at("hardware_id")},
                             {"release_counter_after", image.integer_at("release_counter")}});
  if (known) {
    out.set("release_counter_before", before.integer_at("release_counter"));
    out.set("no_downgrade",
            image.integer_at("release_counter") >= before.integer_at("release_counter"));
  }
  out.set("checked_by",
          "server (hardware id, release counter, Image repository) before the order; vehicle and "
          "ECU again before writing");
  return out;
}

/// The last answer of the user to this version for this ECU.
Value consent_of(const Result<std::vector<Value>>* consents, const Value& ecu, const Value& image,
                 const std::string& where, Value& gaps) {
  if (consents != nullptr && consents->has_value()) {
    const auto found = std::find_if((*consents)->rbegin(), (*consents)->rend(), [&](const auto& e) {
      return e.string_at("ecu") == ecu.string_at("ecu") &&
             e.string_at("to") == image.string_at("version");
    });
    if (found != (*consents)->rend()) return *found;
  }
  std::string why = "consent: none is recorded";
  if (consents != nullptr && !consents->has_value()) {
    why = "consent: cannot be read: " + consents->error().detail;
  }
  gaps.push_back(where + why);
  return Value::object({{"decision", "not recorded"}});
}

/// What the server noted about this ECU and image.
Value evidence_of(const Result<std::vector<Value>>* history, const Value& ecu, const Value& image,
                  const std::string& where, Value& gaps) {
  Value out = Value::array();
  if (history == nullptr || !history->has_value()) {
    gaps.push_back(where + "history: cannot be read" +
                   (history == nullptr ? "" : ": " + history->error().detail));
    return out;
  }
  for (const Value& entry : **history) {
    const bool of_image = entry.string_at("image") == ecu.string_at("image");
    const bool of_version = entry.string_at("to") == image.string_at("version") ||
                            entry.string_at("version") == image.string_at("version");
    if (of_image || of_version) out.push_back(entry);
  }
  return out;
}

bool proven(const Value& evidence) {
  const auto& entries = *evidence.as_array();
  return std::any_of(entries.begin(), entries.end(), [](const Value& each) {
    const std::string event = each.string_at("event");
    return (event == "updated" || event == "verified") && each.bool_at("verified");
  });
}

Value vehicle_entry(const R156Sources& sources, const Value& state, const Value& vehicle,
                    Value& gaps) {
  const std::string id = vehicle.string_at("vehicle");
  Value out = Value::object({{"vehicle", id},
                             {"result", vehicle.string_at("state")},
                             {"reason", vehicle.string_at("reason")},
                             {"stage", vehicle.string_at("stage")},
                             {"attempts", vehicle.integer_at("attempts")},
                             {"at", vehicle.string_at("at")}});
  const auto find = [](const auto& map, const std::string& key) {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : &found->second;
  };
  const bool tried = vehicle.integer_at("attempts") > 0;
  Value ecus = Value::array();
  for (const Value& ecu : items(vehicle, "ecus")) {
    const std::string serial = ecu.string_at("ecu");
    const std::string where = id + ": " + serial + ": ";
    const Value image = image_of(state, ecu.string_at("image"));
    Value each = Value::object({{"ecu", serial}, {"result", ecu.string_at("state")}});
    if (const std::string reason = ecu.string_at("reason"); !reason.empty()) {
      each.set("reason", reason);
    }
    const Value before = proof_of(ecu, "before"), after = proof_of(ecu, "after");
    each.set("image", image).set("before", before).set("after", after);
    const std::string signer = after.string_at("signed_by", before.string_at("signed_by"));
    if (!signer.empty()) each.set("signed_by", signer);
    each.set("compatibility", compatibility_of(ecu, image));
    if (tried && ecu.string_at("state") != "current") {
      each.set("consent", consent_of(find(sources.consents, id), ecu, image, where, gaps));
      Value evidence = evidence_of(find(sources.histories, serial), ecu, image, where, gaps);
      if (ecu.string_at("state") == "updated" && !proven(evidence)) {
        gaps.push_back(where + "no verified report is kept in the history any more");
      }
      each.set("evidence", std::move(evidence));
    }
    ecus.push_back(std::move(each));
  }
  out.set("ecus", std::move(ecus));
  return out;
}

/// Every change of state once; between them only numbers change.
Value trail_of(const std::vector<Value>& states) {
  Value out = Value::array();
  std::string last;
  for (const Value& state : states) {
    const std::string key = state.string_at("state") + "|" + state.string_at("stage") + "|" +
                            state.string_at("at") + "|" + state.string_at("reason");
    if (key == last) continue;
    last = key;
    out.push_back(Value::object({{"at", state.string_at("at")},
                                 {"state", state.string_at("state")},
                                 {"stage", state.string_at("stage")},
                                 {"by", state.string_at("by")},
                                 {"reason", state.string_at("reason")}}));
  }
  return out;
}

// --- the page ----------------------------------------------------------------------------------

std::string text_of(const Value& value) {
  if (const std::string* text = value.as_string()) return *text;
  if (const auto number = value.as_integer()) return std::to_string(*number);
  if (const auto truth = value.as_bool()) return *truth ? "yes" : "no";
  if (const Value::Array* list = value.as_array()) {
    std::string out;
    for (const Value& each : *list) out += (out.empty() ? "" : ", ") + text_of(each);
    return out;
  }
  return "";
}

std::string cell(const std::string& text) { return "<td>" + html_escaped(text) + "</td>"; }

std::string row(std::initializer_list<std::string> texts) {
  std::string out = "<tr>";
  for (const std::string& each : texts) out += cell(each);
  return out + "</tr>\n";
}

std::string head(std::initializer_list<const char*> texts) {
  std::string out = "<table><tr>";
  for (const char* each : texts) out += std::string("<th>") + each + "</th>";
  return out + "</tr>\n";
}

template <std::size_t N>
std::string facts(const char* title, const Value& object,
                  const std::pair<const char*, const char*> (&members)[N]) {
  std::string out = std::string("<h2>") + title + "</h2>" + head({"", "stated"});
  for (const auto& [name, label] : members) {
    const std::string text = object.string_at(name);
    out += row({label, text.empty() ? "not stated" : text});
  }
  return out + "</table>\n";
}

std::string version_text(const Value& proven) {
  if (proven.is_null()) return "not proven";
  const std::string signer = proven.string_at("signed_by");
  return proven.string_at("version") + " (" + std::to_string(proven.integer_at("release_counter")) +
         "), verified " + proven.string_at("verified_at") +
         (signer.empty() ? "" : ", signed by the " + (signer == "ecu" ? "ECU" : signer));
}

constexpr const char* kStyle =
    "<style>body{font:11pt sans-serif;margin:2em;color:#111}table{border-collapse:collapse;"
    "width:100%;margin:0 0 1.2em}th,td{border:1px solid #999;padding:3px 6px;text-align:left;"
    "vertical-align:top;overflow-wrap:anywhere}th{background:#eee}h1{font-size:17pt}h2{font-size:"
    "13pt}tr{break-inside:avoid}@media print{body{margin:0;font-size:9pt}}</style>";

}  // namespace

Value r156_report(const R156Sources& sources, const std::string& made_at) {
  const Value state = sources.states.empty() ? Value() : sources.states.back();
  const Value& definition = member(sources.definition, "definition");
  Value gaps = Value::array();
  Value out = Value::object({{"report", "UN R156 evidence of a software update campaign"},
                             {"made_at", made_at},
                             {"campaign", definition.string_at("name")},
                             {"description", definition.string_at("description")},
                             {"author", sources.definition.string_at("author")}});
  out.set("approved_by", member(state, "approved_by")).set("state", state.string_at("state"));
  out.set("reason", state.string_at("reason"));
  out.set("user_information", stated(definition, "user_information", kUserInformation, 5, gaps));
  out.set("compatibility", stated(definition, "compatibility", kCompatibility, 4, gaps));
  out.set("images", member(state, "images")).set("definition", definition);
  out.set("summary", member(state, "total")).set("trail", trail_of(sources.states));
  Value vehicles = Value::array();
  for (const Value& vehicle : sources.vehicles) {
    vehicles.push_back(vehicle_entry(sources, state, vehicle, gaps));
  }
  out.set("vehicles", std::move(vehicles)).set("gaps", std::move(gaps));
  return out;
}

std::string r156_html(const Value& report) {
  std::string out = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
                    html_escaped("UN R156: " + report.string_at("campaign")) + "</title>" + kStyle +
                    "</head><body>\n<h1>" + html_escaped(report.string_at("report")) + "</h1>\n";
  out += head({"Campaign", "State", "Author", "Approved by", "Report made"});
  out += row({report.string_at("campaign"), report.string_at("state"), report.string_at("author"),
              text_of(member(report, "approved_by")), report.string_at("made_at")});
  out += "</table>\n<p>" + html_escaped(report.string_at("description")) + "</p>\n";
  out += facts("User information", member(report, "user_information"), kUserInformation);
  out +=
      "<p>As the planner stated it. The vehicle's display shows what the image's manifest says, "
      "signed by the maker: its notes, how long it takes, what does not work meanwhile.</p>\n";
  out += facts("Compatibility", member(report, "compatibility"), kCompatibility);
  out += "<h2>Software</h2>" + head({"Name", "Version", "Release counter", "Hardware", "SHA-256"});
  for (const Value& each : items(report, "images")) {
    out += row({each.string_at("name"), each.string_at("version"),
                std::to_string(each.integer_at("release_counter")), each.string_at("hardware_id"),
                each.string_at("sha256")});
  }
  out += "</table>\n<h2>Vehicles</h2>" +
         head({"Vehicle", "ECU", "Before", "After", "Fits", "Consent", "Result"});
  for (const Value& vehicle : items(report, "vehicles")) {
    for (const Value& ecu : items(vehicle, "ecus")) {
      const Value& fits = member(ecu, "compatibility");
      const Value& consent = member(ecu, "consent");
      const std::string reason = ecu.string_at("reason", vehicle.string_at("reason"));
      out += row(
          {vehicle.string_at("vehicle"), ecu.string_at("ecu"), version_text(member(ecu, "before")),
           version_text(member(ecu, "after")),
           fits.string_at("hardware_id") + (fits.bool_at("no_downgrade") ? ", no downgrade" : ""),
           consent.string_at("decision") + " " + consent.string_at("by") + " " +
               consent.string_at("at"),
           ecu.string_at("result") + (reason.empty() ? "" : ": " + reason)});
    }
  }
  out += "</table>\n<h2>What happened</h2>" + head({"When", "State", "Stage", "By", "Why"});
  for (const Value& each : items(report, "trail")) {
    out += row({each.string_at("at"), each.string_at("state"), each.string_at("stage"),
                each.string_at("by"), each.string_at("reason")});
  }
  out += "</table>\n<h2>Gaps</h2>\n<ul>";
  for (const Value& each : items(report, "gaps"))
    out += "<li>" + html_escaped(text_of(each)) + "</li>\n";
  if (items(report, "gaps").empty()) out += "<li>none</li>";
  return out + "</ul>\n</body></html>\n";
}

}  // namespace gatehouse::ota

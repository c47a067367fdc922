#include "bindings/mqtt/topics.h"

#include <algorithm>
#include <array>

#include "cse/primitive/identifiers.h"

namespace gatehouse::mqtt {
namespace {

constexpr std::size_t kMaxTopicBytes = 4096;
constexpr std::size_t kMaxIdBytes = 1024;
constexpr std::string_view kRoot = "/oneM2M/";

struct KindName {
  TopicKind kind;
  std::string_view name;
};
// TS-0010 clauses 6.4.2, 6.4.3 and 6.5.2 (registration).
constexpr std::array kKindNames = {
    KindName{TopicKind::kRequest, "req"},
    KindName{TopicKind::kResponse, "resp"},
    KindName{TopicKind::kRegistrationRequest, "reg_req"},
    KindName{TopicKind::kRegistrationResponse, "reg_resp"},
};

std::string_view name_of(TopicKind kind) {
  return std::find_if(kKindNames.begin(), kKindNames.end(),
                      [kind](const KindName& row) { return row.kind == kind; })
      ->name;
}

bool is_registration(TopicKind kind) {
  return kind == TopicKind::kRegistrationRequest || kind == TopicKind::kRegistrationResponse;
}

bool is_id_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.' || c == '_';
}

// "id-mn", "id-mn:CAE1", ":sp.example:id-in": non-empty parts between colons; a leading colon
// stands for "//".
bool is_topic_id(std::string_view id) {
  if (id.starts_with(':')) id.remove_prefix(1);
  if (id.empty() || id.size() > kMaxIdBytes) return false;
  char before = ':';
  for (const char c : id) {
    if (c == ':' ? before == ':' : !is_id_character(c)) return false;
    before = c;
  }
  return before != ':';
}

// A Credential-ID is not ours to define: anything that can stand in one level of a topic.
bool is_credential_id(std::string_view id) {
  return !id.empty() && id.size() <= kMaxIdBytes && std::all_of(id.begin(), id.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '+' && c != '#' && c != '/';
  });
}

std::string_view take_level(std::string_view& rest) {
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view level = rest.substr(0, slash);
  rest.remove_prefix(std::min(slash + 1, rest.size()));
  return level;
}

std::string root(std::string_view prefix) { return std::string(prefix) + std::string(kRoot); }

}  // namespace

std::string to_text(const Topic& topic, std::string_view prefix) {
  std::string text = root(prefix);
  text += name_of(topic.kind);
  for (const std::string* level : {&topic.originator, &topic.receiver, &topic.codec}) {
    text += '/';
    text += *level;
  }
  return text;
}

Result<Topic> parse_topic(std::string_view topic, std::string_view prefix) {
  if (topic.size() > kMaxTopicBytes) return fail(Rsc::kBadRequest, "topic: longer than 4096 bytes");
  const std::string start = root(prefix);
  if (!topic.starts_with(start)) {
    return fail(Rsc::kBadRequest, "topic: does not begin with " + start);
  }
  if (std::count(topic.begin() + static_cast<std::ptrdiff_t>(start.size()), topic.end(), '/') !=
      3) {
    return fail(Rsc::kBadRequest, "topic: must have kind, originator, receiver and serialisation");
  }
  std::string_view rest = topic.substr(start.size());
  const std::string_view kind_name = take_level(rest);
  const auto row = std::find_if(kKindNames.begin(), kKindNames.end(),
                                [&](const KindName& entry) { return entry.name == kind_name; });
  if (row == kKindNames.end()) {
    return fail(Rsc::kBadRequest, "topic: the kind is not req, resp, reg_req or reg_resp");
  }
  Topic parsed{row->kind, std::string(take_level(rest)), std::string(take_level(rest)),
               std::string(take_level(rest))};
  if (!(is_registration(parsed.kind) ? is_credential_id(parsed.originator)
                                     : is_topic_id(parsed.originator))) {
    return fail(Rsc::kBadRequest, "topic: the originator is malformed");
  }
  if (!is_topic_id(parsed.receiver)) {
    return fail(Rsc::kBadRequest, "topic: the receiver is malformed");
  }
  if (parsed.codec != "json" && parsed.codec != "cbor" && parsed.codec != "xml") {
    return fail(Rsc::kBadRequest, "topic: the serialisation is not json, cbor or xml");
  }
  return parsed;
}

std::string topic_form(std::string_view id) {
  std::string form;
  if (id.starts_with("//")) {
    form = ":";
    id.remove_prefix(2);
  } else if (id.starts_with('/')) {
    id.remove_prefix(1);
  }
  form += id;
  std::replace(form.begin(), form.end(), '/', ':');
  return form;
}

std::string id_of_topic_form(std::string_view topic_id) {
  if (is_ae_id_stem(topic_id)) return std::string(topic_id);
  std::string id = "/";  // a leading colon becomes the second slash
  id += topic_id;
  std::replace(id.begin(), id.end(), ':', '/');
  return id;
}

std::string filter_for(TopicKind kind, std::string_view own_topic_id, std::string_view prefix) {
  const bool answers = kind == TopicKind::kResponse || kind == TopicKind::kRegistrationResponse;
  std::string filter = root(prefix);
  filter += name_of(kind);
  filter += answers ? "/" : "/+/";
  filter += own_topic_id;
  filter += "/#";
  return filter;
}

std::string cse_part(std::string_view id) {
  if (!id.starts_with('/')) return {};
  const std::size_t name = id.starts_with("//") ? id.find('/', 2) : 0;
  if (name == std::string_view::npos) return {};
  return std::string(id.substr(0, id.find('/', name + 1)));
}

std::vector<std::string> identities_of(std::string_view topic_id, std::string_view own_cse_id) {
  const std::string id = id_of_topic_form(topic_id);
  std::vector<std::string> identities{id};
  if (is_ae_id_stem(id)) {
    if (!own_cse_id.empty()) identities.push_back(std::string(own_cse_id) + "/" + id);
  } else if (!own_cse_id.empty() && id.starts_with(std::string(own_cse_id) + "/")) {
    identities.push_back(id.substr(own_cse_id.size() + 1));
  }
  return identities;
}

bool may_originate(std::string_view topic_originator, std::string_view from,
                   std::string_view own_cse_id) {
  const std::vector<std::string> own = identities_of(topic_originator, own_cse_id);
  if (std::find(own.begin(), own.end(), from) != own.end()) return true;
  if (!is_cse_id(own.front()) || !from.starts_with('/')) return false;
  if (own_cse_id.empty() || own.front() == own_cse_id) return true;
  // Nobody else speaks for us or for those registered with us.
  return from != own_cse_id && !from.starts_with(std::string(own_cse_id) + "/");
}

}  // namespace gatehouse::mqtt

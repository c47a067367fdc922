#include "cse/services/announcement/announcement.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "cse/services/announcement/announced_type.h"
#include "cse/services/announcement/announcer.h"
#include "cse/services/announcement/copies.h"

namespace gatehouse {
namespace {

using namespace announcement;

bool concerns(const Resource& resource) {
  return resource.schema().announceable && (resource.attribute("at") || Copies::any(resource));
}

/// `aa` may name attributes of the resource only. Source: TS-0001 table 9.6.1.3.2-1.
Result<void> check_names(const Resource& original) {
  for (const std::string& name : original.attributes().strings_at("aa")) {
    const auto universal = universal_rules();
    const bool known =
        original.schema().find(name) ||
        std::any_of(universal.begin(), universal.end(),
                    [&name](const AttributeRule& r) { return r.short_name == name; });
    if (known) continue;
    return fail(Rsc::kBadRequest, "aa (announcedAttribute): \"" + name + "\" is no attribute of <" +
                                      std::string(original.schema().name) + ">");
  }
  return {};
}

/// Brings `at` and `aa` into the form in which they are kept.
Result<ResourcePtr> normalise(const ResourceId& id, OperationContext& context) {
  auto current = context.resources.find(id);
  if (!current || !*current) return current;
  const Resource& original = **current;
  if (auto known = check_names(original); !known) return fail(known.error());
  Value attributes = original.attributes();
  const auto put = [&attributes](const char* name, const std::vector<std::string>& kept) {
    if (!attributes.contains(name) || attributes.strings_at(name) == kept) return false;
    if (kept.empty())
      attributes.erase(name);
    else
      attributes.set(name, list_of_strings(kept));
    return true;
  };
  const bool targets = put("at", normalised_targets(original, context.settings));
  const bool names = put("aa", normalised_names(original));
  if (!targets && !names) return current;
  return context.resources.update(*current, std::move(attributes), true);
}

/// Addresses of the copies of what was deleted; those below another one go with it.
std::vector<std::string> copies_to_remove(std::span<const Change> changes) {
  std::vector<std::string> addresses;
  std::unordered_map<std::string, Copies> deleted;
  for (const Change& change : changes) {
    if (change.kind == Change::Kind::kDeleted && Copies::any(*change.before))
      deleted.emplace(change.before->id().text, Copies::of(*change.before));
  }
  if (deleted.empty()) return addresses;
  for (const Change& change : changes) {
    const auto own = deleted.find(change.resource().id().text);
    if (change.kind != Change::Kind::kDeleted || own == deleted.end()) continue;
    const auto parent = deleted.find(change.before->parent().text);
    for (const auto& [target, copy] : own->second.all()) {
      const bool goes_with_parent =
          copy.below_parent && parent != deleted.end() && parent->second.all().contains(target);
      if (!goes_with_parent) addresses.push_back(copy.address);
    }
  }
  return addresses;
}

}  // namespace

Announcement::Announcement(Cse& cse, AnnouncementSettings settings)
    : announcer_(std::make_shared<Announcer>(cse, settings)) {
  for (const TypeSchema* schema : cse.schemas().all()) {
    if (schema->type > type_number::kAnnounced)
      cse.behaviours().add(schema->type, announced_type_behaviour(cse));
  }
  cse.extensions().participants.push_back(this);
  cse.extensions().listeners.push_back(this);
}

Announcement::~Announcement() { stop(); }

void Announcement::start() { announcer_->start(); }
void Announcement::stop() { announcer_->stop(); }

Result<void> Announcement::on_changes(std::span<const Change> changes, OperationContext& context) {
  for (const std::string& address : copies_to_remove(changes))
    Announcer::put_removal(context.resources, address);
  for (const Change& change : changes) {
    if (change.kind == Change::Kind::kDeleted || !concerns(*change.after)) continue;
    auto original = normalise(change.after->id(), context);
    if (!original) return fail(original.error());
    if (*original && !pending_steps(**original, context.settings).empty())
      Announcer::put_work(context.resources, (*original)->id());
  }
  return {};
}

void Announcement::hold_answer(const Committed& event) {
  std::unordered_map<std::string, ResourcePtr> last;
  for (const Change& change : event.changes) {
    if (change.after) last[change.after->id().text] = change.after;
  }
  std::set<std::string> keys;
  for (const std::string& address : copies_to_remove(event.changes)) keys.insert("gone:" + address);
  for (const auto& [id, original] : last) {
    if (!pending_steps(*original, announcer_->settings()).empty()) keys.insert(id);
  }
  if (!keys.empty()) announcer_->wait_for(std::move(keys), event.hold_answer());
}

void Announcement::committed(const Committed& event) {
  bool work = false, routes = false;
  for (const Change& change : event.changes) {
    const Resource& resource = change.resource();
    routes = routes ||
             (resource.type() == type_number::kRemoteCse && change.kind != Change::Kind::kDeleted);
    work = work || concerns(resource);
  }
  if (work && event.originator != announcer_->settings().cse_id) hold_answer(event);
  if (work) announcer_->wake();
  if (routes) announcer_->routes_changed();
}

}  // namespace gatehouse

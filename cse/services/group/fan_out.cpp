#include "cse/services/group/fan_out.h"

#include <algorithm>

#include "cse/codec/json.h"
#include "cse/codec/primitive_codec.h"

namespace gatehouse {
namespace {

/// Identifiers remembered at most; beyond, the oldest to expire are forgotten.
constexpr std::size_t kMaxRemembered = 10'000;

/// Groups in groups that one request is handed down through. Deeper, its answer could not be
/// decoded, and the stack would not hold.
constexpr int kMaxNesting = 16;

/// Counts the fan-outs that are under way on this thread: a member that is a fanOutPoint of this
/// CSE is served inside its group's.
class Nesting {
 public:
  Nesting() { ++depth(); }
  ~Nesting() { --depth(); }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  static bool is_too_deep() { return depth() >= kMaxNesting; }

 private:
  static int& depth() {
    static thread_local int count = 0;
    return count;
  }
};

/// Gathers the answers of members until all are there or time is up.
class Gathering {
 public:
  Gathering(Request request, std::size_t expected, Reply reply)
      : request_(std::move(request)), expected_(expected), reply_(std::move(reply)) {
    request_.content.reset();  // this lives until the deadline, which may be far
  }

  void add(const std::string& member, Response response) {
    Value answer;
    {
      auto tree = tree_of(response.content);
      Response plain = std::move(response);
      plain.content = tree && !tree->is_null() ? Content(*std::move(tree)) : Content();
      plain.from = member;
      answer = to_value(plain);
    }
    bool complete = false;
    {
      const std::lock_guard lock(mutex_);
      if (done_) return;
      answers_.push_back(std::move(answer));
      complete = done_ = answers_.size() == expected_;
    }
    if (complete) finish();
  }

  void time_is_up() {
    {
      const std::lock_guard lock(mutex_);
      if (done_) return;
      done_ = true;
    }
    finish();
  }

 private:
  void finish() {
    if (answers_.size() == 0) {
      return reply_(error_response(request_, {Rsc::kGroupMembersNotResponded,
                                              "no member of the group has answered in time"}));
    }
    Response response;
    response.content =
        Value::object({{"m2m:agr", Value::object({{"m2m:rsp", std::move(answers_)}})}});
    reply_(std::move(response));
  }

  Request request_;
  const std::size_t expected_;
  const Reply reply_;
  std::mutex mutex_;
  Value answers_ = Value::array();
  bool done_ = false;
};

}  // namespace

Result<void> FanOutPoint::authorize(const Request& request, const ResourcePtr& group,
                                    const std::string& originator) {
  CommittedView resources = cse_.view();
  const auto question = AccessRequest::of(request, originator, privilege_for(request.operation),
                                          static_cast<int>(request.resource_type.value_or(0)));
  const Value* policies = group->attributes().find("macp");
  const bool own_policies =
      policies && policies->size() > 0 && originator != cse_.settings().administrator;
  auto allowed = own_policies ? cse_.access().policies_grant(*policies, group, question, resources)
                              : cse_.access().allows(group, question, resources);
  if (!allowed) return fail(allowed.error());
  if (!*allowed) return fail(no_privilege(originator, question.privilege, *group));
  return {};
}

Result<std::vector<std::string>> FanOutPoint::members_for(const Request& request,
                                                          const Resource& group) const {
  std::vector<std::string> members = group.attributes().strings_at("mid");
  if (members.empty())
    return fail(Rsc::kNoMembers, "the group " + group.path() + " has no members");
  if (request.group_request_target_members.empty()) return members;
  for (const std::string& wanted : request.group_request_target_members) {
    if (std::find(members.begin(), members.end(), wanted) == members.end()) {
      return fail(Rsc::kBadRequest, "grtm (groupRequestTargetMembers): \"" + wanted +
                                        "\" is not a member of the group");
    }
  }
  return request.group_request_target_members;
}

bool FanOutPoint::remember(const std::string& identifier, const ResourceId& group,
                           Timestamp until) {
  const Timestamp now = cse_.scheduler().now();
  const std::lock_guard lock(mutex_);
  if (seen_.size() >= kMaxRemembered)
    std::erase_if(seen_, [now](const auto& entry) { return entry.second <= now; });
  if (seen_.size() >= kMaxRemembered) seen_.clear();
  const auto [entry, is_new] = seen_.try_emplace({identifier, group.text}, until);
  if (!is_new && entry->second > now) return false;
  entry->second = until;
  return true;
}

void FanOutPoint::handle(Request request, const ResourcePtr& group, std::vector<std::string> rest,
                         const std::string& originator, Reply reply) {
  if (Nesting::is_too_deep()) {
    return reply(error_response(
        request, {Rsc::kBadRequest, "groups are nested in groups more than " +
                                        std::to_string(kMaxNesting) + " deep here"}));
  }
  const Nesting nesting;
  if (auto allowed = authorize(request, group, originator); !allowed)
    return reply(error_response(request, allowed.error()));
  auto members = members_for(request, *group);
  if (!members) return reply(error_response(request, members.error()));
  const Timestamp now = cse_.scheduler().now();
  Timestamp deadline = now + cse_.settings().default_request_timeout;
  if (request.request_expiration)
    deadline = parse_abs_rel_timestamp(*request.request_expiration, now).value_or(deadline);
  if (!request.group_request_identifier)
    request.group_request_identifier = cse_.ids().request_identifier();
  if (!remember(*request.group_request_identifier, group->id(), deadline)) {
    return reply(error_response(
        request, {Rsc::kGroupRequestIdentifierExists, "gid: the group has this request already"}));
  }
  std::string suffix;
  for (const std::string& segment : rest) suffix += "/" + segment;
  const bool deletes = request.operation == Operation::kDelete && suffix.empty();
  auto gathering = std::make_shared<Gathering>(request, members->size(), std::move(reply));
  for (const std::string& member : *members) {
    Request one = request;
    one.to = member + suffix;
    one.from = originator;
    one.group_request_target_members.clear();
    one.request_identifier = cse_.ids().request_identifier();
    cse_.request(std::move(one),
                 [this, gathering, member, deletes, id = group->id()](Response response) {
                   if (deletes && response.rsc == Rsc::kDeleted) remove_deleted(id, {member});
                   gathering->add(member, std::move(response));
                 });
  }
  cse_.scheduler().at(deadline, [gathering] { gathering->time_is_up(); });
}

/// Source: TS-0004 clause 7.4.14.2.4: deleted members leave the group.
void FanOutPoint::remove_deleted(const ResourceId& group, std::vector<std::string> members) {
  cse_.submit([group, members = std::move(members)](OperationContext& context) {
    auto found = context.resources.find(group);
    if (!found) return error_response(context.request, found.error());
    if (!*found) return Response{};
    Value attributes = (*found)->attributes();
    Value kept = Value::array();
    for (const std::string& member : attributes.strings_at("mid")) {
      if (std::find(members.begin(), members.end(), member) == members.end())
        kept.push_back(member);
    }
    attributes.set("cnm", static_cast<std::int64_t>(kept.size()));
    attributes.set("mid", std::move(kept));
    context.resources.update(*found, std::move(attributes), true);
    return Response{};
  });
}

}  // namespace gatehouse

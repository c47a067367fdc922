#include "cse/services/command/command_arguments.h"

#include <algorithm>
#include <array>

#include "cse/schema/value_shapes.h"

namespace gatehouse {
namespace {

using namespace shape;
constexpr bool kMust = true;
constexpr bool kMay = false;

// One row per member, in columns.
// clang-format off
constexpr MemberRule kAnyArgument[] = {
    {"nm",  "name",  kMust, kNcName},
    {"val", "value", kMust, kAny},
};
constexpr MemberRule kNothing[] = {
    {"any", "anyArg", kMay, list_of(object_of(kAnyArgument))},
};
constexpr MemberRule kUpload[] = {
    {"ftyp", "fileType", kMust, kString},
    {"url",  "URL",      kMust, kUri},
    {"unm",  "username", kMust, kString},
    {"pwd",  "password", kMust, kString},
    {"any",  "anyArg",   kMay,  list_of(object_of(kAnyArgument))},
};
constexpr MemberRule kDownload[] = {
    {"ftyp", "fileType",     kMust, kString},
    {"url",  "URL",          kMust, kUri},
    {"unm",  "username",     kMust, kString},
    {"pwd",  "password",     kMust, kString},
    {"fsi",  "filesize",     kMust, kPositive},
    {"tgf",  "targetFile",   kMust, kString},
    {"dss",  "delaySeconds", kMust, kPositive},
    {"surl", "successURL",   kMust, kUri},
    {"stt",  "startTime",    kMust, kTimestamp},
    {"cpt",  "completeTime", kMust, kTimestamp},
    {"any",  "anyArg",       kMay,  list_of(object_of(kAnyArgument))},
};
constexpr MemberRule kInstall[] = {
    {"url",  "URL",              kMust, kUri},
    {"uuid", "UUID",             kMust, kString},
    {"unm",  "username",         kMust, kString},
    {"pwd",  "password",         kMust, kString},
    {"eer",  "executionEnvRef",  kMust, kString},
    {"any",  "anyArg",           kMay,  list_of(object_of(kAnyArgument))},
};
constexpr MemberRule kUpdate[] = {
    {"uuid", "UUID",             kMust, kString},
    {"vr",   "version",          kMust, kString},
    {"url",  "URL",              kMust, kUri},
    {"unm",  "username",         kMust, kString},
    {"pwd",  "password",         kMust, kString},
    {"eer",  "executionEnvRef",  kMust, kString},
    {"any",  "anyArg",           kMay,  list_of(object_of(kAnyArgument))},
};
constexpr MemberRule kUninstall[] = {
    {"uuid", "UUID",             kMust, kString},
    {"vr",   "version",          kMust, kString},
    {"eer",  "executionEnvRef",  kMust, kString},
    {"any",  "anyArg",           kMay,  list_of(object_of(kAnyArgument))},
};

/// One command: the member of execReqArgs that is its, and what it does to which object.
struct Command {
  std::int64_t type;
  std::string_view arguments, name;
  std::span<const MemberRule> members;
  bool needs_arguments;
  std::int64_t management_definition;          ///< 0: no conversion
  std::string_view trigger;                    ///< attribute that is set to true
  std::span<const std::string_view> copied;    ///< arguments that are attributes of the object too
};
constexpr std::string_view kUrl[] = {"url"};
constexpr std::string_view kUrlAndVersion[] = {"url", "vr"};
constexpr Command kCommands[] = {
    {1, "rst",  "reset",             kNothing,   false, 1009, "far", {}},
    {2, "rbo",  "reboot",            kNothing,   false, 1009, "rbo", {}},
    {3, "uld",  "upload",            kUpload,    true,  0,    "",    {}},
    {4, "dld",  "download",          kDownload,  true,  1001, "ud",  kUrl},
    {5, "swin", "softwareInstall",   kInstall,   true,  1002, "in",  kUrl},
    {6, "swun", "softwareUninstall", kUninstall, true,  1002, "un",  {}},
    {7, "swup", "softwareUpdate",    kUpdate,    true,  1002, "in",  kUrlAndVersion},
};
// clang-format on

const Command* find_command(std::int64_t type) {
  const auto found = std::find_if(std::begin(kCommands), std::end(kCommands),
                                  [type](const Command& c) { return c.type == type; });
  return found == std::end(kCommands) ? nullptr : found;
}

/// The argument objects of the command: a list, or its only item.
std::vector<const Value*> items_of(const Value* arguments, const Command& command) {
  const Value* member = arguments ? arguments->find(command.arguments) : nullptr;
  if (!member) return {};
  std::vector<const Value*> items;
  if (!member->is_array()) return {member};
  for (const Value& item : *member->as_array()) items.push_back(&item);
  return items;
}

}  // namespace

Result<void> check_arguments(std::int64_t type, const Value* arguments) {
  const Command* command = find_command(type);
  if (!command)
    return fail(Rsc::kInvalidCmdType, "cmt (cmdType): must be 1 to 7, not " + std::to_string(type));
  const std::string path = "exra/" + std::string(command->arguments);
  if (arguments) {
    const Value::Object* members = arguments->as_object();
    const bool of_command =
        members && std::all_of(members->begin(), members->end(), [command](const Member& member) {
          return member.name == command->arguments;
        });
    if (!of_command) {
      return fail(Rsc::kInvalidArguments, "exra (execReqArgs): must be an object with the member " +
                                              std::string(command->arguments) + " (" +
                                              std::string(command->name) + ") only");
    }
  }
  const auto items = items_of(arguments, *command);
  if (items.empty() && command->needs_arguments)
    return fail(Rsc::kInsufficientArguments, path + ": is mandatory for this command");
  for (const Value* item : items) {
    for (const MemberRule& member : command->members) {
      if (member.mandatory && item->is_object() && !item->contains(member.short_name)) {
        return fail(Rsc::kInsufficientArguments,
                    path + "/" + std::string(member.short_name) + ": is mandatory");
      }
    }
    if (auto fits = validate_value(path, object_of(command->members), *item); !fits)
      return fail(Rsc::kInvalidArguments, fits.error().detail);
  }
  return {};
}

std::optional<ManagementUpdate> converted(std::int64_t type, const Value* arguments) {
  const Command* command = find_command(type);
  if (!command || command->management_definition == 0) return std::nullopt;
  ManagementUpdate update{command->management_definition, Value::object()};
  const auto items = items_of(arguments, *command);
  for (const std::string_view name : command->copied) {
    const Value* value = items.empty() ? nullptr : items.front()->find(name);
    if (value) update.attributes.set(name, *value);
  }
  update.attributes.set(command->trigger, true);
  return update;
}

}  // namespace gatehouse

#include "cse/dialect/switches.h"

#include <algorithm>
#include <array>

namespace gatehouse {
namespace {

using namespace dialect_profile;
using D = Dialect;

constexpr unsigned kLegacy = kOm2m | kMobius;

// clang-format off
constexpr std::array<Switch, kSwitches> kTable = {{
    {D::kMappedOriginator, "mapped_originator",
     "originators such as \"admin:admin\", from this machine only; compat.originators says who they are, "
     "\"admin:admin\" is the administrator",
     "TS-0001 7.2 (AE-ID)", kOm2m, repair::mapped_originator, "fr (From): ", nullptr},
    {D::kNoReleaseVersion, "no_rvi",
     "requests without release version indicator; they count as release 1 if it is served, else 2a",
     "TS-0004 7.3.2.1", kLegacy, repair::release_version, "rvi (releaseVersionIndicator): is absent", nullptr},
    {D::kNoRequestId, "no_request_id",
     "requests without request identifier; the CSE makes one",
     "TS-0004 table 7.1.1-1", kLegacy, repair::request_id, "rqi (requestIdentifier", nullptr},
    {D::kTypeOutsideCreate, "ty_outside_create",
     "a resource type (;ty=) in other requests than CREATE; it is ignored",
     "TS-0004 table 7.1.1-1", kLegacy, repair::type_outside_create, "ty: is only allowed", nullptr},
    {D::kAddressWithoutCseId, "address_without_cse_id",
     "SP-relative addresses without the CSE-ID: /~/cse-in/x and /~/cnt123 mean this CSE",
     "TS-0001 7.2 (resource identifiers)", kLegacy, repair::address_without_cse_id, "to: ", nullptr},
    {D::kCseIdAsBase, "cse_id_as_base",
     "the CSE-ID alone as address (/~/id-in); it means the CSEBase",
     "TS-0001 7.2 (resource identifiers)", kOm2m, repair::cse_id_as_base, "to: ", nullptr},
    {D::kAdministratorsAes, "administrators_aes",
     "any number of AEs that the administrator registers; the CSE assigns their AE-IDs",
     "TS-0004 7.4.5.2.1", kOm2m, repair::administrators_ae, "fr (From): ", nullptr},
    {D::kCoerceScalars, "coerce_scalars",
     "numbers and truth values as texts (\"5\", \"true\"), whole numbers as 5.0, a lone item for a list",
     "TS-0004 8.4, 6.3", kLegacy, repair::scalars, "", nullptr},
    {D::kAeWithoutReleases, "ae_without_srv",
     "an AE without supportedReleaseVersions; the request's release is taken",
     "TS-0004 table 7.4.5.1-3", kLegacy, repair::ae_releases, "srv (supportedReleaseVersions): is mandatory", nullptr},
    {D::kApiWithoutPrefix, "api_without_prefix",
     "an App-ID that begins with neither N nor R; an N is put before it",
     "TS-0001 7.2 (App-ID)", kLegacy, repair::api_prefix, "api (App-ID): must begin", nullptr},
    {D::kSubWithoutCriteria, "sub_without_enc",
     "a subscription without enc also tells of created children",
     "TS-0001 table 9.6.8-2 (notificationEventType)", kOm2m, repair::sub_criteria, "", nullptr},
    {D::kDowngradedContentType, "nct_downgrade",
     "notificationContentType 2 with other events than UPDATE; it becomes 1",
     "TS-0001 table 9.6.8-4", kMobius, repair::content_type, "nct (notificationContentType): 2 ", nullptr},
    {D::kAcmeMonitor, "acme_om",
     "operationMonitor with `org` for `or`, and in `ops` the number of one operation; told and answered so too",
     "TS-0004 6.3.5.57", kAcme, repair::acme_monitor, "enc/om", nullptr},
    {D::kAnswerInAskedForm, "answer_in_asked_form",
     "ri, pi and addresses are answered SP-relative where the request's address was",
     "TS-0001 9.6.1.3.1 (resourceID)", kOm2m, nullptr, "", nullptr},
    {D::kPublicCsebase, dialect_switch::kPublicCsebase,
     "a RETRIEVE of the CSEBase by anybody",
     "TS-0004 7.3.2.1 (4106)", kLegacy, nullptr, "fr (From): ", is_look_at_csebase},
    {D::kAdmitUnregistered, dialect_switch::kAdmitUnregistered,
     "originators that are not registered; policies judge them",
     "TS-0004 7.3.2.1 (4106, 4107)", kAcme, nullptr, "fr (From): ",
     [](const Request&, const DialectFacts&) { return true; }},
    {D::kStructuredReference, "structured_sur",
     "the subscription reference in notifications is its structured address",
     "TS-0004 7.5.1.1", kMobius, nullptr, "", nullptr},
    {D::kMqttTopicOfAe, "mqtt_topic_of_ae",
     "a notification URI mqtt://broker/AE-ID means that AE on oneM2M's topics, not the topic AE-ID",
     "TS-0010 6.4", kMobius, nullptr, "", nullptr},
    {D::kNestedContentType, "nct_in_enc",
     "notificationContentType inside eventNotificationCriteria; it is moved out",
     "TS-0001 table 9.6.8-2", kAcme, repair::nested_content_type, "enc (eventNotificationCriteria): has no member \"nct\"", nullptr},
    {D::kFractionalTimes, "fractional_times",
     "times in milliseconds with a fraction (\"1500.0\"), which is cut off",
     "TS-0004 table 6.3.3-1 (m2m:absRelTimestamp)", kAcme, repair::fractional_times, "", nullptr},
    {D::kUnstructuredWithCseId, "unstructured_with_cse_id",
     "addresses are answered SP-relative where unstructured ones are asked for (drt 2)",
     "TS-0004 6.2.3", kAcme, nullptr, "", nullptr},
    {D::kDecimalCoordinates, "decimal_coordinates",
     "coordinates of locations with a decimal point in each number only: others are refused, as ACME does",
     "RFC 7946 3.1.1", kAcme, nullptr, "", nullptr, objection::whole_coordinates},
    {D::kLaterRelease, "later_release",
     "types and attributes of a later release than the request says it is of; it counts as one of the newest",
     "TS-0001 8.1.2 (Release Version Indicator)", kLegacy | kAcme, repair::later_release, "", nullptr},
}};
// clang-format on

constexpr std::array<Profile, 4> kProfiles = {{
    {"strict", "the standard alone", 0},
    {"om2m", "OM2M, onem2mlib and others of release 1 and 2", kOm2m},
    {"mobius", "Mobius, nCube Thyme and TAS, Node-RED", kMobius},
    {"acme", "ACME's tools and test suite", kAcme},
}};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (kTable[i].id != static_cast<Dialect>(i)) return false;
  }
  return true;
}
static_assert(is_in_order(), "the table stands in the order of the enumeration");

}  // namespace

std::span<const Switch, kSwitches> all_switches() { return kTable; }

const Switch* find_switch(std::string_view name) {
  const auto row = std::find_if(kTable.begin(), kTable.end(),
                                [name](const Switch& each) { return each.name == name; });
  return row == kTable.end() ? nullptr : &*row;
}

std::span<const Profile> all_profiles() { return kProfiles; }

SwitchSet switches_of(std::string_view profile, const std::vector<std::string>& names) {
  SwitchSet set;
  for (const Profile& each : kProfiles) {
    for (const Switch& row : kTable) {
      if (each.name == profile && (row.profiles & each.bit))
        set.set(static_cast<std::size_t>(row.id));
    }
  }
  for (const std::string& name : names) {
    if (const Switch* row = find_switch(name)) set.set(static_cast<std::size_t>(row->id));
  }
  return set;
}

}  // namespace gatehouse

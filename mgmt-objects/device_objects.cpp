#include "mgmt-objects/management_rows.h"
#include "mgmt-objects/object_families.h"

// Management objects of TS-0001 clauses D.2 to D.11.
// To add an object: its table here, and one row in kObjects.

namespace gatehouse::management {

using namespace shape;
using namespace rows;
using namespace enumerations;
using namespace complex_types;

namespace {

// One row per attribute, in columns.
// clang-format off

/// Source: TS-0004 clause D.2, TS-0001 clause D.2.
constexpr auto kFirmware = management::table({
    {"vr",  "version",      kM,  kO, kString,       kOa, kOne},
    {"fwn", "firmwareName", kM,  kO, kString,       kOa, kOne},
    {"url", "URL",          kM,  kO, kUri,          kOa, kOne},
    {"ud",  "update",       kM,  kO, kBoolean,      kOa, kOne},
    {"uds", "updateStatus", kNp, kO, kActionStatus, kOa, kOne},
});

/// Source: TS-0004 clause D.3, TS-0001 clause D.3.
constexpr auto kSoftware = management::table({
    {"vr",   "version",       kM,  kO, kString,       kOa, kOne},
    {"swn",  "softwareName",  kM,  kO, kString,       kOa, kOne},
    {"url",  "URL",           kM,  kO, kUri,          kOa, kOne},
    {"in",   "install",       kNp, kO, kBoolean,      kOa, kOne},
    {"un",   "uninstall",     kNp, kO, kBoolean,      kOa, kOne},
    {"ins",  "installStatus", kNp, kO, kActionStatus, kNa, kOne},
    {"act",  "activate",      kNp, kO, kBoolean,      kOa},
    {"dea",  "deactivate",    kNp, kO, kBoolean,      kOa},
    {"acts", "activeStatus",  kNp, kO, kActionStatus},
});

/// Source: TS-0004 clause D.4, TS-0001 clause D.4.
constexpr auto kMemory = management::table({
    {"mma", "memAvailable", kM, kO, kUnsigned, kOa, kOne},
    {"mmt", "memTotal",     kM, kO, kUnsigned, kOa, kOne},
});

/// Source: TS-0004 clause D.5, TS-0001 clause D.5.
constexpr auto kAreaNwkInfo = management::table({
    {"ant", "areaNwkType",   kM, kO, kString,       kOa, kOne},
    {"ldv", "listOfDevices", kO, kO, list_of(kUri), kOa},
});

/// Source: TS-0004 clause D.6, TS-0001 clause D.6.
constexpr auto kAreaNwkDeviceInfo = management::table({
    {"dvd", "devID",           kM, kO, kString,       kOa, kOne},
    {"dvt", "devType",         kM, kO, kString,       kOa, kOne},
    {"awi", "areaNwkId",       kM, kO, kUri,          kOa, kOne},
    {"sli", "sleepInterval",   kO, kO, kUnsigned,     kOa},
    {"sld", "sleepDuration",   kO, kO, kUnsigned,     kOa},
    {"ss",  "devStatus",       kO, kO, kString,       kOa},
    {"lnh", "listOfNeighbors", kO, kO, list_of(kUri), kOa},
});

/// Source: TS-0004 clause D.7, TS-0001 clause D.7.
constexpr auto kBattery = management::table({
    {"btl", "batteryLevel",  kM, kO, one_of(kPercent),       kOa, kOne},
    {"bts", "batteryStatus", kM, kO, one_of(kBatteryStatus), kOa, kOne},
});

/// Source: TS-0004 clause D.8, TS-0001 clause D.8.
constexpr auto kDeviceInfo = management::table({
    {"dlb",  "deviceLabel",             kM, kO,  kString,          kOa, kOne},
    {"man",  "manufacturer",            kM, kNp, kString,          kOa},
    {"mfdl", "manufacturerDetailsLink", kO, kO,  kString,          kOa},
    {"mfd",  "manufacturingDate",       kO, kNp, kTimestamp,       kOa},
    {"mod",  "model",                   kM, kNp, kString,          kOa},
    {"smod", "subModel",                kO, kNp, kString,          kOa},
    {"dty",  "deviceType",              kM, kO,  kString,          kOa, kOne},
    {"dvnm", "deviceName",              kO, kO,  kString,          kOa},
    {"fwv",  "fwVersion",               kO, kO,  kString,          kOa},
    {"swv",  "swVersion",               kO, kO,  kString,          kOa},
    {"hwv",  "hwVersion",               kO, kNp, kString,          kOa},
    {"osv",  "osVersion",               kO, kO,  kString,          kOa},
    {"cnty", "country",                 kO, kNp, kString,          kOa},
    {"loc",  "location",                kO, kO,  kString,          kOa},
    {"syst", "systemTime",              kO, kO,  kTimestamp,       kOa},
    {"spur", "supportURL",              kO, kO,  kUri,             kOa},
    {"purl", "presentationURL",         kO, kO,  kUri,             kOa},
    {"ptl",  "protocol",                kO, kO,  list_of(kString), kOa},
});

/// Source: TS-0004 clause D.9, TS-0001 clause D.9.
constexpr auto kDeviceCapability = management::table({
    {"can", "capabilityName",         kM, kO, kString,       kOa, kOne},
    {"att", "attached",               kM, kO, kBoolean,      kOa, kOne},
    {"cas", "capabilityActionStatus", kM, kO, kActionStatus, kOa, kOne},
    {"cus", "currentState",           kM, kO, kBoolean,      kOa, kOne},
    {"ena", "enable",                 kO, kO, kBoolean,      kOa},
    {"dis", "disable",                kO, kO, kBoolean,      kOa},
});

/// Source: TS-0004 clause D.10, TS-0001 clause D.10.
constexpr auto kReboot = management::table({
    {"rbo", "reboot",       kO, kO, kBoolean, kOa, kOne},
    {"far", "factoryReset", kO, kO, kBoolean, kOa, kOne},
});

/// Source: TS-0004 clause D.11, TS-0001 clause D.11.
constexpr auto kEventLog = management::table({
    {"lgt",  "logTypeId", kM, kO, one_of(kLogType),   kOa, kOne},
    {"lgd",  "logData",   kM, kO, kString,            kOa, kOne},
    {"lgst", "logStatus", kM, kO, one_of(kLogStatus), kOa, kOne},
    {"lga",  "logStart",  kO, kO, kBoolean,           kOa, kOne},
    {"lgo",  "logStop",   kO, kO, kBoolean,           kOa, kOne},
});

// One row per object, in columns.
constexpr TypeSchema kObjects[] = {
    object(1001, "m2m:fwr",  "firmware",          kFirmware,          kAnnouncedToo),
    object(1002, "m2m:swr",  "software",          kSoftware,          kAnnouncedToo),
    object(1003, "m2m:mem",  "memory",            kMemory,            kAnnouncedToo),
    object(1004, "m2m:ani",  "areaNwkInfo",       kAreaNwkInfo,       kAnnouncedToo),
    object(1005, "m2m:andi", "areaNwkDeviceInfo", kAreaNwkDeviceInfo, kAnnouncedToo),
    object(1006, "m2m:bat",  "battery",           kBattery,           kAnnouncedToo),
    object(1007, "m2m:dvi",  "deviceInfo",        kDeviceInfo,        kAnnouncedToo),
    object(1008, "m2m:dvc",  "deviceCapability",  kDeviceCapability,  kAnnouncedToo),
    object(1009, "m2m:rbo",  "reboot",            kReboot,            kAnnouncedToo),
    object(1010, "m2m:evl",  "eventLog",          kEventLog,          kAnnouncedToo),
};
// clang-format on

}  // namespace

std::span<const TypeSchema> device_objects() { return kObjects; }

}  // namespace gatehouse::management

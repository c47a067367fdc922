#include "mgmt-objects/management_rows.h"
#include "mgmt-objects/object_families.h"

// Management objects of TS-0022: the configuration of field devices.
// A row "short name unverified": TS-0022 names the attribute, no source at hand gives its short
// name. To add an object: its table here, and one row in kObjects.

namespace gatehouse::management {

using namespace shape;
using namespace rows;
using namespace enumerations;
using namespace complex_types;

namespace {

// One row per value or member, in columns.
// clang-format off
constexpr Enumerator kWifiConnectionStatusValues[] = {
    {0, "Disconnected"},
    {1, "Connected"},
    {2, "Idle"},
    {3, "No SSID available"},
    {4, "Scan completed"},
    {5, "Failed"},
    {6, "Lost"},
};
constexpr Enumeration kWifiConnectionStatus{"dcfg:wifiConnectionStatus", kWifiConnectionStatusValues};

constexpr Enumerator kWifiEncryptionTypeValues[] = {
    {1, "None"},
    {2, "WEP"},
    {3, "WPA Personal"},
    {4, "WPA2 Personal"},
    {5, "WPA3 Personal"},
    {6, "WPA Enterprise"},
    {7, "WPA2 Enterprise"},
    {8, "WPA3 Enterprise"},
};
constexpr Enumeration kWifiEncryptionType{"dcfg:wifiEncryptionType", kWifiEncryptionTypeValues};

constexpr Enumerator kSimStatusValues[] = {
    {0, "inactive"},
    {1, "active"},
};
constexpr Enumeration kSimStatus{"dcfg:simStatus", kSimStatusValues};

constexpr Enumerator kSimTypeValues[] = {
    {0, "UICC (removable)"},
    {1, "eUICC (removable)"},
    {2, "eUICC (non-removable)"},
    {3, "iUICC"},
};
constexpr Enumeration kSimType{"dcfg:simType", kSimTypeValues};

constexpr Enumerator kCellularNetworkBearerValues[] = {
    {0, "GSM"},
    {1, "TD-SCDMA"},
    {2, "WCDMA"},
    {3, "CDMA2000"},
    {4, "WiMAX"},
    {5, "LTE-TDD"},
    {6, "LTE-FDD"},
    {7, "NB-IoT"},
};
constexpr Enumeration kCellularNetworkBearer{"dcfg:cellularNetworkBearer", kCellularNetworkBearerValues};

constexpr Enumerator kCoverageEnhancementLevelValues[] = {
    {0, "none"},
    {1, "level 0"},
    {2, "level 1"},
    {3, "level 2"},
    {4, "level 3"},
};
constexpr Enumeration kCoverageEnhancementLevel{"dcfg:coverageEnhancementLevel", kCoverageEnhancementLevelValues};

constexpr MemberRule kWifiCredentialsMembers[] = {
    {"enct", "encryptionType", true,  one_of(kWifiEncryptionType)},
    {"unm",  "username",       false, kString},
    {"pwd",  "password",       false, kString},
    {"wepk", "wepKey",         false, kString},
    {"wpap", "wpaPsk",         false, kString},
};
constexpr DataType kWifiCredentials = object_of(kWifiCredentialsMembers);
// clang-format on

// One row per attribute, in columns.
// clang-format off

/// Source: TS-0022 clause 7.2.
constexpr auto kRegistration = management::table({
    {"poa", "pointOfAccess",        kO, kO, list_of(kUri)},
    {"csi", "CSE-ID",               kO, kO, kId},
    {"tri", "Trigger-Recipient-ID", kO, kO, kUnsigned},
    {"oid", "originatorID",         kO, kO, kId},      // short name unverified
    {"cb",  "CSEBase",              kO, kO, kUri},     // short name unverified
    {"api", "appID",                kO, kO, kId},      // short name unverified
    {"mei", "externalID",           kO, kO, kString},  // short name unverified
});

/// Source: TS-0022 clause 7.2.
constexpr auto kDataCollection = management::table({
    {"cntp", "containerPath",       kM, kO, kString,                   kOa, kOne},
    {"rpsc", "reportingSchedule",   kO, kO, list_of(kScheduleEntries), kOa},
    {"mesc", "measurementSchedule", kO, kO, list_of(kScheduleEntries), kOa},
    {"meil", "measurementInterval", kO, kO, kPositive,                 kOa},
});

/// Source: TS-0022 clause 7.2.
constexpr auto kAuthenticationProfile = management::table({
    {"suid", "SUID",              kM, kO, one_of(kSuid),    kOa, kOne},  // short name unverified
    {"tlcs", "TLSCiphersuites",   kO, kO, list_of(kString), kOa},        // short name unverified
    {"skid", "symmKeyID",         kO, kO, kString,          kOa},        // short name unverified
    {"skv",  "symmKeyValue",      kO, kO, kBase64},                      // short name unverified
    {"mkrd", "MAFKeyRegDuration", kO, kO, kDuration,        kOa},        // short name unverified
    {"mkrl", "MAFKeyRegLabels",   kO, kO, list_of(kString), kOa},        // short name unverified
    {"mcfp", "myCertFingerprint", kO, kO, kUri,             kOa},        // short name unverified
});

/// Source: TS-0022 clause 7.2.
constexpr auto kMyCertFileCred = management::table({
    {"suids", "SUIDs",             kM, kO,  list_of(one_of(kSuid)), kOa, kOne},
    {"mcff",  "myCertFileFormat",  kM, kNp, kUri,                   kOa},
    {"mcfc",  "myCertFileContent", kM, kNp, kString,                kOa},
});

/// Source: TS-0022 clause 7.2.
constexpr auto kTrustAnchorCred = management::table({
    {"cfp", "certFingerprint", kM, kO, kUri, kOa, kOne},  // short name unverified
    {"uri", "URI",             kO, kO, kUri, kOa},        // short name unverified
});

/// [MAFClientRegCfg] and [MEFClientRegCfg]. Source: TS-0022 clause 7.2.
constexpr auto kClientRegistration = management::table({
    {"fqdn", "fqdn",          kM, kO, kString,   kOa, kOne},  // short name unverified
    {"adfq", "adminFQDN",     kM, kO, kString,   kOa, kOne},  // short name unverified
    {"hpt",  "httpPort",      kO, kO, kUnsigned, kOa},        // short name unverified
    {"cpt",  "coapPort",      kO, kO, kUnsigned, kOa},        // short name unverified
    {"wpt",  "websocketPort", kO, kO, kUnsigned, kOa},        // short name unverified
});

/// Source: TS-0022 clause 7.2.
constexpr auto kOauth2Authentication = management::table({
    {"actk", "accessToken",  kO, kO, kString},  // short name unverified
    {"rftk", "refreshToken", kO, kO, kString},  // short name unverified
});

/// Source: TS-0022 clause 7.2.
constexpr auto kWifiClient = management::table({
    {"ssid",  "ssid",              kM,  kO, kString,                       kOa, kOne},
    {"wcrds", "credentials",       kO,  kO, kWifiCredentials,              kOa},
    {"maca",  "macAddress",        kO,  kO, kString,                       kOa},
    {"chanl", "channel",           kO,  kO, kString,                       kOa},
    {"cons",  "connectionStatus",  kO,  kO, one_of(kWifiConnectionStatus), kOa, kOne},
    {"scan",  "scan",              kM,  kO, kBoolean,                      kOa, kOne},
    {"scanr", "scanResult",        kO,  kO, list_of(kString),              kOa, kOne},
    {"ud",    "update",            kO,  kO, kBoolean,                      kOa, kOne},
    {"trdst", "toggleRadioStatus", kO,  kO, kBoolean,                      kOa, kOne},
    {"rdst",  "radioStatus",       kO,  kO, kBoolean,                      kOa},
    {"uds",   "updateStatus",      kNp, kO, kActionStatus,                 kOa},  // short name unverified
});

/// Source: TS-0022 clause 7.2.
constexpr auto kCredentials = management::table({
    {"pur",  "purpose",          kO, kO, kString, kOa},
    {"crid", "credentialID",     kO, kO, kString, kOa},
    {"crse", "credentialSecret", kO, kO, kString, kOa},
    {"crtk", "credentialToken",  kO, kO, kString, kOa},
});

/// Source: TS-0022 clause 7.2.
constexpr auto kSim = management::table({
    {"imsi", "imsi",                kO, kO, kString,            kOa},
    {"icid", "iccid",               kM, kO, kString,            kOa, kOne},
    {"sist", "simStatus",           kO, kO, one_of(kSimStatus), kOa},
    {"sity", "simType",             kO, kO, one_of(kSimType),   kOa},
    {"spn",  "serviceProviderName", kO, kO, kString,            kOa},
});

/// Source: TS-0022 clause 7.2.
constexpr auto kMobileNetwork = management::table({
    {"cnb",  "cellularNetworkBearer",    kM, kO, one_of(kCellularNetworkBearer),    kOa},
    {"rss",  "radioSignalStrength",      kO, kO, kInteger,                          kOa},
    {"liqu", "linkQuality",              kO, kO, kInteger,                          kOa},
    {"ipad", "ipAddresses",              kO, kO, list_of(kIpAddress),               kOa},
    {"ripa", "routerIPAddresses",        kO, kO, list_of(kIpAddress),               kOa},
    {"apna", "apn",                      kO, kO, kString,                           kOa},
    {"ceid", "cellID",                   kO, kO, kInteger,                          kOa},
    {"smnc", "smnc",                     kO, kO, kInteger,                          kOa},
    {"smcc", "smcc",                     kO, kO, kInteger,                          kOa},
    {"lac",  "lac",                      kO, kO, kInteger,                          kOa},
    {"coel", "coverageEnhancementLevel", kO, kO, one_of(kCoverageEnhancementLevel), kOa},
});

// One row per object, in columns.
constexpr TypeSchema kObjects[] = {
    object(1020, "dcfg:reg",   "registration",          kRegistration,          kAnnouncedToo),  // short name unverified
    object(1021, "dcfg:datc",  "dataCollection",        kDataCollection,        kAnnouncedToo),
    object(1022, "dcfg:autp",  "authenticationProfile", kAuthenticationProfile, kNotAnnounced),  // short name unverified
    object(1023, "dcfg:nycfc", "myCertFileCred",        kMyCertFileCred,        kAnnouncedToo),
    object(1024, "dcfg:tac",   "trustAnchorCred",       kTrustAnchorCred,       kNotAnnounced),  // short name unverified
    object(1025, "dcfg:macr",  "MAFClientRegCfg",       kClientRegistration,    kNotAnnounced),  // short name unverified
    object(1026, "dcfg:mecr",  "MEFClientRegCfg",       kClientRegistration,    kNotAnnounced),  // short name unverified
    object(1027, "dcfg:oau2",  "OAuth2Authentication",  kOauth2Authentication,  kNotAnnounced),  // short name unverified
    object(1028, "dcfg:wific", "wifiClient",            kWifiClient,            kAnnouncedToo),
    object(1029, "dcfg:crds",  "credentials",           kCredentials,           kAnnouncedToo),
    object(1030, "dcfg:sim",   "SIM",                   kSim,                   kAnnouncedToo),
    object(1031, "dcfg:mnwk",  "mobileNetwork",         kMobileNetwork,         kAnnouncedToo),
};
// clang-format on

}  // namespace

std::span<const TypeSchema> field_device_objects() { return kObjects; }

}  // namespace gatehouse::management

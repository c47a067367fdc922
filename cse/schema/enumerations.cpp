#include "cse/schema/enumerations.h"

#include <algorithm>
#include <array>

// The values of the enumerations. Source: TS-0004 clause 6.3.4.2 unless a line says otherwise.

namespace gatehouse::enumerations {
namespace {

// One row per value.
// clang-format off
/// m2m:cseTypeID
constexpr Enumerator kCseTypeValues[] = {
    {1, "IN_CSE"},
    {2, "MN_CSE"},
    {3, "ASN_CSE"},
};

/// m2m:operation
constexpr Enumerator kOperationValues[] = {
    {1, "Create"},
    {2, "Retrieve"},
    {3, "Update"},
    {4, "Delete"},
    {5, "Notify"},
};

/// m2m:responseType
constexpr Enumerator kResponseTypeValues[] = {
    {1, "nonBlockingRequestSynch"},
    {2, "nonBlockingRequestAsynch"},
    {3, "blockingRequest"},
    {4, "flexBlocking"},
    {5, "noResponse"},
};

/// m2m:resultContent
constexpr Enumerator kResultContentValues[] = {
    {0,  "nothing"},
    {1,  "attributes"},
    {2,  "hierarchical address"},
    {3,  "hierarchical address and attributes"},
    {4,  "attributes and child resources"},
    {5,  "attributes and child resource references"},
    {6,  "child resource references"},
    {7,  "original resource"},
    {8,  "child resources"},
    {9,  "modified attributes"},
    {10, "semantic content"},
    {11, "Semantic content and child resources"},
    {12, "Permissions"},
};

/// m2m:desIdResType
constexpr Enumerator kDesiredIdentifierResultTypeValues[] = {
    {1, "structured"},
    {2, "unstructured"},
};

/// m2m:requestStatus
constexpr Enumerator kRequestStatusValues[] = {
    {1, "COMPLETED"},
    {2, "FAILED"},
    {3, "PENDING"},
    {4, "FORWARDED"},
    {5, "PARTIALLY_COMPLETED"},
};

/// m2m:contentStatus
constexpr Enumerator kContentStatusValues[] = {
    {1, "PARTIAL_CONTENT"},
    {2, "FULL_CONTENT"},
};

/// m2m:consistencyStrategy
constexpr Enumerator kConsistencyStrategyValues[] = {
    {1, "ABANDON_MEMBER"},
    {2, "ABANDON_GROUP"},
    {3, "SET_MIXED"},
};

/// m2m:pendingNotification
constexpr Enumerator kPendingNotificationValues[] = {
    {1, "sendLatest"},
    {2, "sendAllPending"},
};

/// m2m:notificationContentType
constexpr Enumerator kNotificationContentTypeValues[] = {
    {1, "All Attributes"},
    {2, "Modified Attributes"},
    {3, "ResourceID"},
    {4, "Trigger Payload"},
    {5, "TimeSeries notification"},
};

/// m2m:notificationEventType
constexpr Enumerator kNotificationEventTypeValues[] = {
    {1, "Update_of_Resource"},
    {2, "Delete_of_Resource"},
    {3, "Create_of_Direct_Child_Resource"},
    {4, "Delete_of_Direct_Child_Resource"},
    {5, "Retrieve_of_Container_Resource_With_No_Child_Resource"},
    {6, "Trigger_Received_For_AE_Resource"},
    {7, "Blocking_Update"},
    {8, "Report_on_missing_data_points"},
};

/// m2m:filterOperation
constexpr Enumerator kFilterOperationValues[] = {
    {1, "Logical AND"},
    {2, "Logical OR"},
    {3, "Logical XOR"},
};

/// m2m:status
constexpr Enumerator kStatusValues[] = {
    {0, "Uninitialized"},
    {1, "Successful"},
    {2, "Failure"},
    {3, "In_Process"},
};

/// m2m:batteryStatus
constexpr Enumerator kBatteryStatusValues[] = {
    {1, "NORMAL"},
    {2, "CHARGING"},
    {3, "CHARGING_COMPLETE"},
    {4, "DAMAGED"},
    {5, "LOW_BATTERY"},
    {6, "NOT_INSTALLED"},
    {7, "UNKNOWN"},
};

/// m2m:logTypeId
constexpr Enumerator kLogTypeValues[] = {
    {1, "System"},
    {2, "Security"},
    {3, "Event"},
    {4, "Trace"},
    {5, "Panic"},
};

/// m2m:logStatus
constexpr Enumerator kLogStatusValues[] = {
    {1, "Started"},
    {2, "Stopped"},
    {3, "Unknown"},
    {4, "NotPresent"},
    {5, "Error"},
};

/// m2m:stationaryIndication
constexpr Enumerator kStationaryIndicationValues[] = {
    {1, "Stationary"},
    {2, "Mobile (Moving)"},
};

/// m2m:networkAction
constexpr Enumerator kNetworkActionValues[] = {
    {1, "cellular-registration"},
    {2, "cellular-attach"},
    {3, "cellular-pdpctxact"},
    {4, "cellular-sms"},
    {5, "default"},
};

/// m2m:AERegistrationStatus
constexpr Enumerator kAeRegistrationStatusValues[] = {
    {1, "ACTIVE"},
    {2, "INACTIVE"},
};

/// m2m:multicastCapability
constexpr Enumerator kMulticastCapabilityValues[] = {
    {1, "MBMS"},
    {2, "IP"},
};

/// m2m:esprimKeyGenAlgID
constexpr Enumerator kEsprimKeyGenAlgorithmValues[] = {
    {1, "HMAC-SHA256"},
};

/// m2m:esprimProtocolAndAlgID
constexpr Enumerator kEsprimProtocolAndAlgorithmValues[] = {
    {10, "A128GCM"},
    {11, "A192GCM"},
    {12, "A256GCM"},
};

/// m2m:suid
constexpr Enumerator kSuidValues[] = {
    {10, "PPSK for MEF"},
    {11, "PPSK for MAF"},
    {12, "PPSK for SAEF"},
    {13, "PPSK for ESPrim"},
    {14, "PPSK for ESData encryption"},
    {15, "PPSK for ESData signature"},
    {21, "RSPF key for MAF"},
    {22, "RSPF key for SAEF"},
    {23, "RSPF key for ESPrim"},
    {24, "RSPF key for ESData encryption"},
    {25, "RSPF key for ESData signature"},
    {32, "MAF key for SAEF"},
    {33, "MAF key for ESPrim"},
    {34, "MAF key for ESData encryption"},
    {35, "MAF key for ESData signature"},
    {40, "certificate for MEF"},
    {41, "certificate for MAF"},
    {42, "certificate for SAEF"},
    {43, "certificate for ESPrim"},
    {44, "certificate for ESData encryption"},
    {45, "certificate for ESData signature"},
};

/// m2m:geometryType (R4)
constexpr Enumerator kGeometryTypeValues[] = {
    {1, "Point"},
    {2, "LineString"},
    {3, "Polygon"},
    {4, "MultiPoint"},
    {5, "MultiLineString"},
    {6, "MultiPolygon"},
};

/// m2m:beaconCriteria (R4)
constexpr Enumerator kBeaconCriteriaValues[] = {
    {1, "PERIODIC"},
    {2, "LOSS_OF_SYNCHRONIZATION"},
};

/// m2m:evalCriteriaOperator (R4)
constexpr Enumerator kEvalCriteriaOperatorValues[] = {
    {1, "equal"},
    {2, "not equal"},
    {3, "greater than"},
    {4, "less than"},
    {5, "greater than or equal"},
    {6, "less than or equal"},
};

/// m2m:resourceType, Release 3 and the Release 4 types 58 to 66
constexpr Enumerator kResourceTypeValues[] = {
    {1,     "accessControlPolicy"},
    {2,     "AE"},
    {3,     "container"},
    {4,     "contentInstance"},
    {5,     "CSEBase"},
    {6,     "delivery"},
    {7,     "eventConfig"},
    {8,     "execInstance"},
    {9,     "group"},
    {10,    "locationPolicy"},
    {11,    "m2mServiceSubscriptionProfile"},
    {12,    "mgmtCmd"},
    {13,    "mgmtObj"},
    {14,    "node"},
    {15,    "pollingChannel"},
    {16,    "remoteCSE"},
    {17,    "request"},
    {18,    "schedule"},
    {19,    "serviceSubscribedAppRule"},
    {20,    "serviceSubscribedNode"},
    {21,    "statsCollect"},
    {22,    "statsConfig"},
    {23,    "subscription"},
    {24,    "semanticDescriptor"},
    {25,    "notificationTargetMgmtPolicyRef"},
    {26,    "notificationTargetPolicy"},
    {27,    "policyDeletionRules"},
    {28,    "flexContainer"},
    {29,    "timeSeries"},
    {30,    "timeSeriesInstance"},
    {31,    "role"},
    {32,    "token"},
    {34,    "dynamicAuthorizationConsultation"},
    {35,    "authorizationDecision"},
    {36,    "authorizationPolicy"},
    {37,    "authorizationInformation"},
    {38,    "ontologyRepository"},
    {39,    "ontology"},
    {40,    "semanticMashupJobProfile"},
    {41,    "semanticMashupInstance"},
    {42,    "semanticMashupResult"},
    {43,    "AEContactList"},
    {44,    "AEContactListPerCSE"},
    {45,    "localMulticastGroup"},
    {46,    "multimediaSession"},
    {47,    "triggerRequest"},
    {48,    "crossResourceSubscription"},
    {49,    "backgroundDataTransfer"},
    {50,    "transactionMgmt"},
    {51,    "transaction"},
    {58,    "flexContainerInstance"},
    {60,    "timeSyncBeacon"},
    {62,    "primitiveProfile"},
    {63,    "processManagement"},
    {64,    "state"},
    {65,    "action"},
    {66,    "dependency"},
    {10001, "accessControlPolicyAnnc"},
    {10002, "AEAnnc"},
    {10003, "containerAnnc"},
    {10004, "contentInstanceAnnc"},
    {10005, "CSEBaseAnnc"},
    {10009, "groupAnnc"},
    {10010, "locationPolicyAnnc"},
    {10013, "mgmtObjAnnc"},
    {10014, "nodeAnnc"},
    {10016, "remoteCSEAnnc"},
    {10018, "scheduleAnnc"},
    {10024, "semanticDescriptorAnnc"},
    {10028, "flexContainerAnnc"},
    {10029, "timeSeriesAnnc"},
    {10030, "timeSeriesInstanceAnnc"},
    {10038, "ontologyRepositoryAnnc"},
    {10039, "ontologyAnnc"},
    {10040, "semanticMashupJobProfileAnnc"},
    {10041, "semanticMashupInstanceAnnc"},
    {10042, "semanticMashupResultAnnc"},
    {10046, "multimediaSessionAnnc"},
    {10060, "timeSyncBeaconAnnc"},
    {10062, "primitiveProfileAnnc"},
    {10063, "processManagementAnnc"},
    {10064, "stateAnnc"},
    {10065, "actionAnnc"},
    {10066, "dependencyAnnc"},
};

/// m2m:mgmtDefinition; 1020 and above: TS-0022
constexpr Enumerator kMgmtDefinitionValues[] = {
    {0,    "Self-defined"},
    {1001, "firmware"},
    {1002, "software"},
    {1003, "memory"},
    {1004, "areaNwkInfo"},
    {1005, "areaNwkDeviceInfo"},
    {1006, "battery"},
    {1007, "deviceInfo"},
    {1008, "deviceCapability"},
    {1009, "reboot"},
    {1010, "eventLog"},
    {1011, "cmdhPolicy"},
    {1012, "activeCmdhPolicy"},
    {1013, "cmdhDefaults"},
    {1014, "cmdhDefEcValue"},
    {1015, "cmdhEcDefParamValues"},
    {1016, "cmdhLimits"},
    {1017, "cmdhNetworkAccessRules"},
    {1018, "cmdhNwAccessRule"},
    {1019, "cmdhBuffer"},
    {1020, "registration"},
    {1021, "dataCollection"},
    {1022, "authenticationProfile"},
    {1023, "myCertFileCred"},
    {1024, "trustAnchorCred"},
    {1025, "MAFClientRegCfg"},
    {1026, "MEFClientRegCfg"},
    {1027, "OAuth2Authentication"},
    {1028, "wifiClient"},
    {1029, "credentials"},
    {1030, "SIM"},
    {1031, "mobileNetwork"},
};
// clang-format on

/// Every whole number of a range, without names.
template <std::int64_t kFirst, std::int64_t kLast>
constexpr auto range() {
  std::array<Enumerator, kLast - kFirst + 1> values{};
  for (std::int64_t value = kFirst; value <= kLast; ++value) values[value - kFirst] = {value, {}};
  return values;
}

template <std::size_t A, std::size_t B>
constexpr auto joined(const std::array<Enumerator, A>& first,
                      const std::array<Enumerator, B>& second) {
  std::array<Enumerator, A + B> values{};
  std::copy(second.begin(), second.end(), std::copy(first.begin(), first.end(), values.begin()));
  return values;
}

/// m2m:memberType: every resource type but 45 and 10005, and 0 and the virtual members.
constexpr auto member_types() {
  constexpr std::size_t kCount = std::size(kResourceTypeValues) - 2 + 4;
  std::array<Enumerator, kCount> values{};
  std::size_t count = 0;
  values[count++] = {0, "mixed"};
  for (const Enumerator& type : kResourceTypeValues) {
    if (type.value != 45 && type.value != 10005) values[count++] = type;
  }
  values[count++] = {20001, "oldest"};
  values[count++] = {20002, "latest"};
  values[count++] = {20003, "mashup"};
  return values;
}

constexpr auto kMemberTypeValues = member_types();
constexpr auto kAccessControlOperationsValues = range<1, 63>();
constexpr auto kStandardEventCategories =
    std::array<Enumerator, 3>{{{2, "Immediate"}, {3, "BestEffort"}, {4, "Latest"}}};
constexpr auto kEventCategoryValues = joined(kStandardEventCategories, range<100, 999>());
constexpr auto kEventCategoryOrDefaultValues =
    joined(std::array<Enumerator, 1>{{{0, "default"}}}, kEventCategoryValues);
constexpr auto kPercentValues = range<0, 100>();
constexpr auto kStoragePriorityValues = range<1, 10>();

}  // namespace

constexpr Enumeration kCseType{"m2m:cseTypeID", kCseTypeValues};
constexpr Enumeration kOperation{"m2m:operation", kOperationValues};
constexpr Enumeration kResponseType{"m2m:responseType", kResponseTypeValues};
constexpr Enumeration kResultContent{"m2m:resultContent", kResultContentValues};
constexpr Enumeration kDesiredIdentifierResultType{"m2m:desIdResType",
                                                   kDesiredIdentifierResultTypeValues};
constexpr Enumeration kRequestStatus{"m2m:requestStatus", kRequestStatusValues};
constexpr Enumeration kContentStatus{"m2m:contentStatus", kContentStatusValues};
constexpr Enumeration kConsistencyStrategy{"m2m:consistencyStrategy", kConsistencyStrategyValues};
constexpr Enumeration kPendingNotification{"m2m:pendingNotification", kPendingNotificationValues};
constexpr Enumeration kNotificationContentType{"m2m:notificationContentType",
                                               kNotificationContentTypeValues};
constexpr Enumeration kNotificationEventType{"m2m:notificationEventType",
                                             kNotificationEventTypeValues};
constexpr Enumeration kFilterOperation{"m2m:filterOperation", kFilterOperationValues};
constexpr Enumeration kStatus{"m2m:status", kStatusValues};
constexpr Enumeration kBatteryStatus{"m2m:batteryStatus", kBatteryStatusValues};
constexpr Enumeration kLogType{"m2m:logTypeId", kLogTypeValues};
constexpr Enumeration kLogStatus{"m2m:logStatus", kLogStatusValues};
constexpr Enumeration kStationaryIndication{"m2m:stationaryIndication",
                                            kStationaryIndicationValues};
constexpr Enumeration kNetworkAction{"m2m:networkAction", kNetworkActionValues};
constexpr Enumeration kAeRegistrationStatus{"m2m:AERegistrationStatus",
                                            kAeRegistrationStatusValues};
constexpr Enumeration kMulticastCapability{"m2m:multicastCapability", kMulticastCapabilityValues};
constexpr Enumeration kEsprimKeyGenAlgorithm{"m2m:esprimKeyGenAlgID", kEsprimKeyGenAlgorithmValues};
constexpr Enumeration kEsprimProtocolAndAlgorithm{"m2m:esprimProtocolAndAlgID",
                                                  kEsprimProtocolAndAlgorithmValues};
constexpr Enumeration kSuid{"m2m:suid", kSuidValues};
constexpr Enumeration kGeometryType{"m2m:geometryType", kGeometryTypeValues};
constexpr Enumeration kBeaconCriteria{"m2m:beaconCriteria", kBeaconCriteriaValues};
constexpr Enumeration kEvalCriteriaOperator{"m2m:evalCriteriaOperator",
                                            kEvalCriteriaOperatorValues};
constexpr Enumeration kResourceType{"m2m:resourceType", kResourceTypeValues};
constexpr Enumeration kMgmtDefinition{"m2m:mgmtDefinition", kMgmtDefinitionValues};
constexpr Enumeration kMemberType{"m2m:memberType", kMemberTypeValues};
constexpr Enumeration kAccessControlOperations{"m2m:accessControlOperations",
                                               kAccessControlOperationsValues};
constexpr Enumeration kEventCategory{"m2m:eventCat", kEventCategoryValues};
constexpr Enumeration kEventCategoryOrDefault{"m2m:eventCatWithDef", kEventCategoryOrDefaultValues};
constexpr Enumeration kPercent{"percent", kPercentValues};
constexpr Enumeration kStoragePriority{"storagePriority", kStoragePriorityValues};

}  // namespace gatehouse::enumerations

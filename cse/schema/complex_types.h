#pragma once
#include "cse/schema/geometry.h"
#include "cse/schema/value_shapes.h"

/// The complex types that the attribute tables name: their members are in complex_types.cpp.
/// Source: TS-0004 clause 6.3.5.
namespace gatehouse::complex_types {

extern const MemberRule kPrivilegesMembers[1];
extern const MemberRule kTokenPermissionsMembers[1];
extern const MemberRule kSelfPrivilegesMembers[1];
extern const MemberRule kSpecializationTypeMembers[2];
extern const MemberRule kBatchNotifyMembers[2];
extern const MemberRule kRateLimitMembers[2];
extern const MemberRule kEventNotificationCriteriaMembers[17];
extern const MemberRule kNotificationStatsMembers[4];
extern const MemberRule kScheduleEntriesMembers[1];
extern const MemberRule kActivityPatternMembers[3];
extern const MemberRule kGeoCoordinatesMembers[2];
extern const MemberRule kContentReferenceMembers[1];
extern const MemberRule kE2eSecInfoMembers[3];
extern const MemberRule kMetaInformationMembers[28];
extern const MemberRule kOperationResultMembers[10];
extern const MemberRule kActionStatusMembers[2];
extern const MemberRule kMgmtLinkRefMembers[3];
extern const MemberRule kBackOffParametersMembers[1];
extern const MemberRule kIpAddressMembers[2];
extern const MemberRule kEvalCriteriaMembers[3];

/// m2m:setOfAcrs
inline constexpr DataType kPrivileges = shape::object_of(kPrivilegesMembers);
inline constexpr DataType kTokenPermissions = shape::object_of(kTokenPermissionsMembers);
/// m2m:setOfAcrs with at least one rule. Source: TS-0004 table 7.4.2.1-3 (selfPrivileges).
inline constexpr DataType kSelfPrivileges = shape::object_of(kSelfPrivilegesMembers);
inline constexpr DataType kSpecializationType = shape::object_of(kSpecializationTypeMembers);
inline constexpr DataType kBatchNotify = shape::object_of(kBatchNotifyMembers);
inline constexpr DataType kRateLimit = shape::object_of(kRateLimitMembers);
inline constexpr DataType kEventNotificationCriteria =
    shape::object_of(kEventNotificationCriteriaMembers);
/// m2m:setOfNotificationStatsInfo (R4): one entry per target
inline constexpr DataType kNotificationStats = shape::object_of(kNotificationStatsMembers);
inline constexpr DataType kScheduleEntries = shape::object_of(kScheduleEntriesMembers);
inline constexpr DataType kActivityPattern = shape::object_of(kActivityPatternMembers);
inline constexpr DataType kGeoCoordinates =
    shape::with_rule(shape::object_of(kGeoCoordinatesMembers), what_is_wrong_with_location);  // R4
inline constexpr DataType kContentReference = shape::object_of(kContentReferenceMembers);
inline constexpr DataType kE2eSecInfo = shape::object_of(kE2eSecInfoMembers);
inline constexpr DataType kMetaInformation = shape::object_of(kMetaInformationMembers);
inline constexpr DataType kOperationResult = shape::object_of(kOperationResultMembers);
inline constexpr DataType kActionStatus = shape::object_of(kActionStatusMembers);
inline constexpr DataType kMgmtLinkRef = shape::object_of(kMgmtLinkRefMembers);
inline constexpr DataType kBackOffParameters = shape::object_of(kBackOffParametersMembers);
inline constexpr DataType kIpAddress = shape::object_of(kIpAddressMembers);
inline constexpr DataType kEvalCriteria = shape::object_of(kEvalCriteriaMembers);  // R4

}  // namespace gatehouse::complex_types

#pragma once
#include "ae-apps/ota/campaign/campaign.h"

namespace gatehouse::campaign {

// The fleet and its campaigns as clients see them that know devices, not campaigns:
//
//   <node> fleet-<serial>   below the CSEBase: an ECU
//     [flexNode] flexNode
//       [dmDeviceInfo] dmDeviceInfo
//       [dmFirmware] dmFirmware          what a verified report says that it runs
//         [updateFirmware] updateFirmware  an UPDATE of url and versn orders an image
//   <node> ota-campaigns     another than that of command_objects.h, whose commands a CSE would
//                            carry out on a [software] there
//     [software] campaign-<name>         a campaign: in approves, dea pauses, act resumes
//
// Orders and commands need the consent of the server, which the CSE asks for before it changes
// anything (a subscription to blocking updates): who is refused is told why. Source: TS-0023
// clause 5.8 and its management domain, TS-0001 clauses 9.6.15 and D.3.

/// A specialisation of <flexContainer>; `name` is its rn here.
struct FlexType {
  const char *root, *definition, *name;
};
inline constexpr FlexType kFlexNode{"mad:fleNe", "org.onem2m.management.device.flexNode",
                                    "flexNode"};
inline constexpr FlexType kDeviceInfo{"mad:dmDIo", "org.onem2m.management.moduleclass.dmDeviceInfo",
                                      "dmDeviceInfo"};
inline constexpr FlexType kFirmware{"mad:dmFie", "org.onem2m.management.moduleclass.dmFirmware",
                                    "dmFirmware"};
inline constexpr FlexType kUpdateFirmware{
    "mad:updFe", "org.onem2m.management.action.updateFirmware", "updateFirmware"};

/// rn of the ECU's <node>.
std::string node_name(const std::string& serial);
/// Attributes of the two modules, less rn and cnd; a null is what it has not. State: 0 if nothing
/// is ordered, 3 while an order is open. The numbers are those of LwM2M's Firmware Update object,
/// whose operations the modules follow; no table of TS-0023's own was to be had.
Value firmware_attributes(const Shown& ecu);
Value device_attributes(const std::string& serial, const Shown& ecu);
/// Of the action before anybody has used it.
Value action_attributes(const Shown& ecu);

/// What an UPDATE of updateFirmware asks for. Errors: kBadRequest naming the attribute.
struct FirmwareOrder {
  std::string url, version;
};
Result<FirmwareOrder> firmware_order(const Value& requested);

inline constexpr const char* kSoftwareNode = "ota-campaigns";  ///< <node>, below the CSEBase
/// rn of a campaign's [software].
std::string software_name(const std::string& campaign);
/// swn, vr, url: its images.
Value software_attributes(const Campaign& campaign, const std::vector<Image>& images);
/// ins and acts: in process from its approval to its end; a failure if it was stopped, or one of
/// its vehicles failed, or it ended without any.
Value software_status(const Campaign& campaign);
/// The command that an UPDATE of it stands for. Errors: kBadRequest naming the attribute: anything
/// but one of in, act and dea.
Result<Command> software_command(const std::string& campaign, const Value& requested);

}  // namespace gatehouse::campaign

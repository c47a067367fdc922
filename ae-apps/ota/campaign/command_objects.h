#pragma once
#include <span>

#include "ae-apps/ota/campaign/campaign.h"

namespace gatehouse::campaign {

// A campaign as any management client knows one. Its commands are <mgmtCmd>s, one for each word:
// `campaign-<name>-<word>` below the CSEBase, with the <node> of the fleet as target. Whoever sets
// `exe` gets an <execInstance> with status and result; the CSE hands it to the server, whose AE
// that node hosts. Its state is a <flexContainer>, `campaigns/<name>/status`, of the definition in
// campaign.flexcontainers.json. Source: TS-0001 clauses 9.6.16, 9.6.17, 9.6.35 and 10.2.8.

inline constexpr const char* kFleetNode = "ota-fleet";  ///< <node>, below the CSEBase
inline constexpr const char* kStatusRoot = "gho:campn";

/// All words that are commands.
std::span<const Command::Kind> command_words();
/// rn of the <mgmtCmd>: "campaign-winter-pause".
std::string command_name(const std::string& campaign, Command::Kind word);
/// Its attributes but acpi. cmdType is SOFTWAREUPDATE; UUID names the campaign, version the word,
/// which is all that such a command can say. `target`: of the fleet's node.
Value command_attributes(const std::string& campaign, Command::Kind word,
                         const std::string& target);
/// What an <execInstance> asks for, as parse_command() takes it. Arguments beside the two above:
/// `"any":[{"nm":"reason","val":"…"},{"nm":"vehicle","val":"/id-mn"}]`. Null: it is none of these.
Value command_in(const Value& exec_instance);

/// Attributes of the <flexContainer>, without cnd.
Value status_attributes(const Campaign& campaign);
inline constexpr const char* kStatusDefinition = "dev.gatehouse.ota.campaign";  ///< cnd

}  // namespace gatehouse::campaign

#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cse/primitive/dialect.h"
#include "cse/primitive/result.h"
#include "cse/primitive/value.h"

namespace gatehouse {

struct Grants;  // cse/core/grants.h

/// Source: TS-0004 clause 6.3.4.2.5 (m2m:operation).
enum class Operation : std::uint8_t { kCreate = 1, kRetrieve, kUpdate, kDelete, kNotify };

/// "CREATE" …
std::string_view name_of(Operation operation);

/// Source: TS-0004 clause 6.3.4.2 (m2m:responseType).
enum class ResponseType : std::uint8_t {
  kNonBlockingSynch = 1,
  kNonBlockingAsynch,
  kBlocking,
  kFlexBlocking,
  kNoResponse
};

/// Source: TS-0001 clause 8.1.2, TS-0004 clause 6.3.4.2 (m2m:resultContent).
enum class ResultContent : std::uint8_t {
  kNothing = 0,
  kAttributes,
  kHierarchicalAddress,
  kHierarchicalAddressAndAttributes,
  kAttributesAndChildResources,
  kAttributesAndChildResourceReferences,
  kChildResourceReferences,
  kOriginalResource,
  kChildResources,
  kModifiedAttributes,
  kSemanticContent,
  kDiscoveryResultReferences,
  kPermissions
};

/// Source: TS-0004 clause 6.3.4.2 (m2m:filterUsage).
enum class FilterUsage : std::uint8_t { kDiscovery = 1, kConditional, kIpeOnDemandDiscovery };

/// One `attribute` condition: short name and wanted text, which may hold `*`.
struct AttributeCondition {
  std::string name;
  std::string value;
  friend bool operator==(const AttributeCondition&, const AttributeCondition&) = default;
};

/// Which resources a RETRIEVE, UPDATE or DELETE is about. Texts are kept as sent; the core reads
/// and checks them. Source: TS-0004 clause 6.3.5.8 (m2m:filterCriteria), TS-0001 clause 8.1.2.
struct FilterCriteria {
  std::optional<std::string> created_before, created_after;         // crb cra: timestamps
  std::optional<std::string> modified_since, unmodified_since;      // ms us: timestamps
  std::optional<std::string> expire_before, expire_after;           // exb exa: timestamps
  std::optional<std::int64_t> state_tag_smaller, state_tag_bigger;  // sts stb
  std::optional<std::int64_t> size_above, size_below;               // sza szb: bytes
  std::vector<std::string> labels, child_labels, parent_labels;     // lbl clbl palb
  std::optional<std::string> labels_query;                          // lbq
  std::vector<std::int64_t> resource_types, child_resource_types,
      parent_resource_types;                                                        // ty chty pty
  std::vector<std::string> content_types;                                           // cty
  std::vector<AttributeCondition> attributes, child_attributes, parent_attributes;  // atr catr patr
  std::vector<std::string> semantics_filters;                                       // smf
  std::optional<std::int64_t> content_filter_syntax;                                // cfs
  std::optional<std::string> content_filter_query;                                  // cfq
  std::optional<std::int64_t> geometry_type, geo_spatial_function;                  // gmty gsf
  std::optional<std::string> geometry;                                              // geom
  std::vector<std::int64_t> operations;                                             // ops
  std::optional<std::int64_t> filter_usage;                                         // fu
  std::optional<std::int64_t> filter_operation;      // fo: 1 AND (default), 2 OR, 3 XOR
  std::optional<std::int64_t> limit, level, offset;  // lim lvl ofst
  std::optional<std::string> apply_relative_path;    // arp
  friend bool operator==(const FilterCriteria&, const FilterCriteria&) = default;
};

/// Who is at the other end of the connection, as far as the transport has proven it. One per
/// connection, shared by its requests. Source: TS-0003 clause 8 (security association).
struct Peer {
  std::string transport;  ///< "http", "https", "mqtt", "internal" …
  std::string address;    ///< for logs and for accessControlIpAddresses
  bool authenticated = false;
  /// What a credential allows `from` to be; empty while not authenticated. Each entry is an
  /// SP-relative CSE-ID
  /// ("/id-mn"), an AE-ID-Stem ("CAE1", "SAE1") or an SP-relative AE-ID ("/id-mn/CAE1").
  std::vector<std::string> identities;
  /// What the credential itself is called ("10-key@mef.example", a token's name); empty: unknown.
  /// Source: TS-0003 (Credential-ID).
  std::string credential;
  std::string user;  ///< the person behind a bearer token; empty: none
};

/// One request primitive, whatever binding brought it. Source: TS-0004 clause 7.1.1, table 7.1.1-1.
struct Request {
  Operation operation = Operation::kRetrieve;
  std::string to;  ///< as sent: "cse-in/ae/cnt", "/id-mn/cse-mn", "//sp/id/…"; without "#attribute"
  std::string from;  ///< empty if absent (allowed when an AE registers)
  std::string request_identifier;
  std::optional<std::int64_t> resource_type;   ///< ty, CREATE only
  std::optional<Value> content;                ///< pc: an object with one prefixed member
  std::optional<std::string> release_version;  ///< rvi; absent means "1"
  std::optional<std::int64_t> result_content;  ///< rcn as sent; the core checks it
  std::optional<FilterCriteria> filter;
  std::optional<std::int64_t>
      desired_identifier_result_type;         ///< drt: 1 structured (default), 2 unstructured
  std::optional<std::int64_t> response_type;  ///< rt.rtv
  std::optional<std::vector<std::string>> notification_uris;  ///< rt.nu; absent differs from empty
  std::optional<std::string> originating_timestamp;           ///< ot
  std::optional<std::string> request_expiration;  ///< rqet: timestamp or relative milliseconds
  std::optional<std::string> result_expiration;   ///< rset
  std::optional<std::string> operation_execution_time;    ///< oet
  std::optional<std::string> result_persistence;          ///< rp
  std::optional<std::int64_t> event_category;             ///< ec
  std::optional<bool> delivery_aggregation;               ///< da
  std::optional<std::string> group_request_identifier;    ///< gid
  std::vector<std::string> group_request_target_members;  ///< grtm
  std::vector<std::string> attribute_list;                ///< atrl, or the part of `to` behind '#'
  std::optional<std::string> vendor_information;          ///< vsi
  /// Parameters that the core carries but does not read here: rids tkns tids ltids tqi asi aus auri
  /// sqi omr prpi msu.
  Value other = Value::object();

  std::shared_ptr<const Peer> peer;  ///< null: from inside this process
  /// No parameter: what a sending binding should write it in ("json", "cbor", "xml"), as the
  /// receiver asked by `ct` of its URI or its contentSerialization. Empty: what the binding likes
  /// best.
  std::string serialization;
  /// What tokens and roles of this request were verified to grant; set by the core, never decoded.
  std::shared_ptr<const Grants> grants;
  /// Switches of dialects that reading it needed, "coerce_scalars"; set by a binding.
  std::string dialect;
  /// Who completes the text of a refusal; null: nobody. Never decoded; outlives the request.
  const DialectAdvice* advice = nullptr;
};

/// Content of a response: the tree, its JSON text, or both. An encoder uses the text if it is
/// there.
class Content {
 public:
  Content() = default;
  Content(Value tree) : tree_(std::make_shared<const Value>(std::move(tree))) {}
  Content(std::shared_ptr<const Value> tree) : tree_(std::move(tree)) {}
  /// `json` must be the one member of pc with its braces: `{"m2m:cnt":{…}}`.
  static Content from_json(std::shared_ptr<const std::string> json) {
    Content content;
    content.json_ = std::move(json);
    return content;
  }
  bool empty() const { return !tree_ && !json_; }
  const Value* tree() const { return tree_.get(); }        ///< nullptr: only the text is known
  const std::string* json() const { return json_.get(); }  ///< nullptr: only the tree is known

 private:
  std::shared_ptr<const Value> tree_;
  std::shared_ptr<const std::string> json_;
};

/// One response primitive. Source: TS-0004 clause 7.1.2, table 7.1.2-1.
struct Response {
  Rsc rsc = Rsc::kOk;
  std::string request_identifier;
  Content content;
  std::string to;    ///< optional
  std::string from;  ///< optional; in an aggregated response the member that answered
  std::optional<std::string> release_version;
  std::optional<std::string> originating_timestamp, result_expiration;
  std::optional<std::int64_t> event_category;
  std::optional<std::int64_t> content_status, content_offset;  ///< cnst cnot
  std::optional<std::string> vendor_information;
  bool suppressed =
      false;  ///< responseType noResponse: bindings send nothing, HTTP 204 (No Content)
  std::optional<Value> assigned_token_ids;         ///< ati: m2m:dynAuthLocalTokenIdAssignments
  std::optional<Value> token_request_information;  ///< tqf: m2m:dynAuthTokenReqInfo, with 4103
  std::optional<bool> signatures_requested;        ///< asri: authorization signatures are wanted
  std::string content_location;  ///< address of a created resource; HTTP Content-Location, CoAP
                                 ///< Location-Path
  std::string dialect;           ///< switches of dialects that the request needed, "no_rvi,acme_om"
  /// Freed with the answer, where that has arrived: what the request was made of, if it went
  /// through other threads. Nobody looks into it.
  std::shared_ptr<const void> origin;
};

/// The response that reports `error`, with its text as m2m:dbg and what the request's advice adds.
Response error_response(const Request& request, const Error& error);

}  // namespace gatehouse

#include "ae-apps/attestation/verifier/database/white_list_database.h"

#include <libpq-fe.h>

#include <cstdlib>
#include <memory>

#include "ae-apps/attestation/quote/wire.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

constexpr std::size_t kMaxReasonBytes = 300;

struct Closer {
  void operator()(PGconn* p) const { PQfinish(p); }
  void operator()(PGresult* p) const { PQclear(p); }
};
using Connection = std::unique_ptr<PGconn, Closer>;
using Rows = std::unique_ptr<PGresult, Closer>;

constexpr const char* kNumber = "SELECT coalesce(max(number), 0) FROM white_list.current";
/// Times as oneM2M writes them, in UTC. The list of each row is the same.
constexpr const char* kList =
    "SELECT b.number, b.issuer, to_char(b.valid_until AT TIME ZONE 'UTC', 'YYYYMMDD\"T\"HH24MISS'),"
    " array_to_json(b.required), e.component, e.version, e.digest, e.standing,"
    " to_char(e.until AT TIME ZONE 'UTC', 'YYYYMMDD\"T\"HH24MISS'), e.reason"
    " FROM white_list.current b LEFT JOIN white_list.current_entries e ON true"
    " ORDER BY e.component, e.version, e.digest";
enum Column : int {
  kColNumber,
  kColIssuer,
  kColValid,
  kColRequired,
  kColComponent,
  kColVersion,
  kColDigest,
  kColStanding,
  kColUntil,
  kColReason
};
/// Any table, view or schema in which this role could change something.
constexpr const char* kMayWrite =
    "SELECT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR EXISTS (SELECT FROM"
    " pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'white_list' AND"
    " c.relkind IN ('r', 'v', 'p') AND has_table_privilege(c.oid,"
    " 'INSERT, UPDATE, DELETE, TRUNCATE'))";

tl::unexpected<Error> unreachable(std::string_view why) {
  return fail(Rsc::kTargetNotReachable,
              "white list: cannot be reached: " + printable(why, kMaxReasonBytes));
}

class WhiteListDatabase {
 public:
  explicit WhiteListDatabase(WhiteListDatabaseSettings settings) : settings_(std::move(settings)) {}

  Result<WhiteList> read(std::uint64_t highest_seen, Timestamp now) {
    const bool kept = connection_ != nullptr;
    auto payload = newest();
    if (!payload && kept) {
      // The server may have been started anew since the last time.
      connection_.reset();
      payload = newest();
    }
    if (!payload) {
      connection_.reset();
      return fail(payload.error());
    }
    return parse_white_list(*payload, highest_seen, now);
  }

 private:
  Result<std::string> newest() {
    if (connection_ == nullptr) {
      if (auto done = open(); !done) return fail(done.error());
    }
    const auto number = ask(kNumber);
    if (!number) return fail(number.error());
    const std::string newest = PQgetvalue(number->get(), 0, 0);
    if (newest == "0") return unreachable("no list is published");
    if (newest == number_) return payload_;
    const auto rows = ask(kList);
    if (!rows) return fail(rows.error());
    if (PQntuples(rows->get()) == 0) return unreachable("no list is published");
    payload_ = payload_of(rows->get());
    number_ = PQgetvalue(rows->get(), 0, kColNumber);
    return payload_;
  }

  Result<void> open() {
    const std::string port = std::to_string(settings_.port);
    const std::string limit = std::to_string(settings_.limit.count());
    const std::string options =
        "-c default_transaction_read_only=on -c statement_timeout=" + limit + "s";
    const std::pair<const char*, std::string> wanted[] = {
        {"host", settings_.host},
        {"port", port},
        {"dbname", settings_.database},
        {"user", settings_.user},
        {"passfile", settings_.password_file},
        {"sslmode", "verify-full"},
        {"ssl_min_protocol_version", "TLSv1.3"},
        {"sslrootcert", settings_.ca_file},
        {"sslcert", settings_.certificate_file},
        {"sslkey", settings_.key_file},
        {"gssencmode", "disable"},
        {"connect_timeout", limit},
        {"tcp_user_timeout", limit + "000"},
        {"application_name", "gatehouse-verifier"},
        {"options", options}};
    std::vector<const char*> keys, values;
    for (const auto& [key, value] : wanted) {
      if (value.empty()) continue;
      keys.push_back(key);
      values.push_back(value.c_str());
    }
    keys.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(PQconnectdbParams(keys.data(), values.data(), 0));
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
      return unreachable(PQerrorMessage(connection_.get()));
    }
    if (PQsslInUse(connection_.get()) != 1) return unreachable("the connection is not TLS");
    const auto writes = ask(kMayWrite);
    if (!writes) return fail(writes.error());
    if (std::string_view(PQgetvalue(writes->get(), 0, 0)) != "f") {
      return unreachable("the role " + settings_.user + " could write to it");
    }
    return {};
  }

  Result<Rows> ask(const char* statement) {
    Rows rows(PQexec(connection_.get(), statement));
    if (PQresultStatus(rows.get()) != PGRES_TUPLES_OK) {
      return unreachable(PQerrorMessage(connection_.get()));
    }
    return rows;
  }

  static std::string payload_of(const PGresult* rows) {
    const auto at = [rows](int row, int column) { return PQgetvalue(rows, row, column); };
    Value references = Value::array();
    for (int row = 0; row < PQntuples(rows); ++row) {
      if (PQgetisnull(rows, row, kColComponent) != 0) continue;  // a list of nothing
      Value item = Value::object({{"component", at(row, kColComponent)},
                                  {"version", at(row, kColVersion)},
                                  {"digest", at(row, kColDigest)},
                                  {"standing", at(row, kColStanding)}});
      if (PQgetisnull(rows, row, kColUntil) == 0) item.set("until", at(row, kColUntil));
      if (PQgetisnull(rows, row, kColReason) == 0) item.set("reason", at(row, kColReason));
      references.push_back(std::move(item));
    }
    const auto required = parse_json(at(0, kColRequired));
    const auto number = std::strtoll(at(0, kColNumber), nullptr, 10);
    return to_json(Value::object({{"number", static_cast<std::int64_t>(number)},
                                  {"issuer", at(0, kColIssuer)},
                                  {"validUntil", at(0, kColValid)},
                                  {"required", required ? *required : Value()},
                                  {"references", std::move(references)}}));
  }

  const WhiteListDatabaseSettings settings_;
  Connection connection_;
  std::string number_, payload_;  ///< of the list that was read last; a published one never changes
};

}  // namespace

std::function<Result<WhiteList>(std::uint64_t highest_seen, Timestamp now)> database_source(
    WhiteListDatabaseSettings settings) {
  return
      [database = std::make_shared<WhiteListDatabase>(std::move(settings))](
          std::uint64_t highest_seen, Timestamp now) { return database->read(highest_seen, now); };
}

}  // namespace gatehouse::attest

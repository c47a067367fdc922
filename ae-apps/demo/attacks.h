#pragma once
#include <string>
#include <vector>

#include "ae-apps/demo/car.h"

namespace gatehouse::demo {

/// What `--attacks` shows: thieves of certificates, keys and wires at the running system, one after
/// the other. Each attack must be refused by the party that it is aimed at, in that party's own
/// words; afterwards the ECUs run what they ran. Threading: one thread.
class Attacks {
 public:
  Attacks(Car& car, Crew& crew, Screen& screen) : car_(car), crew_(crew), screen_(screen) {}

  /// After the story was told. Errors: the attack that was not refused as it should be.
  Result<void> mount();
  const std::string& where() const { return where_; }

 private:
  /// Who refused it, and in which words.
  struct Refused {
    std::string by, words;
  };
  using Attack = Result<Refused> (Attacks::*)();
  struct Row {
    const char* thief;  ///< what the attacker has
    const char* what;
    const char* expected;  ///< part of the words
    Attack attack;
  };
  static const std::vector<Row>& rows();

  Result<Refused> connect_without_certificate();
  Result<Refused> read_other_orders();
  Result<Refused> upload_foreign_image();
  Result<Refused> send_altered_metadata();
  Result<Refused> order_as_administrator();
  Result<Refused> ask_as_administrator();
  Result<Refused> order_what_nobody_signed();
  Result<Refused> order_from_elsewhere();
  Result<Refused> replay_an_order();
  Result<Refused> forge_a_report();
  Result<Refused> flash_by_the_access_key();
  Result<Refused> order_a_node_as_another_ae();
  Result<Refused> order_a_node_in_the_gateways_place();

  const EcuPlan& pump() const;
  const EcuPlan& window() const { return car_.layout().ecus.back(); }
  const EcuPlan& brake() const { return car_.layout().ecus.front(); }
  std::string firmware_of(const EcuPlan& ecu) const;
  Answer order(CseClient& by, const std::string& url, const std::string& nonce);
  Result<Refused> order_by_thief(const std::string& url, const std::string& nonce);
  Result<std::string> refusal_of(const std::string& source, const std::string& event,
                                 const std::string& part = {});
  Result<Refused> refused_by_tool(std::vector<std::string> words);

  Car& car_;
  Crew& crew_;
  Screen& screen_;
  std::string where_ = "the attacks";
  std::size_t mark_ = 0;
};

}  // namespace gatehouse::demo

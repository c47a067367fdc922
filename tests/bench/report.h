#pragma once
#include <vector>

#include "cse/primitive/value.h"
#include "tests/bench/load.h"

namespace gatehouse::bench {

struct Row {
  std::string name;
  Measured measured;
  double ceiling = 0;  ///< requests or rows per second of what it is compared with
  std::string ceiling_name;
  double target = 0;  ///< wanted ratio; 0: none
  std::string limit;  ///< what holds it back
};

void print(const std::vector<Row>& rows);
Value to_value(const std::vector<Row>& rows);

}  // namespace gatehouse::bench

#pragma once
#include <gtest/gtest.h>

#include "tests/ae-apps/attestation/evidence/operation_fixture.h"

namespace gatehouse::evidence {

/// Two operations; the certificate is of the second.
struct Audit : testing::Test {
  Audit() {
    world.run_operation(1);
    world.run_operation(2);
    certificate = world.certificate(2);
  }
  World world;
  Certificate certificate;
};

}  // namespace gatehouse::evidence

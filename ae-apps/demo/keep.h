#pragma once
#include "ae-apps/demo/car.h"

namespace gatehouse::demo {

/// Prints lines to try in another terminal, and waits for Ctrl-C. Errors: a process has ended.
Result<void> keep_running(Car& car, Crew& crew, Screen& screen);

}  // namespace gatehouse::demo

// A thermometer: each line of its input is a temperature, pushed to cse-in/thermometer/celsius.
//   gatehouse-cse run &  echo 21.5 | gatehouse-example-thermometer
#include <iostream>

#include "ae-apps/sdk/ae.h"

using namespace gatehouse;

int fail_with(const Error& error) {
  std::cerr << "thermometer: " << error.detail << "\n";
  return 1;
}

int main() {
  sdk::AeSettings defaults;
  defaults.name = "thermometer";
  defaults.ae_id = "Cthermometer";
  const auto settings = sdk::AeSettings::from_env(defaults);
  if (!settings) return fail_with(settings.error());
  const auto ae = sdk::Ae::connect(*settings);
  if (!ae) return fail_with(ae.error());

  sdk::Container celsius = (*ae)->container("celsius");
  if (const auto made = celsius.ensure({.max_instances = 100, .labels = {"unit:C"}}); !made) {
    return fail_with(made.error());
  }
  for (double degrees = 0; std::cin >> degrees;) {
    if (const auto pushed = celsius.push(degrees); !pushed) return fail_with(pushed.error());
  }
  const auto latest = celsius.latest<double>();
  if (!latest) return fail_with(latest.error());
  std::cout << "latest: " << latest->value_or(0) << " degrees" << std::endl;
}

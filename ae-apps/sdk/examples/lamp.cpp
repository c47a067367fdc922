// A lamp: whoever puts "on" or "off" into cse-in/lamp/switch turns it. Ends with the input.
//   gatehouse-cse run &  gatehouse-example-lamp
#include <iostream>
#include <limits>

#include "ae-apps/sdk/ae.h"

using namespace gatehouse;

int fail_with(const Error& error) {
  std::cerr << "lamp: " << error.detail << "\n";
  return 1;
}

int main() {
  sdk::AeSettings defaults;
  defaults.name = "lamp";
  defaults.ae_id = "Clamp";
  defaults.listener.emplace();  // the CSE notifies us here, at any free port
  const auto settings = sdk::AeSettings::from_env(defaults);
  if (!settings) return fail_with(settings.error());
  const auto ae = sdk::Ae::connect(*settings);
  if (!ae) return fail_with(ae.error());

  sdk::Container control = (*ae)->container("switch");
  if (const auto made = control.ensure({.max_instances = 10}); !made)
    return fail_with(made.error());
  const auto subscription = control.on_push([](const sdk::Event& event) {
    std::cout << "the lamp is " << event.attributes.string_at("con") << std::endl;
  });
  if (!subscription) return fail_with(subscription.error());

  std::cout << "push to " << control.address() << "; end with Ctrl-D" << std::endl;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());
}

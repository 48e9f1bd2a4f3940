// SPDX-License-Identifier: Apache-2.0
// tacho.conf.
#include <filesystem>

#include "base/configuration.h"
#include "fuzz.h"

namespace tacho {

FUZZ_TARGET(configuration) {
  const auto settings = Configuration::parse(input, "tacho.conf");
  if (!settings)
    fuzz::expect(settings.error().text.find('\n') == std::string::npos, "an error of several lines");
  static const std::string prefix = [] {
    setenv("HOME", (fuzz::memory_folder() + "/nobody").c_str(), 1);
    unsetenv("XDG_CONFIG_HOME");
    return fuzz::memory_folder() + "/machine";
  }();
  fuzz::write_file(prefix + "/etc/tacho/tacho.conf", input);
  const auto configuration = Configuration::read(prefix);
  fuzz::expect(static_cast<bool>(configuration) == static_cast<bool>(settings),
               "the file is not read as its text is");
  if (!configuration) return;
  bool is_quiet = false;
  std::string interval;
  const Flag flags[] = {{"quiet", Flag::Value::none, set_true(is_quiet)},
                        {"interval", Flag::Value::required, set_text(interval)}};
  for (const Setting& setting : configuration->settings()) {
    (void)configuration->apply(setting.section, "TACHO_FUZZ_", flags);
    (void)configuration->of(setting.section, "TACHO_FUZZ_", setting.name);
  }
}

}  // namespace tacho

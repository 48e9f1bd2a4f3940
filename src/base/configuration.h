// SPDX-License-Identifier: Apache-2.0
// Settings that stand somewhere else than on the command line: tacho.conf, what lies in tacho.conf.d, and
// the environment. A setting is an option of a command, written as "name = value" below "[section]".
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/flags.h"

namespace tacho {

struct Setting {
  std::string section, name, value;
  std::string origin;  // "/etc/tacho/tacho.conf:12", "$TACHO_INTERVAL"
};

class Configuration {
 public:
  // The files that are there, the weakest first: /usr/lib/tacho/tacho.conf, /etc/tacho/tacho.conf and
  // tacho.conf.d/*.conf beside it in the order of names, the same below $XDG_CONFIG_HOME/tacho
  // (~/.config/tacho). `prefix` goes before those of the system. A file that others than root and the
  // caller may write, and a line that is no setting, are errors that name file and line.
  static Result<Configuration> read(const std::string& prefix = "");
  // The settings of one text. "#" begins a comment at the beginning of a line.
  static Result<std::vector<Setting>> parse(std::string_view text, const std::string& path);

  // Gives the settings of a section to its flags, then the variables of the environment that are named
  // `variables` and the flag in capitals ("TACHO_", "write-interval": TACHO_WRITE_INTERVAL). A setting
  // without a flag, and a value that is refused, are errors that say where it stands.
  Result<void> apply(std::string_view section, std::string_view variables,
                     std::span<const Flag> flags) const;
  // What apply would give, weakest first, of one flag.
  std::vector<Setting> of(std::string_view section, std::string_view variables,
                          std::string_view name) const;

  const std::vector<Setting>& settings() const { return settings_; }
  const std::vector<std::string>& files() const { return files_; }  // that were read
  // That our rights do not reach: passed over.
  const std::vector<std::string>& unreadable() const { return unreadable_; }

 private:
  Result<void> add_file(const std::string& path);
  Result<void> add_folder(const std::string& path);

  std::vector<Setting> settings_;
  std::vector<std::string> files_, unreadable_;
};

}  // namespace tacho

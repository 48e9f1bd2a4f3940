// SPDX-License-Identifier: Apache-2.0
// Names of user ids, from /etc/passwd below a root: no name service is asked, since one on a network could
// hold the recorder.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "kernel/root.h"

namespace tacho {

class Users {
 public:
  // Reads etc/passwd; without one no id has a name.
  static Users read(const Root& root);
  // The name, or nullptr.
  const std::string* name_of(std::int64_t user) const;

 private:
  std::unordered_map<std::int64_t, std::string> names_;
};

}  // namespace tacho

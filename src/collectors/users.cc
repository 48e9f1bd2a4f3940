// SPDX-License-Identifier: Apache-2.0
#include "collectors/users.h"

#include "base/text.h"
#include "kernel/fields.h"

namespace tacho {

Users Users::read(const Root& root) {
  Users users;
  const auto text = root.read("etc/passwd");
  if (!text) return users;
  for (Lines lines(*text); lines.next();) {
    std::string_view rest = lines.line();
    const std::string_view name = take_until(rest, ':');
    take_until(rest, ':');  // the password's place
    const auto user = parse_integer<std::int64_t>(take_until(rest, ':'));
    if (user && !name.empty()) users.names_.emplace(*user, escaped(name));
  }
  return users;
}

const std::string* Users::name_of(std::int64_t user) const {
  const auto found = names_.find(user);
  return found == names_.end() ? nullptr : &found->second;
}

}  // namespace tacho

// SPDX-License-Identifier: Apache-2.0
#include "recorder/identity.h"

#include <sys/fsuid.h>
#include <unistd.h>

#include "base/places.h"

namespace tacho {

AsCallingUser::AsCallingUser() {
  if (const Owner* owner = calling_user()) {
    setfsgid(owner->group);
    setfsuid(owner->user);
  }
}

AsCallingUser::~AsCallingUser() {
  if (calling_user() != nullptr) {
    setfsuid(geteuid());
    setfsgid(getegid());
  }
}

}  // namespace tacho

// SPDX-License-Identifier: Apache-2.0
// Under sudo, files are made as the user who called it: they own what we make, and we can be led
// nowhere that they could not go themselves.
#pragma once

namespace tacho {

// While it lives, the calling thread touches file systems as the calling user (place.h); threads
// started meanwhile keep that. Does nothing without sudo.
class AsCallingUser {
 public:
  AsCallingUser();
  ~AsCallingUser();
  AsCallingUser(const AsCallingUser&) = delete;
};

}  // namespace tacho

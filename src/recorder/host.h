// SPDX-License-Identifier: Apache-2.0
// Facts about the machine and ourselves for recording.json.
#pragma once

#include <string>

#include "journal/facts.h"
#include "kernel/root.h"

namespace tacho {

HostFacts read_host(const Root& root);
// The zone's IANA name where /etc/localtime or TZ tells it, else "UTC+01:00".
std::string local_zone_name();
// 32 random hexadecimal digits.
std::string random_id();

}  // namespace tacho

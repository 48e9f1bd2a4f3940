// SPDX-License-Identifier: Apache-2.0
// `--retain`: keeps a series of recordings within time and bytes, oldest files first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "collectors/events.h"

namespace tacho {

struct Retention {
  std::optional<Nanoseconds> time;
  std::optional<std::int64_t> bytes;
};

// Looks at `path` and at the recordings beside it that belong to the series `name` and are not
// being recorded, and deletes sealed parts and finished recordings, oldest first, until the limits
// hold; quarantined files only when nothing else is left. The files of the newest number of `path` stay. What was
// deleted is an event.
void apply_retention(const std::string& path, std::string_view name, const Retention& retention,
                     Nanoseconds now, EventQueue& events);

}  // namespace tacho

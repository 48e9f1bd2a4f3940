// SPDX-License-Identifier: Apache-2.0
// A LifeEvent as bytes in the Backlog and back. A fork takes a fifth of the room of an exit.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "ledger/life.h"

namespace tacho {

// Replaces `record` by the event and the texts that it views.
void pack_life(const LifeEvent& event, std::vector<std::byte>& record);
// The event of a record that pack_life made; it views the record.
LifeEvent unpack_life(std::span<const std::byte> record);

}  // namespace tacho

// SPDX-License-Identifier: Apache-2.0
// CRC-32 as zip files have it (ISO-HDLC). crc32c.h has the other one, of our journals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tacho {

// The checksum of what was checksummed before (`previous`, 0 at the start) followed by `bytes`.
std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t previous = 0);

}  // namespace tacho

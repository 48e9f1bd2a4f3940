// SPDX-License-Identifier: Apache-2.0
// CRC32C (Castagnoli), by the CPU's instruction where it has one. Source: RFC 3720, appendix B.4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tacho {

// The checksum of what was checksummed before (`previous`, 0 at the start) followed by `bytes`.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t previous = 0);

}  // namespace tacho

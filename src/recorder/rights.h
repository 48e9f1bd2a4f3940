// SPDX-License-Identifier: Apache-2.0
// What a recorder may: of all that its user could, as little as recording takes (docs/SECURITY.md).
#pragma once

namespace tacho {

// For this process and what it starts. Before there are threads.
void keep_rights_of_a_recorder();

// For a process that is to seal, between fork and exec: what root needs for files of others, and
// nothing for anybody else.
void keep_rights_of_a_sealer();

}  // namespace tacho

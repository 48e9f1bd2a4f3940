// SPDX-License-Identifier: Apache-2.0
// What a recording says of itself (recording.json), for those who read: rooms above the store do
// not know the journal.
#pragma once

#include "journal/facts.h"

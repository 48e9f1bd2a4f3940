// SPDX-License-Identifier: Apache-2.0
// For tests alone, of what stands above the query door: recordings to look at.
#pragma once

#include "store/testing.h"

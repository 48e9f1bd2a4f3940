// SPDX-License-Identifier: Apache-2.0
// The report of a recording as text. A section is one .cc file and one line in sections.def.
#pragma once

#include <functional>
#include <string_view>

#include "base/units.h"
#include "query/recording.h"
#include "views/output.h"

namespace tacho {

struct ReportContext {
  const Recording& recording;
  Range range;  // by time
  Zone zone = Zone::local;
  std::function<void(std::string_view table)> progress = {};  // told what is being read
};

// Every section in turn; what is done is shown before the next is begun. A section about which the
// recording says nothing is left out.
Result<void> write_report(const ReportContext& context, Output& output);

}  // namespace tacho

// SPDX-License-Identifier: Apache-2.0
#include "views/json_text.h"

#include <nlohmann/json.hpp>

namespace tacho {

void append_json_string(std::string& out, std::string_view text) {
  out.append(nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace tacho

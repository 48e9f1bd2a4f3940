// SPDX-License-Identifier: Apache-2.0
// recording.json, digests.json and the words of a mark: JSON that others may have written.
#include "fuzz.h"
#include "journal/facts.h"
#include "recorder/mark_server.h"
#include "store/pack.h"

namespace tacho {

FUZZ_TARGET(facts) {
  const auto facts = parse_facts(input);
  if (facts) {
    const std::string text = to_json(*facts);
    const auto again = parse_facts(text);
    fuzz::expect(again && to_json(*again) == text, "facts do not read back");
    fuzz::expect(static_cast<bool>(parse_facts(packed_while_recording(input))),
                 "facts do not read back once packed");
  } else {
    fuzz::expect(facts.error().text.find('\n') == std::string::npos, "an error of several lines");
  }
  if (const auto digests = parse_digests(input)) {
    const auto again = parse_digests(to_json(*digests));
    fuzz::expect(again && *again == *digests, "digests do not read back");
  }
  if (const auto mark = parse_mark(input))
    fuzz::expect(static_cast<bool>(parse_mark(to_json(*mark))), "a mark does not read back");
}

}  // namespace tacho

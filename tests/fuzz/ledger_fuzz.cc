// SPDX-License-Identifier: Apache-2.0
// What the kernel tells of processes: netlink datagrams of taskstats and the connector, and the records
// of our BPF programs. A first byte says which; datagrams and records then stand one behind the other,
// each with its length before it.
#include <cstring>

#include "fuzz.h"
#include "ledger/bpf_joiner.h"
#include "ledger/connector.h"
#include "ledger/life_merger.h"
#include "ledger/life_record.h"
#include "ledger/netlink.h"
#include "ledger/taskstats.h"

namespace tacho {
namespace {

// Lives as they go on: packed for the backlog, and back.
void look_at(const LifeEvent& event) {
  std::vector<std::byte> record;
  pack_life(event, record);
  const LifeEvent again = unpack_life(record);
  fuzz::expect(again.pid == event.pid && again.command == event.command &&
                   again.arguments == event.arguments && again.executable == event.executable,
               "an event does not come back");
}

template <class Each>
void each_piece(std::string_view input, const Each& each) {
  std::uint16_t size = 0;
  while (input.size() >= sizeof size) {
    std::memcpy(&size, input.data(), sizeof size);
    input.remove_prefix(sizeof size);
    fuzz::Aligned piece(input.substr(0, size));
    each(piece);
    input.remove_prefix(std::min<std::size_t>(size, input.size()));
  }
}

void read_netlink(std::string_view input, bool has_connector) {
  LifeMerger merger({.connector = has_connector, .taskstats = true, .since = 0});
  std::int64_t now = 1'000'000'000'000;
  each_piece(input, [&](fuzz::Aligned& piece) {
    now += 1'000'000;
    for_each_message(piece.bytes(), [&](std::uint16_t, std::span<const std::byte> payload) {
      if (const auto event = parse_connector(payload); event && has_connector)
        merger.add(*event, 5'000'000'000, look_at);
      merger.find_gone([](int pid) { return pid % 2 == 0; }, payload.size() % 2 == 0);
      if (const auto record = parse_taskstats(payload))
        merger.add(*record, now - 1'000'000, now, 5'000'000'000);
    });
    merger.settle(now / 1'000'000, look_at);
  });
}

void read_bpf(std::string_view input) {
  std::vector<fuzz::Aligned> pieces;
  each_piece(input, [&](fuzz::Aligned& piece) { pieces.push_back(piece); });
  BpfJoiner joiner;
  const BpfJoiner::Each each = look_at;
  for (int turn = 0; turn < 2; ++turn) {
    if (turn == 1) joiner.settle();
    joiner.begin(each);
    for (fuzz::Aligned& piece : pieces) joiner.add(piece.bytes());
    joiner.finish();
  }
}

}  // namespace

FUZZ_TARGET(ledger) {
  if (input.empty()) return;
  const char kind = input.front();
  input.remove_prefix(1);
  if (kind == 'b')
    read_bpf(input);
  else
    read_netlink(input, kind == 'c');
}

}  // namespace tacho

// SPDX-License-Identifier: Apache-2.0
// Every network interface of our network namespace: bytes, packets, errors, drops; link and speed.
// Reads  /proc/net/dev
// Line     eth0: 245427230 5200 0 0 0 0 0 0 285611 3525 0 0 0 0 0 0
//        (received: bytes packets errors drops fifo frame compressed multicast; sent: bytes packets
//        errors drops fifo collisions carrier compressed)
//        /sys/class/net/eth0/{operstate,speed,carrier_changes}   up / 1000 (Mbit/s) / 2
// Units  counts since the interface was made. Linux 2.6; carrier_changes 3.15.
#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "collectors/cadence.h"
#include "collectors/collector.h"
#include "kernel/fields.h"
#include "kernel/reread_buffer.h"

namespace tacho::collector_network {
namespace {

constexpr Column kColumns[] = {
    key("interface", "Name of the interface.", "network.interface.name"),
    counter("io_receive", Unit::bytes, "Received.",
            "system.network.io{network.io.direction=receive}"),
    counter("packet_count_receive", Unit::count, "Packets received.",
            "system.network.packet.count{network.io.direction=receive}"),
    counter("errors_receive", Unit::count, "Packets received with an error.",
            "system.network.errors{network.io.direction=receive}"),
    counter("packet_dropped_receive", Unit::count, "Packets received and dropped.",
            "system.network.packet.dropped{network.io.direction=receive}"),
    counter("fifo_receive", Unit::count, "Receive overruns; a part of errors_receive."),
    counter("frame_receive", Unit::count, "Packets with a bad frame; a part of errors_receive."),
    counter("compressed_receive", Unit::count, "Compressed packets received."),
    counter("multicast_receive", Unit::count, "Multicast packets received."),
    counter("io_transmit", Unit::bytes, "Sent.",
            "system.network.io{network.io.direction=transmit}"),
    counter("packet_count_transmit", Unit::count, "Packets sent.",
            "system.network.packet.count{network.io.direction=transmit}"),
    counter("errors_transmit", Unit::count, "Packets not sent for an error.",
            "system.network.errors{network.io.direction=transmit}"),
    counter("packet_dropped_transmit", Unit::count, "Packets dropped instead of sent.",
            "system.network.packet.dropped{network.io.direction=transmit}"),
    counter("fifo_transmit", Unit::count, "Send underruns; a part of errors_transmit."),
    counter("collisions", Unit::count, "Collisions while sending."),
    counter("carrier_transmit", Unit::count,
            "No carrier while sending; a part of errors_transmit."),
    counter("compressed_transmit", Unit::count, "Compressed packets sent."),
    text("state",
         "Operational state: up, down, unknown ... Read every 10 s at most, null in between."),
    gauge("speed", Unit::bytes,
          "Bytes a second that the link carries each way, where the driver says. Read with state."),
    counter("carrier_changes", Unit::count, "Times that the link came or went. Read with state.")};
enum : std::size_t { interface, first_figure, state = 17, speed, carrier_changes };
constexpr std::size_t kFigures = state - first_figure;

constexpr Table kNetwork{.name = "network",
                         .help = "Every network interface of the recorder's network namespace.",
                         .columns = kColumns};

// `speed` asks the driver under a lock that every change of the network needs.
constexpr Nanoseconds kSlow = std::chrono::seconds(10);
// speed is in Mbit/s.
constexpr std::int64_t kMegabit = 125'000;
// A host of containers has hundreds of interfaces; more than this only by mistake.
constexpr std::size_t kMostInterfaces = 65536;

class Network final : public Collector {
 public:
  static Result<std::unique_ptr<Collector>> create(const CollectorEnvironment& environment) {
    auto self = std::make_unique<Network>();
    self->file_ = TRY(environment.root.open_file("proc/net/dev", Records::line));
    if (auto folder = environment.root.open_folder("sys/class/net"))
      self->folder_ = std::move(folder).value();
    return std::unique_ptr<Collector>(std::move(self));
  }

  Result<void> collect(Collection& into) override {
    Rows& rows = into.rows();
    const bool slow = slow_.due(into);
    const std::string_view text = TRY(file_.reread());
    std::size_t place = 0;
    for (Lines lines(text); lines.next();) {
      // The last colon: the name of an alias holds one itself, the figures none.
      const std::size_t colon = lines.line().rfind(':');
      if (colon == std::string_view::npos) continue;  // the two lines of headings
      std::string_view name = lines.line().substr(0, colon);
      while (name.starts_with(' ')) name.remove_prefix(1);
      const Interface& of = interface_at(place++, name);
      Fields fields(lines.line().substr(colon + 1));
      rows.start_row();
      rows.set(interface, of.escaped);
      for (std::size_t figure = 0; figure < kFigures; ++figure)
        rows.set(first_figure + figure, fields.number());
      if (slow) read_slow(rows, of);
      rows.finish_row();
    }
    return {};
  }

  void report_coverage(Coverage& coverage) const override {
    coverage.add({.kind = CoverageNote::Kind::limited,
                  .table = "network",
                  .what = "interfaces of other network namespaces",
                  .why = "a network namespace shows its own only (containers, ip netns)",
                  .remedy = {}});
  }

 private:
  struct Interface {
    std::string name, escaped;
  };

  const Interface& interface_at(std::size_t place, std::string_view name) {
    if (place < interfaces_.size() && interfaces_[place].name == name) return interfaces_[place];
    place = std::min(place, kMostInterfaces);
    if (place >= interfaces_.size()) interfaces_.resize(place + 1);
    interfaces_[place] = {std::string(name), escaped(name)};
    return interfaces_[place];
  }

  // Opened anew each time: three descriptors for each interface are too many for what is so rare.
  void read_slow(Rows& rows, const Interface& of) {
    if (!folder_) return;
    path_ = of.name;
    path_ += "/operstate";
    if (const auto text = buffer_.read_at(folder_.get(), path_.c_str())) {
      scratch_.clear();
      append_escaped(scratch_, trimmed(*text));
      rows.set(state, scratch_);
    }
    // A link that is down, or has no speed, says -1 or refuses.
    const auto megabits = read_number(of, "/speed");
    if (megabits && *megabits > 0 && *megabits < INT64_MAX / kMegabit)
      rows.set(speed, *megabits * kMegabit);
    rows.set(carrier_changes, read_number(of, "/carrier_changes"));
  }

  std::optional<std::int64_t> read_number(const Interface& of, std::string_view file) {
    path_ = of.name;
    path_ += file;
    const auto text = buffer_.read_at(folder_.get(), path_.c_str());
    return text ? Fields(*text).number() : std::nullopt;
  }

  KernelFile file_;
  FileDescriptor folder_;
  RereadBuffer buffer_;
  Cadence slow_{kSlow};
  std::vector<Interface> interfaces_;
  std::string path_, scratch_;
};

constexpr const Table* kTables[] = {&kNetwork};

}  // namespace

extern const CollectorInfo info;
constinit const CollectorInfo info{.tables = kTables, .create = Network::create};

}  // namespace tacho::collector_network

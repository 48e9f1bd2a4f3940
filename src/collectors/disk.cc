// SPDX-License-Identifier: Apache-2.0
// Every block device: operations, bytes and time, read, written, discarded and flushed.
// Reads  /proc/diskstats
// Line   254 0 vda 52656 9536 3369570 19637 11243 23859 2768488 7599 0 10596 27960 5853 67 531544
//        674 800 48
//        (major minor name; for reads, writes: operations merged sectors ms; in flight, ms busy,
//        ms weighted; discards as reads; flushes: operations ms)
//        /sys/class/block/vda, a link, once for each device: disk, partition or virtual
// Units  sectors are 512 bytes whatever the disk has; times are ms. Linux 2.6; discards 4.18,
//        flushes 5.5.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/text.h"
#include "collectors/collector.h"
#include "collectors/scaled.h"
#include "kernel/fields.h"

namespace tacho::collector_disk {
namespace {

constexpr Column kColumns[] = {
    key("device", "Name of the block device.", "system.device"),
    text("type", "disk, partition, or virtual (made of other devices or of memory: dm, md, loop, "
                 "zram); sum over disks only, or I/O counts twice."),
    text("parent", "The disk that a partition is on."),
    counter("operations_read", Unit::count, "Reads done.",
            "system.disk.operations{disk.io.direction=read}"),
    counter("merged_read", Unit::count, "Reads that were joined to another.",
            "system.disk.merged{disk.io.direction=read}"),
    counter("io_read", Unit::bytes, "Read.", "system.disk.io{disk.io.direction=read}"),
    counter("operation_time_read", Unit::nanoseconds, "Sum over reads of the time each took.",
            "system.disk.operation_time{disk.io.direction=read}"),
    counter("operations_write", Unit::count, "Writes done.",
            "system.disk.operations{disk.io.direction=write}"),
    counter("merged_write", Unit::count, "Writes that were joined to another.",
            "system.disk.merged{disk.io.direction=write}"),
    counter("io_write", Unit::bytes, "Written.", "system.disk.io{disk.io.direction=write}"),
    counter("operation_time_write", Unit::nanoseconds, "Sum over writes of the time each took.",
            "system.disk.operation_time{disk.io.direction=write}"),
    gauge("in_flight", Unit::count, "Operations on their way now."),
    counter("io_time", Unit::nanoseconds, "Time in which at least one operation was on its way.",
            "system.disk.io_time"),
    counter("io_time_weighted", Unit::nanoseconds,
            "The same, times the operations on their way: its rate is the mean queue."),
    counter("operations_discard", Unit::count, "Discards (trim) done. Linux 4.18."),
    counter("merged_discard", Unit::count, "Discards that were joined to another."),
    counter("io_discard", Unit::bytes, "Discarded."),
    counter("operation_time_discard", Unit::nanoseconds,
            "Sum over discards of the time each took."),
    counter("operations_flush", Unit::count, "Flushes done. Linux 5.5."),
    counter("operation_time_flush", Unit::nanoseconds, "Sum over flushes of the time each took.")};
enum : std::size_t { device, type, parent, first_figure };
constexpr std::size_t kFigures = std::size(kColumns) - first_figure;

// What one of the kernel's figures is in our unit, in the order of the line.
constexpr std::int64_t kSector = 512;
constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::array<std::int64_t, kFigures> kScale = {
    1, 1, kSector, kMillisecond, 1, 1, kSector, kMillisecond, 1, kMillisecond,
    kMillisecond, 1, 1, kSector, kMillisecond, 1, kMillisecond};

constexpr Table kDisk{.name = "disk",
                      .help = "Every block device. Loop, ram, zram and nbd devices without any I/O "
                              "have no row.",
                      .columns = kColumns};

// Machines have hundreds of these that nobody uses.
constexpr std::string_view kOftenUnused[] = {"loop", "ram", "zram", "nbd"};
// A line that stands beyond this is read, but its device's type is looked up every time.
constexpr std::size_t kMostDevices = 65536;

struct Device {
  std::string name;     // as the kernel has it
  std::string escaped;  // as it is stored
  std::string_view type;
  std::string parent;
  bool often_unused = false;
};

class Disk final : public Collector {
 public:
  explicit Disk(const Root& root) : root_(root) {}

  static Result<std::unique_ptr<Collector>> create(const CollectorEnvironment& environment) {
    auto self = std::make_unique<Disk>(environment.root);
    self->file_ = TRY(environment.root.open_file("proc/diskstats", Records::line));
    return std::unique_ptr<Collector>(std::move(self));
  }

  Result<void> collect(Collection& into) override {
    Rows& rows = into.rows();
    const std::string_view text = TRY(file_.reread());
    std::size_t place = 0;
    for (Lines lines(text); lines.next();) {
      Fields fields(lines.line());
      fields.skip(2);
      const std::string_view name = fields.word();
      if (name.empty()) continue;
      const Device& of = device_at(place++, name);
      if (of.often_unused && fields.rest().find_first_of("123456789") == std::string_view::npos)
        continue;
      rows.start_row();
      rows.set(device, of.escaped);
      rows.set(type, of.type);
      if (!of.parent.empty()) rows.set(parent, of.parent);
      for (std::size_t figure = 0; figure < kFigures; ++figure) {
        const auto value = fields.number();
        if (!value) break;  // an older kernel's line is shorter
        rows.set(first_figure + figure, scaled(value, kScale[figure]));
      }
      rows.finish_row();
    }
    return {};
  }

 private:
  // The lines keep their order until a device comes or goes; then the links are read again.
  const Device& device_at(std::size_t place, std::string_view name) {
    if (place < devices_.size() && devices_[place].name == name) return devices_[place];
    place = std::min(place, kMostDevices);
    if (place >= devices_.size()) devices_.resize(place + 1);
    devices_[place] = look_up(name);
    return devices_[place];
  }

  Device look_up(std::string_view name) const {
    Device found{.name = std::string(name), .escaped = escaped(name), .type = "disk"};
    found.often_unused = std::ranges::any_of(
        kOftenUnused, [&](std::string_view prefix) { return name.starts_with(prefix); });
    // sysfs writes '!' for the '/' of names such as cciss/c0d0.
    std::string entry(name);
    std::ranges::replace(entry, '/', '!');
    const auto target = root_.link_target("sys/class/block/" + entry);
    if (!target) return found;
    if (root_.exists("sys/class/block/" + entry + "/partition")) {
      found.type = "partition";
      const std::string_view above = std::string_view(*target).substr(0, target->rfind('/'));
      found.parent = escaped(above.substr(above.rfind('/') + 1));
    } else if (target->find("/virtual/block/") != std::string::npos) {
      found.type = "virtual";
    }
    return found;
  }

  const Root& root_;
  KernelFile file_;
  std::vector<Device> devices_;
};

constexpr const Table* kTables[] = {&kDisk};

}  // namespace

extern const CollectorInfo info;
constinit const CollectorInfo info{.tables = kTables, .create = Disk::create};

}  // namespace tacho::collector_disk

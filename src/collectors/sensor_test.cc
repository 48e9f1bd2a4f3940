// SPDX-License-Identifier: Apache-2.0
#include "collectors/fixture.h"

namespace tacho {
namespace {

using fixture::Captured;
using fixture::Machine;
using fixture::Watch;

// The row of a chip's sensor.
std::optional<std::size_t> row_of(const Watch& sensors, std::string_view chip,
                                  std::string_view sensor) {
  for (std::size_t row = 0; row < sensors.size(); ++row)
    if (sensors.text(row, "chip") == chip && sensors.text(row, "sensor") == sensor) return row;
  return std::nullopt;
}

constexpr const char* kNvmeStatus =
    "sys/devices/pci0000:00/0000:00:01.1/0000:01:00.0/power/runtime_status";
constexpr const char* kNvmeChip =
    "sys/devices/pci0000:00/0000:00:01.1/0000:01:00.0/nvme/nvme0/hwmon/hwmon1";

TEST(Sensor, HasEveryKindInItsUnit) {
  const Captured machine("amd-desktop");
  Watch sensors("sensor", machine);
  ASSERT_TRUE(sensors.turn());
  const auto tctl = row_of(sensors, "k10temp", "temp1");
  ASSERT_TRUE(tctl);
  EXPECT_EQ(sensors.text(*tctl, "label"), "Tctl");
  EXPECT_EQ(sensors.text(*tctl, "device"), "0000:00:18.3");
  EXPECT_DOUBLE_EQ(sensors.real(*tctl, "temperature").value(), 45.25);
  EXPECT_FALSE(sensors.real(*tctl, "temperature_limit"));
  EXPECT_FALSE(sensors.real(*tctl, "power"));
  const auto disk = row_of(sensors, "nvme", "temp1");
  ASSERT_TRUE(disk);
  EXPECT_DOUBLE_EQ(sensors.real(*disk, "temperature").value(), 38.85);
  EXPECT_DOUBLE_EQ(sensors.real(*disk, "temperature_limit").value(), 84.85);  // crit before max
  EXPECT_EQ(sensors.text(*disk, "device"), "nvme0");
  const auto value = [&](const char* chip, const char* sensor, const char* column) {
    const auto row = row_of(sensors, chip, sensor);
    return row ? sensors.real(*row, column).value_or(-1) : -2;
  };
  EXPECT_DOUBLE_EQ(value("amdgpu", "power1", "power"), 31);
  EXPECT_DOUBLE_EQ(value("amdgpu", "fan1", "fan_speed"), 1187);
  EXPECT_DOUBLE_EQ(value("amdgpu", "in0", "voltage"), 0.762);
  EXPECT_DOUBLE_EQ(value("nct6798", "curr1", "current"), 1.5);
  EXPECT_DOUBLE_EQ(value("nct6798", "energy1", "energy"), 5);
  EXPECT_DOUBLE_EQ(value("rapl", "energy", "energy"), 71273.214);
  EXPECT_DOUBLE_EQ(value("thermal", "temp", "temperature"), 16.8);
}

TEST(Sensor, ReadsAThermalZoneOnceAndSataDisksOnlyWhenAsked) {
  const Captured machine("amd-desktop");
  Watch sensors("sensor", machine);
  ASSERT_TRUE(sensors.turn());
  EXPECT_FALSE(sensors.row_where("chip", "acpitz"));  // it is the zone's second face
  EXPECT_FALSE(sensors.row_where("chip", "drivetemp"));
  ASSERT_EQ(sensors.coverage().notes().size(), 1u);
  EXPECT_EQ(sensors.coverage().notes()[0].remedy, "--set sensor.drivetemp=yes");
  Watch with_disks("sensor", machine, {"drivetemp=yes"});
  ASSERT_TRUE(with_disks.turn());
  EXPECT_TRUE(with_disks.row_where("chip", "drivetemp"));
  EXPECT_TRUE(with_disks.coverage().notes().empty());
}

TEST(Sensor, DoesNotReadADeviceThatSleeps) {
  Machine machine("amd-desktop");
  Watch sensors("sensor", machine);
  ASSERT_TRUE(sensors.turn());
  EXPECT_TRUE(row_of(sensors, "nvme", "temp1"));
  machine.write(kNvmeStatus, "suspended\n");
  ASSERT_TRUE(sensors.turn());
  EXPECT_FALSE(row_of(sensors, "nvme", "temp1"));
  EXPECT_TRUE(row_of(sensors, "k10temp", "temp1"));
  EXPECT_EQ(sensors.coverage().notes().size(), 2u);
  machine.write(kNvmeStatus, "active\n");
  ASSERT_TRUE(sensors.turn());
  EXPECT_TRUE(row_of(sensors, "nvme", "temp1"));
}

TEST(Sensor, HasNoRowForWhatIsGoneAndFindsWhatComes) {
  Machine machine("amd-desktop");
  Watch sensors("sensor", machine);
  ASSERT_TRUE(sensors.turn());
  const std::size_t before = sensors.size();
  machine.remove("sys/class/hwmon/hwmon1");
  machine.remove(kNvmeChip);
  ASSERT_TRUE(sensors.turn(false, std::chrono::seconds(60)));
  EXPECT_EQ(sensors.size(), before - 2);
  machine.write("sys/class/hwmon/hwmon9/name", "usb\x1bthing\n");
  machine.write("sys/class/hwmon/hwmon9/temp1_input", "-5000\n");
  machine.write("sys/class/hwmon/hwmon9/temp2_input", "none\n");
  ASSERT_TRUE(sensors.turn(false, std::chrono::seconds(60)));
  const auto row = sensors.row_where("chip", "usb\\x1bthing");
  ASSERT_TRUE(row);
  EXPECT_DOUBLE_EQ(sensors.real(*row, "temperature").value(), -5);
  EXPECT_EQ(sensors.size(), before - 1);
}

TEST(Sensor, IsAbsentWhereTheKernelShowsNone) {
  const Captured machine("debian-vm");
  const Watch sensors("sensor", machine);
  EXPECT_FALSE(sensors.made());
  EXPECT_EQ(sensors.error.code, ErrorCode::absent);
}

TEST(Sensor, RefusesWrongSettings) {
  const Captured machine("amd-desktop");
  EXPECT_EQ(Watch("sensor", machine, {"drivetemp=maybe"}).error.code, ErrorCode::invalid);
  EXPECT_EQ(Watch("sensor", machine, {"interval=soon"}).error.code, ErrorCode::invalid);
}

}  // namespace
}  // namespace tacho

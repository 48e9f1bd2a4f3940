// SPDX-License-Identifier: Apache-2.0
// Temperatures, fans, power, energy, voltages and currents, straight from sysfs: chips (hwmon: CPU,
// board, NVMe disks, GPUs), thermal zones, and the energy counters of CPUs (RAPL).
// Reads  /sys/class/hwmon/hwmon2/{name,temp1_input,temp1_label,temp1_crit} k10temp 45250 Tctl 90000
//        /sys/class/thermal/thermal_zone0/{type,temp}                       x86_pkg_temp 45000
//        /sys/class/powercap/intel-rapl:0/{name,energy_uj}                  package-0 71273214
//        DEVICE/power/runtime_status   active | suspended: what sleeps is not woken
// Units  there: 1/1000 of Cel, V and A; 1/1000000 of W and J; rpm. Linux 3.x; RAPL 3.13.
#include <fcntl.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "collectors/cadence.h"
#include "collectors/collector.h"
#include "kernel/fields.h"
#include "kernel/reread_buffer.h"

namespace tacho::collector_sensor {

extern const CollectorInfo info;

namespace {

constexpr Column kColumns[] = {
    key("chip", "Name of the chip's driver (k10temp, nvme, amdgpu), `thermal` or `rapl`.",
        "hw.name"),
    key("device", "The device that it measures, as the kernel names it (nvme0, 0000:00:18.3).",
        "hw.id"),
    key("sensor", "The kernel's name for the figure (temp1, fan2, power1)."),
    text("label", "What the driver calls it (Tctl, Composite, Package id 0).",
         "hw.sensor_location"),
    real_gauge("temperature", Unit::celsius, "Temperature.", "hw.temperature"),
    real_gauge("temperature_limit", Unit::celsius, "Critical, else highest, temperature.",
               "hw.temperature.limit"),
    real_gauge("fan_speed", Unit::rpm, "Speed of a fan.", "hw.fan.speed"),
    real_gauge("power", Unit::watts, "Power, of now or averaged by the device.", "hw.power"),
    {"energy", Type::real, Kind::counter, Unit::joules,
     "Energy used; begins again at 0 at a limit of the hardware.", "hw.energy"},
    real_gauge("voltage", Unit::volts, "Voltage.", "hw.voltage"),
    real_gauge("current", Unit::amperes, "Current.")};
enum : std::size_t { chip, device, sensor, label, temperature, temperature_limit, fan_speed, power,
                     energy, voltage, current };

constexpr Table kSensor{.name = "sensor",
                        .help = "Every sensor that the kernel shows. A sensor whose device sleeps, "
                                "or that does not answer, has no row.",
                        .columns = kColumns};

constexpr Option kOptions[] = {
    {"interval", "2s", "Shortest time between readings."},
    {"drivetemp", "no",
     "yes: read the temperature of SATA disks too; with some disks this keeps them from spinning "
     "down."}};

// What a file's name begins with, the column it fills, and what divides its figure.
struct KindOfSensor {
  std::string_view prefix;
  std::size_t column;
  double divisor;
};
constexpr KindOfSensor kKinds[] = {{"temp", temperature, 1e3}, {"fan", fan_speed, 1},
                                   {"power", power, 1e6},      {"energy", energy, 1e6},
                                   {"in", voltage, 1e3},       {"curr", current, 1e3}};

// A large server has about 200 (a temperature for each core).
constexpr std::size_t kMostSensors = 512;
// Plugging in a device or loading a driver may take a minute to show.
constexpr Nanoseconds kRescan = std::chrono::seconds(60);

struct Device {
  std::string chip, name;               // escaped
  std::vector<FileDescriptor> sleeps;   // runtime_status of it and of what it hangs on
  bool asleep = false;
};

struct Sensor {
  std::size_t device;
  std::string name, label;   // escaped
  std::string label_path, limit_path;
  std::size_t column;
  double divisor;
  FileDescriptor file;
  std::optional<double> limit;
  bool described = false;    // label and limit were read
};

std::string last_part(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

// "temp1_input": its kind and "temp1"; nothing for a file that holds no figure.
const KindOfSensor* kind_of(std::string_view file, std::string& name) {
  const std::size_t line = file.find('_');
  if (line == std::string_view::npos) return nullptr;
  const std::string_view what = file.substr(line + 1);
  for (const KindOfSensor& kind : kKinds) {
    if (!file.starts_with(kind.prefix)) continue;
    const std::string_view number = file.substr(kind.prefix.size(), line - kind.prefix.size());
    if (!parse_integer<int>(number)) continue;
    // amdgpu and some meters give only an average.
    if (what != "input" && !(what == "average" && kind.column == power)) return nullptr;
    name = file.substr(0, line);
    return &kind;
  }
  return nullptr;
}

class Sensors final : public Collector {
 public:
  Sensors(const Root& root, bool disks) : root_(root), disks_(disks) {}

  static Result<std::unique_ptr<Collector>> create(const CollectorEnvironment& environment) {
    TRY(cadence_of(info, environment.settings));
    const std::string_view disks = environment.settings.get("sensor", "drivetemp", "no");
    if (disks != "yes" && disks != "no")
      return Error{ErrorCode::invalid, "sensor.drivetemp is yes or no; got: " + escaped(disks, 64)};
    auto self = std::make_unique<Sensors>(environment.root, disks == "yes");
    self->scan();
    if (self->sensors_.empty() && !self->rapl_denied_ && !self->disks_left_out_)
      return Error{ErrorCode::absent,
                   "the kernel shows no sensors (a virtual machine has none; else: modprobe the "
                   "board's driver, sensors-detect finds it)"};
    return std::unique_ptr<Collector>(std::move(self));
  }

  Result<void> collect(Collection& into) override {
    if (rescan_.due(into) || gone_) {
      const auto names = folder_names();
      if (gone_ || names != names_) scan();
    }
    for (Device& of : devices_) of.asleep = sleeps(of);
    Rows& rows = into.rows();
    for (Sensor& of : sensors_)
      if (!devices_[of.device].asleep) append(rows, of);
    return {};
  }

  void report_coverage(Coverage& coverage) const override {
    const auto add = [&](CoverageNote::Kind kind, const char* what, const char* why,
                         const char* remedy) { coverage.add({kind, "sensor", what, why, remedy}); };
    if (rapl_denied_)
      add(CoverageNote::Kind::denied, "energy of the CPUs (RAPL)",
          "/sys/class/powercap/*/energy_uj is root's only", "run as root");
    if (disks_left_out_)
      add(CoverageNote::Kind::disabled, "temperature of SATA disks",
          "reading it keeps some disks from spinning down", "--set sensor.drivetemp=yes");
    if (too_many_)
      add(CoverageNote::Kind::limited, "sensors beyond the first 512", "more than are read", "");
    if (std::ranges::any_of(devices_, &Device::asleep))
      add(CoverageNote::Kind::limited, "sensors of devices that sleep",
          "reading them would wake the device", "");
  }

 private:
  // The names of what may hold sensors: when they are as before, nothing came or went.
  std::string folder_names() const {
    std::string all;
    for (const char* folder : {"sys/class/hwmon", "sys/class/thermal", "sys/class/powercap"})
      if (const auto names = root_.list(folder))
        for (const std::string& name : *names) all.append(name).append("\n");
    return all;
  }

  void scan() {
    gone_ = false;
    names_ = folder_names();
    devices_.clear();
    sensors_.clear();
    rapl_denied_ = disks_left_out_ = too_many_ = false;
    scan_folder("sys/class/hwmon", "hwmon", &Sensors::scan_chip);
    scan_folder("sys/class/thermal", "thermal_zone", &Sensors::scan_zone);
    scan_folder("sys/class/powercap", "intel-rapl", &Sensors::scan_energy);
  }

  void scan_folder(const std::string& folder, std::string_view prefix,
                   void (Sensors::*scan_one)(const std::string& path)) {
    const auto names = root_.list(folder);
    if (!names) return;
    for (const std::string& name : *names)
      if (name.starts_with(prefix)) (this->*scan_one)(folder + "/" + name);
  }

  void scan_chip(const std::string& path) {
    const std::string name = read_text(path + "/name");
    const auto target = root_.link_target(path + "/device");
    // Thermal zones show themselves as chips as well.
    if (target && target->find("thermal_zone") != std::string::npos) return;
    if (name == "drivetemp" && !disks_) {
      disks_left_out_ = true;
      return;
    }
    const auto files = root_.list(path);
    if (!files) return;
    const std::size_t number = add_device(name, target ? last_part(*target) : last_part(path));
    std::string above = path;
    for (std::size_t level = 0; level < kMostAbove; ++level) {
      above += "/device";
      if (auto status = open_file(above + "/power/runtime_status"))
        devices_[number].sleeps.push_back(std::move(status));
    }
    for (const std::string& file : *files) {
      std::string of;
      const KindOfSensor* kind = kind_of(file, of);
      if (kind == nullptr) continue;
      const bool has_both = file.ends_with("_average") &&
                            std::ranges::binary_search(*files, of + "_input");
      if (has_both) continue;
      const bool heat = kind->column == temperature;
      add_sensor(number, of, path + "/" + file, *kind, path + "/" + of + "_label",
                 heat ? path + "/" + of : std::string());
    }
  }

  void scan_zone(const std::string& path) {
    const std::size_t number = add_device("thermal", last_part(path));
    add_sensor(number, "temp", path + "/temp", kKinds[0], path + "/type", "");
  }

  void scan_energy(const std::string& path) {
    constexpr KindOfSensor kEnergy{"energy", energy, 1e6};
    if (!root_.exists(path + "/energy_uj")) return;
    if (const auto file = root_.open_file(path + "/energy_uj"); !file) {
      rapl_denied_ = rapl_denied_ || file.error().code == ErrorCode::denied;
      return;
    }
    const std::size_t number = add_device("rapl", last_part(path));
    add_sensor(number, "energy", path + "/energy_uj", kEnergy, path + "/name", "");
  }

  std::size_t add_device(std::string_view chip_name, std::string_view name) {
    devices_.push_back({.chip = escaped(chip_name), .name = escaped(name)});
    return devices_.size() - 1;
  }

  void add_sensor(std::size_t number, std::string_view name, const std::string& path,
                  const KindOfSensor& kind, std::string label_path, std::string limit_path) {
    if (sensors_.size() >= kMostSensors) {
      too_many_ = true;
      return;
    }
    auto file = open_file(path);
    if (!file) return;
    sensors_.push_back({.device = number,
                        .name = escaped(name),
                        .label = {},
                        .label_path = std::move(label_path),
                        .limit_path = std::move(limit_path),
                        .column = kind.column,
                        .divisor = kind.divisor,
                        .file = std::move(file),
                        .limit = {}});
  }

  FileDescriptor open_file(const std::string& path) const {
    const auto folder = root_.open_folder(path.substr(0, path.rfind('/')));
    if (!folder) return {};
    return FileDescriptor(openat(folder->get(), last_part(path).c_str(), O_RDONLY | O_CLOEXEC));
  }

  std::string read_text(const std::string& path) const {
    const auto text = root_.read(path);
    return text ? std::string(trimmed(*text)) : std::string();
  }

  bool sleeps(const Device& of) {
    for (const FileDescriptor& status : of.sleeps) {
      const auto text = buffer_.read(status.get());
      if (text && text->starts_with("suspend")) return true;  // suspended, suspending
    }
    return false;
  }

  // Not when a device is found, since it may sleep then.
  void describe(Sensor& of) {
    of.described = true;
    of.label = escaped(read_text(of.label_path), kLongestLabel);
    if (of.limit_path.empty()) return;
    for (const char* which : {"_crit", "_max"}) {
      const auto thousandths = Fields(read_text(of.limit_path + which)).number();
      if (!thousandths) continue;
      of.limit = static_cast<double>(*thousandths) / of.divisor;
      return;
    }
  }

  void append(Rows& rows, Sensor& of) {
    if (!of.described) describe(of);
    const auto text = buffer_.read(of.file.get());
    if (!text) {
      gone_ = gone_ || text.error().code == ErrorCode::absent;
      return;
    }
    const auto figure = Fields(*text).number();
    if (!figure) return;
    rows.start_row();
    rows.set(chip, devices_[of.device].chip);
    rows.set(device, devices_[of.device].name);
    rows.set(sensor, of.name);
    if (!of.label.empty()) rows.set(label, of.label);
    rows.set(of.column, static_cast<double>(*figure) / of.divisor);
    rows.set(temperature_limit, of.limit);
    rows.finish_row();
  }

  // The chip's device, a disk's controller above it, and the bus above that.
  static constexpr std::size_t kMostAbove = 3;
  static constexpr std::size_t kLongestLabel = 128;

  const Root& root_;
  const bool disks_;
  RereadBuffer buffer_;
  Cadence rescan_{kRescan};
  std::vector<Device> devices_;
  std::vector<Sensor> sensors_;
  std::string names_;
  bool gone_ = false, rapl_denied_ = false, disks_left_out_ = false, too_many_ = false;
};

constexpr const Table* kTables[] = {&kSensor};

}  // namespace

// A disk's temperature is a command to the disk, and a chip behind a slow bus takes milliseconds.
constinit const CollectorInfo info{.tables = kTables,
                                   .cadence = std::chrono::seconds(2),
                                   .runs = CollectorInfo::Runs::in_own_thread,
                                   .options = kOptions,
                                   .create = Sensors::create};

}  // namespace tacho::collector_sensor

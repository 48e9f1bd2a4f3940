// SPDX-License-Identifier: Apache-2.0
#include "base/configuration.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace tacho {
namespace {

class ConfigurationFiles : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/tacho-configuration-XXXXXX";
    prefix_ = mkdtemp(name);
    setenv("XDG_CONFIG_HOME", (prefix_ + "/home").c_str(), 1);
    unsetenv("TACHO_INTERVAL");
    unsetenv("SUDO_UID");
  }
  void TearDown() override { std::filesystem::remove_all(prefix_); }

  void write(const std::string& path, const std::string& text) const {
    const std::string whole = prefix_ + "/" + path;
    std::filesystem::create_directories(std::filesystem::path(whole).parent_path());
    std::ofstream(whole) << text;
  }
  // The value that a flag "interval" of [record] ends up with.
  Result<std::string> interval() const {
    const Configuration configuration = TRY(Configuration::read(prefix_));
    std::string value = "built-in";
    const Flag flags[] = {{"interval", Flag::Value::required, set_text(value)}};
    TRY(configuration.apply("record", "TACHO_", flags));
    return value;
  }

  std::string prefix_;
};

TEST_F(ConfigurationFiles, LaterOnesAndTheEnvironmentAreStronger) {
  EXPECT_EQ(*interval(), "built-in");
  write("usr/lib/tacho/tacho.conf", "[record]\ninterval = 1s\n");
  EXPECT_EQ(*interval(), "1s");
  write("etc/tacho/tacho.conf", "# for all\n\n[record]\n  interval=2s\n[run]\ninterval = 9s\n");
  EXPECT_EQ(*interval(), "2s");
  write("etc/tacho/tacho.conf.d/20-x.conf", "[record]\ninterval = 4s");
  write("etc/tacho/tacho.conf.d/10-x.conf", "[record]\ninterval = 3s");
  write("etc/tacho/tacho.conf.d/30-x.off", "[record]\ninterval = 5s");
  EXPECT_EQ(*interval(), "4s");
  write("home/tacho/tacho.conf", "[record]\ninterval = 6s");
  EXPECT_EQ(*interval(), "6s");
  setenv("TACHO_INTERVAL", "7s", 1);
  EXPECT_EQ(*interval(), "7s");
  const auto configuration = Configuration::read(prefix_);
  const auto all = configuration->of("record", "TACHO_", "interval");
  EXPECT_EQ(all.size(), 6u);
  EXPECT_EQ(all.back().origin, "$TACHO_INTERVAL");
  EXPECT_EQ(all.front().origin, prefix_ + "/usr/lib/tacho/tacho.conf:2");
}

TEST_F(ConfigurationFiles, WhatIsWrongSaysWhereItStands) {
  const auto told = [&](const std::string& text) {
    write("etc/tacho/tacho.conf", text);
    const auto value = interval();
    return value ? "nothing" : value.error().text.substr(prefix_.size());
  };
  EXPECT_EQ(told("[record]\nwhat\n").substr(0, 24), "/etc/tacho/tacho.conf:2:");
  EXPECT_NE(told("interval = 1s\n").find("before any section"), std::string::npos);
  EXPECT_NE(told("[record\n").find("no section"), std::string::npos);
  EXPECT_NE(told("[record]\nintervall = 1s\n").find("no setting 'intervall'"), std::string::npos);
  EXPECT_NE(told("[record]\n\x1b[31m = 1\n").find("\\x1b"), std::string::npos);
}

TEST_F(ConfigurationFiles, TakesNothingThatOthersMayWrite) {
  write("etc/tacho/tacho.conf", "[record]\ninterval = 1s\n");
  chmod((prefix_ + "/etc/tacho/tacho.conf").c_str(), 0666);
  const auto value = interval();
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, ErrorCode::denied);
}

TEST_F(ConfigurationFiles, SwitchesAreTrueOrFalse) {
  const auto given = [&](const std::string& value) -> Result<bool> {
    write("etc/tacho/tacho.conf", "[run]\nquiet = " + value + "\n");
    const Configuration configuration = TRY(Configuration::read(prefix_));
    bool quiet = false;
    const Flag flags[] = {{"quiet", Flag::Value::none, set_true(quiet)}};
    TRY(configuration.apply("run", "TACHO_RUN_", flags));
    return quiet;
  };
  EXPECT_TRUE(*given("true"));
  EXPECT_FALSE(*given("false"));
  EXPECT_FALSE(given("yes"));
}

}  // namespace
}  // namespace tacho

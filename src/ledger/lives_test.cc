// SPDX-License-Identifier: Apache-2.0
#include "ledger/lives.h"

#include <gtest/gtest.h>

namespace tacho {
namespace {

class StandingClock final : public Clock {
 public:
  Instant now() override { return {.time = {}, .boottime = Nanoseconds(boottime), .monotonic = {}}; }
  bool sleep_until(Nanoseconds, int) override { return true; }
  std::int64_t boottime = 1'000'000'000;
};

// What a source of the test has been told to say.
struct Script {
  std::vector<LifeEvent> events;
  bool lost = false;  // the right was taken away
  std::int64_t missed = 0;
  bool missed_unknown = false;
  std::int64_t incomplete = 0;
};

class Told final : public LifeSource {
 public:
  Told(std::string_view name, Script& script) : name_(name), script_(script) {}
  std::string_view name() const override { return name_; }
  Result<void> take(const std::function<void(const LifeEvent&)>& each) override {
    if (script_.lost) return Error{ErrorCode::denied, "gone"};
    for (LifeEvent& event : script_.events) {
      event.source = name_;
      each(event);
    }
    script_.events.clear();
    return {};
  }
  std::optional<std::int64_t> lost() const override { return script_.missed; }
  bool lost_unknown() const override { return script_.missed_unknown; }
  std::int64_t incomplete_accounts() const override { return script_.incomplete; }

 private:
  std::string_view name_;
  Script& script_;
};

struct Machine {
  Script connector, taskstats, bpf;
  bool has_connector = true, has_taskstats = true, has_bpf = true;
  bool bpf_is_ready = false;
  std::vector<std::string> told;
  std::vector<std::string> losses;

  static Result<std::unique_ptr<LifeSource>> open(bool there, std::string_view name, Script& script) {
    if (!there) return Error{ErrorCode::denied, "no right"};
    return std::unique_ptr<LifeSource>(std::make_unique<Told>(name, script));
  }

  class Pending final : public PendingSource {
   public:
    explicit Pending(Machine& machine) : machine_(machine) {}
    int descriptor() const override { return -1; }
    Result<std::unique_ptr<LifeSource>> poll() override {
      if (!machine_.bpf_is_ready) return std::unique_ptr<LifeSource>();
      return open(machine_.has_bpf, "bpf", machine_.bpf);
    }

   private:
    Machine& machine_;
  };

  LifeSources sources() {
    return {.connector = [this] { return open(has_connector, "connector", connector); },
            .taskstats = [this] { return open(has_taskstats, "taskstats", taskstats); },
            .bpf = [this]() -> Result<std::unique_ptr<PendingSource>> {
              return std::unique_ptr<PendingSource>(std::make_unique<Pending>(*this));
            }};
  }
  std::unique_ptr<Lives> open_lives(Clock& clock, std::string forced = "") {
    return Lives::open(sources(),
                       {.forced = std::move(forced),
                        .on_change =
                            [this](std::string_view source, const Error* refusal) {
                              told.push_back(std::string(source) + (refusal ? ": " + refusal->text : ""));
                            },
                        .on_loss =
                            [this](std::optional<std::int64_t> more) {
                              losses.push_back(more ? std::to_string(*more) : "unknown");
                            }},
                       clock)
        .value();
  }
};

LifeEvent exit_at(int pid, std::int64_t boottime) {
  return {.kind = LifeEvent::Kind::exit, .pid = pid, .boottime = boottime};
}

std::vector<std::string> taken_from(Lives& lives) {
  std::vector<std::string> all;
  EXPECT_TRUE(lives.take([&all](const LifeEvent& event) {
    all.push_back(std::string(event.source) + std::to_string(event.pid));
  }));
  return all;
}

using Strings = std::vector<std::string>;

TEST(Lives, BeginsWithTheConnectorAndGoesOverToBpf) {
  Machine machine;
  StandingClock clock;
  const auto lives = machine.open_lives(clock);
  EXPECT_EQ(lives->name(), "connector");
  lives->look_for_better();
  machine.connector.events = {exit_at(1, clock.boottime)};
  EXPECT_EQ(taken_from(*lives), Strings{"connector1"});
  clock.boottime += 500'000'000;
  const std::int64_t now = clock.boottime;
  machine.bpf_is_ready = true;
  // Each event once: the first source tells what was before, the second what came after; one that both
  // tell of, at instants a little apart, is told by the first.
  machine.connector.events = {exit_at(2, now - 200'000'000), exit_at(3, now - 1000), exit_at(4, now + 2000)};
  machine.bpf.events = {exit_at(2, now - 200'000'000), exit_at(3, now + 1000), exit_at(4, now + 2000)};
  EXPECT_EQ(taken_from(*lives), (Strings{"connector2", "connector3", "bpf4"}));
  EXPECT_EQ(lives->name(), "bpf");
  machine.bpf.events = {exit_at(3, now + 50'000'000)};
  EXPECT_EQ(taken_from(*lives), Strings{"bpf3"}) << "the pid came again";
  EXPECT_EQ(machine.told, (Strings{"connector", "bpf"}));
  ASSERT_EQ(lives->history().size(), 2u);
  EXPECT_EQ(lives->history()[1].since_boottime, now);
}

TEST(Lives, TakesTaskstatsWhereBpfIsRefusedAndSaysWhy) {
  Machine machine;
  machine.has_bpf = false;
  StandingClock clock;
  const auto lives = machine.open_lives(clock);
  lives->look_for_better();
  machine.bpf_is_ready = true;
  taken_from(*lives);
  EXPECT_EQ(lives->name(), "taskstats");
  EXPECT_EQ(machine.told, (Strings{"connector", "bpf: no right", "taskstats"}));
}

TEST(Lives, StaysWithTheConnectorWhereNothingElseIsToBeHad) {
  Machine machine;
  machine.has_bpf = machine.has_taskstats = false;
  machine.bpf_is_ready = true;
  StandingClock clock;
  const auto lives = machine.open_lives(clock);
  lives->look_for_better();
  taken_from(*lives);
  EXPECT_EQ(lives->name(), "connector");
}

TEST(Lives, IsQuietWithoutAny) {
  Machine machine;
  machine.has_bpf = machine.has_taskstats = machine.has_connector = false;
  machine.bpf_is_ready = true;
  StandingClock clock;
  const auto lives = machine.open_lives(clock);
  lives->look_for_better();
  EXPECT_TRUE(taken_from(*lives).empty());
  EXPECT_EQ(lives->name(), "proc");
  EXPECT_EQ(lives->lost(), std::nullopt);
}

TEST(Lives, GoesOnWithTheNextWhenTheBestIsLost) {
  Machine machine;
  machine.bpf_is_ready = true;
  StandingClock clock;
  const auto lives = machine.open_lives(clock);
  lives->look_for_better();
  taken_from(*lives);
  machine.bpf.missed = 5;
  EXPECT_EQ(lives->lost(), 5);
  machine.bpf.lost = true;
  taken_from(*lives);
  EXPECT_EQ(lives->name(), "taskstats");
  EXPECT_EQ(lives->lost(), std::nullopt) << "what happened in between nobody counted";
  machine.taskstats.events = {exit_at(9, clock.boottime)};
  EXPECT_EQ(taken_from(*lives), Strings{"taskstats9"});
}

TEST(Lives, OpensOnlyWhatIsForced) {
  Machine machine;
  machine.bpf_is_ready = true;
  StandingClock clock;
  for (const std::string_view name : {"connector", "taskstats"}) {
    const auto lives = machine.open_lives(clock, std::string(name));
    lives->look_for_better();
    taken_from(*lives);
    EXPECT_EQ(lives->name(), name);
  }
  const auto lives = machine.open_lives(clock, "bpf");
  EXPECT_EQ(lives->name(), "proc");
  lives->look_for_better();
  lives->wait_for_better(1000);
  EXPECT_EQ(lives->name(), "bpf");
}

TEST(Lives, TellsEachLossOnceWhereverItHappened) {
  Machine machine;
  StandingClock clock;
  const auto lives = machine.open_lives(clock);
  taken_from(*lives);
  EXPECT_TRUE(machine.losses.empty());
  machine.connector.missed = 3;
  taken_from(*lives);
  taken_from(*lives);
  EXPECT_EQ(machine.losses, Strings{"3"});
  lives->look_for_better();
  machine.bpf_is_ready = true;
  machine.bpf.missed = 5;
  taken_from(*lives);
  EXPECT_EQ(machine.losses, (Strings{"3", "5"}));
  machine.bpf.missed = 6;
  taken_from(*lives);
  EXPECT_EQ(machine.losses, (Strings{"3", "5", "1"}));
  EXPECT_EQ(lives->lost(), 9);
  // What happened until the next source is there nobody can count.
  machine.bpf.lost = true;
  taken_from(*lives);
  taken_from(*lives);
  EXPECT_EQ(machine.losses, (Strings{"3", "5", "1", "unknown"}));
}

TEST(Lives, AddsUpWhatItsSourcesCouldNotComplete) {
  Machine machine;
  StandingClock clock;
  const auto lives = machine.open_lives(clock);
  lives->look_for_better();
  machine.bpf_is_ready = true;
  machine.bpf.incomplete = 2;
  taken_from(*lives);
  EXPECT_EQ(lives->incomplete_accounts(), 2);
  machine.bpf.lost = true;
  taken_from(*lives);
  machine.taskstats.incomplete = 1;
  EXPECT_EQ(lives->incomplete_accounts(), 3);
}

TEST(Lives, SaysOnceThatALossCannotBeCounted) {
  Machine machine;
  StandingClock clock;
  const auto lives = machine.open_lives(clock);
  machine.connector.missed_unknown = true;
  taken_from(*lives);
  taken_from(*lives);
  EXPECT_EQ(machine.losses, Strings{"unknown"});
}

}  // namespace
}  // namespace tacho

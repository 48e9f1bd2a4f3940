// SPDX-License-Identifier: Apache-2.0
// The live file as a whole: what is written is read back, whatever was cut or damaged.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "journal/encoder.h"
#include "journal/format.h"
#include "journal/journal_file.h"
#include "journal/journal_reader.h"
#include "journal/message.h"

namespace tacho {
namespace {

constexpr Column kColumns[] = {key("device", "Which."), counter("reads", Unit::count, "How many."),
                               real_gauge("heat", Unit::celsius, "How hot."),
                               text("note", "What else.")};
constexpr Table kTable{.name = "sample", .help = "A table of the tests.", .columns = kColumns};

class Journal : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/tacho-journal-XXXXXX";
    ASSERT_NE(mkdtemp(path), nullptr);
    path_ = path;
    folder_ = FileDescriptor(open(path, O_RDONLY | O_DIRECTORY));
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  // A row for each device, different at every tick; every third note is missing.
  static void fill(Rows& rows, std::uint64_t tick, int devices) {
    rows.begin({.tick = tick, .time = 1'700'000'000'000'000'000 + std::int64_t(tick), .boottime = std::int64_t(tick) * 10});
    for (int device = 0; device < devices; ++device)
      rows.append("disk" + std::to_string(device), std::int64_t(tick) * 100 + device,
                  std::optional<double>(device + 0.5),
                  device % 3 == 0 ? std::optional<std::string_view>() : "note");
  }

  // Writes `batches` batches and returns where each begins and the last one ends.
  std::vector<std::uint64_t> write(const std::string& name, int batches, int devices,
                                   bool ahead = false) {
    auto encoder = BatchEncoder::create(kTable);
    auto schema = encode_schema(kTable, "0123456789abcdef0123456789abcdef", 1);
    EXPECT_TRUE(encoder) << encoder.error().text;
    EXPECT_TRUE(schema) << schema.error().text;
    auto file = JournalFile::create(folder_.get(), name, *schema);
    EXPECT_TRUE(file);
    Rows rows(kTable);
    std::vector<std::uint64_t> places{file->size() - kMarkerSize};
    for (int batch = 0; batch < batches; ++batch) {
      fill(rows, static_cast<std::uint64_t>(batch), devices);
      Bytes message;
      encoder->encode(rows, message);
      encoder->finish(message, file->batches());
      EXPECT_TRUE(file->append(message));
      if (ahead) {
        EXPECT_TRUE(file->write_ahead());
      }
      places.push_back(file->size() - kMarkerSize);
    }
    EXPECT_TRUE(file->sync());
    return places;
  }

  std::string bytes_of(const std::string& name) {
    auto text = read_file(path_ + "/" + name);
    return text ? *text : "";
  }
  void store(const std::string& name, std::string_view bytes) {
    std::ofstream(path_ + "/" + name, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  std::string path_;
  FileDescriptor folder_;
};

struct Read {
  std::vector<std::uint64_t> sequences;
  std::uint64_t missing = 0;
  std::size_t damages = 0;
  bool schema_is_intact = false;
};

Read read_all(int folder, const std::string& name) {
  auto reader = JournalReader::open(folder, name);
  Read result;
  if (!reader) return result;
  while (const auto batch = reader->next()) result.sequences.push_back(batch->sequence);
  for (const JournalDamage& damage : reader->damage()) result.missing += damage.missing_batches;
  result.damages = reader->damage().size();
  result.schema_is_intact = reader->schema_is_intact();
  return result;
}

TEST_F(Journal, GivesBackEveryBatch) {
  write("live-000001.arrows", 50, 3);
  const Read read = read_all(folder_.get(), "live-000001.arrows");
  EXPECT_EQ(read.sequences.size(), 50u);
  EXPECT_EQ(read.damages, 0u);
  EXPECT_TRUE(read.schema_is_intact);
}

TEST_F(Journal, IsWholeAtEveryMomentWhileItGrows) {
  // All of a file lies in the space that it is made with: a map does not grow.
  constexpr int kFiles = 40, kBatches = 80;
  for (int number = 0; number < kFiles; ++number) {
    const std::string name = "live-" + std::to_string(number) + ".arrows";
    std::atomic<bool> is_written = false;
    std::thread writer([&] {
      write(name, kBatches, 2);
      is_written = true;
    });
    for (bool is_last = false; !is_last;) {
      is_last = is_written;
      const Read read = read_all(folder_.get(), name);
      EXPECT_EQ(read.damages, 0u) << "after " << read.sequences.size() << " batches";
      for (std::size_t at = 0; at < read.sequences.size(); ++at) EXPECT_EQ(read.sequences[at], at);
      if (is_last) {
        EXPECT_EQ(read.sequences.size(), std::size_t{kBatches});
      }
    }
    writer.join();
  }
}

TEST_F(Journal, IsTheSameWhenZerosAreWrittenAhead) {
  write("live-000001.arrows", 400, 3);
  write("live-000002.arrows", 400, 3, true);
  EXPECT_TRUE(bytes_of("live-000001.arrows") == bytes_of("live-000002.arrows"));
  EXPECT_GT(bytes_of("live-000002.arrows").size(), 128u << 10);  // it grew meanwhile
  EXPECT_EQ(read_all(folder_.get(), "live-000002.arrows").sequences.size(), 400u);
}

TEST_F(Journal, CompressesLargeBodies) {
  const auto small = write("live-000001.arrows", 1, 4);
  const auto large = write("live-000002.arrows", 1, 400);
  EXPECT_LT(large[1] - large[0], 400u * 50 / 2);  // 400 rows of about 60 bytes, at most halved
  EXPECT_GT(small[1], small[0]);
  EXPECT_EQ(read_all(folder_.get(), "live-000002.arrows").sequences.size(), 1u);
}

TEST_F(Journal, KeepsPlaceAndAlignmentOfTheCommit) {
  for (const std::uint64_t place : write("live-000001.arrows", 5, 7)) EXPECT_EQ(place % 8, 0u);
}

TEST_F(Journal, RefusesAFileThatExists) {
  write("live-000001.arrows", 1, 1);
  auto schema = encode_schema(kTable, "x", 1);
  EXPECT_FALSE(JournalFile::create(folder_.get(), "live-000001.arrows", *schema));
}

TEST_F(Journal, FollowsNoPlantedLink) {
  const std::string victim = path_ + "/victim";
  store("victim", "precious");
  ASSERT_EQ(symlink(victim.c_str(), (path_ + "/live-000001.arrows").c_str()), 0);
  auto schema = encode_schema(kTable, "x", 1);
  EXPECT_FALSE(JournalFile::create(folder_.get(), "live-000001.arrows", *schema));
  EXPECT_FALSE(JournalReader::open(folder_.get(), "live-000001.arrows"));
  EXPECT_EQ(bytes_of("victim"), "precious");
}

TEST_F(Journal, LosesNothingCommittedWhereverItIsCut) {
  const auto places = write("live-000001.arrows", 4, 2);
  const std::string whole = bytes_of("live-000001.arrows").substr(0, places.back() + kMarkerSize);
  for (std::uint64_t cut = places[2]; cut < whole.size(); ++cut) {
    store("cut", whole.substr(0, cut));
    const std::size_t committed = static_cast<std::size_t>(
        std::count_if(places.begin() + 1, places.end(), [&](std::uint64_t end) { return end <= cut; }));
    EXPECT_EQ(read_all(folder_.get(), "cut").sequences.size(), committed) << "cut at " << cut;
  }
}

TEST_F(Journal, SeesEveryStepOfAnAppendAsBeforeOrAfterIt) {
  const auto places = write("live-000001.arrows", 3, 2);
  const std::string after = bytes_of("live-000001.arrows");
  std::string before = after;
  std::fill(before.begin() + static_cast<std::ptrdiff_t>(places[2]), before.end(), '\0');
  for (std::size_t byte = 0; byte < 4; ++byte) before[places[2] + byte] = '\xFF';
  // The write behind the marker may stop at any byte; the length is not set yet.
  for (std::uint64_t done = places[2] + 8; done <= places[3] + kMarkerSize; ++done) {
    std::string torn = before;
    std::copy(after.begin() + static_cast<std::ptrdiff_t>(places[2] + 8),
              after.begin() + static_cast<std::ptrdiff_t>(done),
              torn.begin() + static_cast<std::ptrdiff_t>(places[2] + 8));
    store("torn", torn);
    const Read read = read_all(folder_.get(), "torn");
    EXPECT_EQ(read.sequences.size(), 2u) << "stopped at " << done;
    EXPECT_EQ(read.damages, 0u) << "stopped at " << done;
  }
}

TEST_F(Journal, LosesAtMostTheBatchWhoseBitFlipped) {
  const auto places = write("live-000001.arrows", 8, 5);
  const std::string whole = bytes_of("live-000001.arrows").substr(0, places.back() + kMarkerSize);
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    std::string damaged = whole;
    const std::size_t bit = random() % (whole.size() * 8);
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    store("damaged", damaged);
    const Read read = read_all(folder_.get(), "damaged");
    EXPECT_GE(read.damages, 1u) << "bit " << bit;
    EXPECT_GE(read.sequences.size(), 7u) << "bit " << bit;
    EXPECT_EQ(read.schema_is_intact, bit / 8 >= places[0]) << "bit " << bit;
  }
}

TEST_F(Journal, LooksBeyondADamagedMarker) {
  const auto places = write("live-000001.arrows", 6, 5);
  std::string damaged = bytes_of("live-000001.arrows");
  for (std::size_t byte = 4; byte < 8; ++byte) damaged[places[2] + byte] = '\0';
  store("damaged", damaged);
  const Read read = read_all(folder_.get(), "damaged");
  EXPECT_EQ(read.sequences, (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(read.damages, 1u);
}

TEST_F(Journal, CountsWhatADamagedStretchHeld) {
  const auto places = write("live-000001.arrows", 6, 5);
  std::string damaged = bytes_of("live-000001.arrows");
  std::fill(damaged.begin() + static_cast<std::ptrdiff_t>(places[1]),
            damaged.begin() + static_cast<std::ptrdiff_t>(places[4]), 'x');
  store("damaged", damaged);
  const Read read = read_all(folder_.get(), "damaged");
  EXPECT_EQ(read.sequences, (std::vector<std::uint64_t>{0, 4, 5}));
  EXPECT_EQ(read.missing, 3u);
}

// Messages that begin one behind the other and all end where the file does, then a whole batch.
std::string overlapping(std::string_view whole, std::uint64_t schema_end, std::uint64_t end, int count) {
  const auto made = make_batch_template(7, 18, BodyCompression::none);
  EXPECT_TRUE(made);
  std::string bytes(whole.substr(0, schema_end));
  const std::string_view batch = whole.substr(schema_end, end - schema_end);
  const std::size_t each = kPrefixSize + made->metadata.size();
  for (int left = count; left > 0; --left) {
    std::vector<std::byte> metadata = made->metadata;
    const std::uint64_t body = each * static_cast<std::uint64_t>(left - 1) + batch.size();
    std::memcpy(metadata.data() + made->body_length_at, &body, sizeof body);
    const std::uint32_t prefix[2] = {kContinuation, static_cast<std::uint32_t>(metadata.size())};
    bytes.append(reinterpret_cast<const char*>(prefix), sizeof prefix);
    bytes.append(reinterpret_cast<const char*>(metadata.data()), metadata.size());
  }
  return bytes.append(batch);
}

TEST_F(Journal, DoesNotLookForEverThroughMessagesThatLieOverOneAnother) {
  const auto places = write("live", 1, 1);
  const std::string whole = bytes_of("live");
  for (const int count : {20, 1000}) {
    store("made", overlapping(whole, places[0], places[1], count));
    auto reader = JournalReader::open(folder_.get(), "made");
    ASSERT_TRUE(reader);
    EXPECT_EQ(static_cast<bool>(reader->next()), count == 20);
    EXPECT_FALSE(reader->next());
    EXPECT_FALSE(reader->damage().empty());
  }
}

TEST_F(Journal, SaysWhatAForeignFileIs) {
  store("foreign", "PAR1 and no journal at all, but long enough");
  auto foreign = JournalReader::open(folder_.get(), "foreign");
  ASSERT_TRUE(foreign);
  EXPECT_FALSE(foreign->schema_is_intact());
  EXPECT_FALSE(foreign->next());
  store("empty", "");
  auto empty = JournalReader::open(folder_.get(), "empty");
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace tacho

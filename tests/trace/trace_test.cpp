// Traces of random chips against the run's own figures, read back by a protobuf reader that knows nothing of the
// writer, and by a JSON parser.
#include "trace/trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "chip/systemc/chip.hpp"
#include "support/random_chip.hpp"

namespace kiln::trace {
namespace {

/// A slice as a reader sees it.
struct Seen {
  std::string track;
  std::uint64_t first = 0, last = 0;
  std::size_t depth = 0;
  std::string category, name;
  std::map<std::string, std::uint64_t> figures;
  auto operator<=>(const Seen&) const = default;
};

/// One field of a message: its number, and a number or bytes.
struct Field {
  std::uint64_t number = 0, value = 0;
  std::string_view bytes;
};

std::uint64_t varint(std::string_view& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; !in.empty() && shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
  throw std::runtime_error("a number that does not end");
}

std::vector<Field> fields(std::string_view in) {
  std::vector<Field> list;
  while (!in.empty()) {
    const std::uint64_t key = varint(in);
    Field field{key / 8, 0, {}};
    const std::uint64_t value = varint(in);
    if (key % 8 == 0) {
      field.value = value;
    } else {
      if (key % 8 != 2 || value > in.size()) throw std::runtime_error("a field that is no field");
      field.bytes = in.substr(0, value);
      in.remove_prefix(value);
    }
    list.push_back(field);
  }
  return list;
}

Field only(const std::vector<Field>& list, std::uint64_t number) {
  for (const Field& field : list)
    if (field.number == number) return field;
  return {};
}

/// Follows begins and ends in the order of the file; per track time must not go back.
class PerfettoReader {
 public:
  explicit PerfettoReader(const std::string& file) {
    for (const Field& packet : fields(file)) {
      EXPECT_EQ(packet.number, 1U);
      read(fields(packet.bytes));
    }
    for (const auto& [track, open] : open_) EXPECT_TRUE(open.empty()) << track << " has a slice without an end";
    std::sort(slices.begin(), slices.end());
  }
  std::vector<Seen> slices;
  std::map<std::uint64_t, std::string> tracks;

 private:
  void read(const std::vector<Field>& packet) {
    EXPECT_EQ(only(packet, 10).value, 1U);
    for (const Field& names : fields(only(packet, 12).bytes)) {
      const auto entry = fields(names.bytes);
      EXPECT_TRUE(names_[names.number].emplace(only(entry, 1).value, only(entry, 2).bytes).second);
    }
    if (const auto descriptor = only(packet, 60); !descriptor.bytes.empty()) {
      const auto track = fields(descriptor.bytes);
      EXPECT_TRUE(tracks.emplace(only(track, 1).value, only(track, 2).bytes).second);
    }
    if (const auto event = only(packet, 11); !event.bytes.empty()) happened(only(packet, 8).value, fields(event.bytes));
  }
  void happened(std::uint64_t at, const std::vector<Field>& event) {
    const std::string track = tracks.at(only(event, 11).value);
    auto& open = open_[track];
    EXPECT_GE(at, reached_[track]) << track << " goes back in time";
    reached_[track] = at;
    if (only(event, 9).value == 2) {
      ASSERT_FALSE(open.empty());
      open.back().last = at;
      slices.push_back(open.back());
      open.pop_back();
      return;
    }
    Seen slice{track, at, 0, open.size(), names_[1].at(only(event, 3).value), names_[2].at(only(event, 10).value), {}};
    for (const Field& field : event) {
      if (field.number != 4) continue;
      const auto figure = fields(field.bytes);
      if (only(figure, 6).bytes.empty())
        slice.figures[names_[3].at(only(figure, 1).value)] = only(figure, 3).value + only(figure, 2).value;
    }
    open.push_back(slice);
  }
  std::map<std::uint64_t, std::map<std::uint64_t, std::string>> names_;
  std::map<std::string, std::vector<Seen>> open_;
  std::map<std::string, std::uint64_t> reached_;
};

/// The depth is found from the times: a slice is inside the ones before it on its track, or after them.
std::vector<Seen> read_chrome(const std::string& file) {
  const auto json = nlohmann::json::parse(file);
  std::map<std::uint64_t, std::string> tracks;
  std::vector<Seen> slices;
  std::map<std::string, std::vector<std::uint64_t>> open;
  for (const auto& event : json["traceEvents"]) {
    if (event["name"] == "thread_name") tracks[event["tid"]] = event["args"]["name"];
    if (event["ph"] != "X") continue;
    const std::uint64_t first = event["ts"];
    Seen slice{tracks.at(event["tid"]), first, first + event["dur"].get<std::uint64_t>(), 0, event["cat"],
               event["name"],           {}};
    auto& ends = open[slice.track];
    while (!ends.empty() && ends.back() <= slice.first) ends.pop_back();
    if (!ends.empty()) {
      EXPECT_LE(slice.last, ends.back()) << slice.track << ": slices that overlap";
    }
    slice.depth = ends.size();
    ends.push_back(slice.last);
    if (event.contains("args"))
      for (const auto& [name, value] : event["args"].items())
        slice.figures[name] = value.is_boolean() ? value.get<bool>() : value.get<std::uint64_t>();
    slices.push_back(slice);
  }
  std::sort(slices.begin(), slices.end());
  return slices;
}

/// Of all units; the run's own row is called otherwise in the one format and in the other.
void expect_same(std::vector<Seen> some, std::vector<Seen> others, const std::string& where) {
  for (auto* slices : {&some, &others}) {
    EXPECT_EQ(std::erase_if(*slices, [](const Seen& slice) { return slice.category == "run"; }), 1);
  }
  EXPECT_EQ(some.size(), others.size()) << where;
  const auto [x, y] = std::mismatch(some.begin(), some.end(), others.begin(), others.end());
  if (x == some.end() || y == others.end()) return;
  ADD_FAILURE() << where << ": " << x->track << " " << x->name << " [" << x->first << ", " << x->last << ") and "
                << y->track << " " << y->name << " [" << y->first << ", " << y->last << ")";
}

struct Traced {
  chip::RunOutcome outcome;
  std::string file;
};

Traced trace(const program::Placement& placement, chip::RunRequest request, const std::string& ending) {
  const std::string path = testing::TempDir() + "kiln_trace_test" + ending;
  std::filesystem::remove(path);
  auto writer = TraceWriter::create(path);
  base::check(writer.ok(), writer.ok() ? "" : writer.error().message);
  writer->begin(placement);
  request.on_span = [&](const chip::TraceSpan& slice) { writer->add(slice); };
  auto outcome = chip::run(placement, request);
  base::check(outcome.ok(), outcome.ok() ? "" : outcome.error().message);
  EXPECT_FALSE(std::filesystem::exists(path)) << "the file is there before it is whole";
  EXPECT_TRUE(writer->finish(outcome->total).ok());
  std::string file(std::filesystem::file_size(path), '\0');
  std::ifstream(path, std::ios::binary).read(file.data(), static_cast<std::streamsize>(file.size()));
  return {*std::move(outcome), std::move(file)};
}

using Sums = std::map<std::string, std::array<std::uint64_t, chip::kCycleCategories>>;

/// The report's cycles against the trace's, once by what its rows say and once by the durations of their parts.
void expect_sums(const chip::RunOutcome& outcome, const std::vector<Seen>& slices, const std::string& where) {
  Sums said, drawn;
  for (const Seen& slice : slices) {
    for (std::size_t c = 0; c < chip::kCycleCategories; ++c) {
      const std::string cause(name(static_cast<chip::CycleCategory>(c)));
      if (const auto found = slice.figures.find(cause + "_cycles"); found != slice.figures.end())
        said[slice.track][c] += found->second;
      if (slice.category == "cause" && slice.name == cause) drawn[slice.track][c] += slice.last - slice.first;
    }
  }
  for (const chip::UnitCycles& unit : outcome.by_unit) {
    for (std::size_t c = 0; c < chip::kCycleCategories; ++c) {
      if (static_cast<chip::CycleCategory>(c) == chip::CycleCategory::Idle) continue;
      const std::string what =
          where + ", " + unit.name() + " " + std::string(name(static_cast<chip::CycleCategory>(c)));
      EXPECT_EQ(said[unit.name()][c], unit.by_category[c].count()) << what;
      EXPECT_EQ(drawn[unit.name()][c], unit.by_category[c].count()) << what;
    }
    said.erase(unit.name());
  }
  EXPECT_TRUE(said.empty()) << "a track that the report does not have: " << said.begin()->first;
}

chip::RunRequest workload(support::RandomConfigs& random, std::uint32_t users, std::uint64_t capacity) {
  chip::RunRequest request;
  for (std::uint32_t user = 0; user < users; ++user) {
    chip::UserRequest one;
    one.arrival = base::Cycles(random.number(0, 4000));
    one.prompt.assign(random.number(1, static_cast<std::uint32_t>(std::min<std::uint64_t>(capacity, 6))), 0);
    one.max_new_tokens = random.number(1, 5);
    request.users.push_back(one);
  }
  return request;
}

TEST(Trace, OfRandomChipsAddsUpToTheReportInBothFormats) {
  const std::uint64_t seed = support::test_seed(20261123);
  support::RandomConfigs random(seed);
  int pipelined = 0, waited = 0, conflicts = 0;
  for (int round = 0; round < 60 && !testing::Test::HasFailure(); ++round) {
    const std::string where = "KILN_SEED=" + std::to_string(seed) + " round " + std::to_string(round);
    const std::uint64_t capacity = random.number(2, 24);
    const auto placement = random.coin() ? random.member(capacity) : random.placement(capacity);
    auto request = workload(random, random.number(1, 4), capacity);
    if (round % 3 == 1) request.transfer_mode = chip::TransferMode::Beats;
    if (round % 6 >= 4) request.stall_seed = 1 + round;
    const auto perfetto = trace(placement, request, ".pftrace");
    const PerfettoReader reader(perfetto.file);
    expect_sums(perfetto.outcome, reader.slices, where);
    const auto chrome = trace(placement, request, ".json");
    EXPECT_EQ(chrome.outcome.by_unit, perfetto.outcome.by_unit) << where;
    expect_same(read_chrome(chrome.file), reader.slices, where);
    pipelined += perfetto.outcome.by_stage.size() > 1 ? 1 : 0;
    for (const Seen& slice : reader.slices) {
      EXPECT_LE(slice.last, perfetto.outcome.total.count()) << where;
      EXPECT_EQ(slice.depth, slice.category == "cause" ? 1U : 0U) << where;
      waited += slice.name == "waiting_for_input" ? 1 : 0;
      conflicts += slice.name == "kv_bank_conflict" ? 1 : 0;
    }
  }
  EXPECT_GT(pipelined, 5);
  EXPECT_GT(waited, 1000);
  EXPECT_GT(conflicts, 10);
}

TEST(Trace, BurstsAndBeatsGiveTheSameOperations) {
  const std::uint64_t seed = support::test_seed(31);
  support::RandomConfigs random(seed);
  for (int round = 0; round < 20; ++round) {
    const auto placement = random.member(12);
    auto request = workload(random, 3, 12);
    const auto bursts = trace(placement, request, ".pftrace");
    request.transfer_mode = chip::TransferMode::Beats;
    const auto beats = trace(placement, request, ".pftrace");
    const PerfettoReader one(bursts.file), other(beats.file);
    expect_same(one.slices, other.slices, "KILN_SEED=" + std::to_string(seed) + " round " + std::to_string(round));
  }
}

TEST(Trace, SaysWhichLayerTokenAndUser) {
  support::RandomConfigs random(5);
  const auto placement = random.placement(8);
  chip::RunRequest request;
  request.users.resize(1);
  request.users[0].prompt.assign(3, 0);
  request.users[0].max_new_tokens = 2;
  const auto traced = trace(placement, request, ".perfetto-trace");
  const PerfettoReader reader(traced.file);
  const auto layers = placement.model().layers;
  const std::set<std::string> outside = {"issue",     "embedding_read",    "store_residual",    "sample", "commit",
                                         "to sample", "to embedding_read", "to store_residual", "answer", "to commit"};
  std::map<std::string, std::size_t> count;
  for (const Seen& slice : reader.slices) {
    if (slice.category != "work") continue;
    ++count[slice.track + ": " + slice.name];
    EXPECT_EQ(slice.figures.at("user"), 0U);
    if (slice.name == "prompt") continue;
    EXPECT_LT(slice.figures.at("token"), 5U);
    EXPECT_EQ(slice.figures.contains("layer"), !slice.name.ends_with("lm_head") && !outside.contains(slice.name))
        << slice.name;
    if (slice.figures.contains("layer")) {
      EXPECT_LT(slice.figures.at("layer"), layers);
    }
  }
  EXPECT_EQ(count["sequencer: issue"], 4U);
  EXPECT_EQ(count["sequencer: commit"], 4U);
  EXPECT_EQ(count["qkv_array: multiply qkv"], 4U * layers);
  EXPECT_EQ(count["attention_unit: attend"], 4U * layers);
  EXPECT_EQ(count["kv_sram: attend"], 4U * layers);
  EXPECT_EQ(count["lm_head_array: multiply lm_head"], 2U);
  EXPECT_EQ(count["host_link: answer"], 2U);
  EXPECT_THAT(reader.tracks.at(1), testing::HasSubstr("random on random, 1 ns = 1 cycle at"));
}

TEST(Trace, NamesOfModelAndChipAreEscaped) {
  support::RandomConfigs random(6);
  auto model = random.model();
  model.name = "a \"quoted\" \\ name";
  const auto placement = program::Placement::create(model, {}, random.chip(model, 8));
  ASSERT_TRUE(placement.ok());
  chip::RunRequest request;
  request.users.resize(1);
  request.users[0].prompt.assign(1, 0);
  const auto json = nlohmann::json::parse(trace(*placement, request, ".json").file);
  EXPECT_EQ(json["otherData"]["model"], model.name);
  EXPECT_EQ(json["otherData"]["clock_mhz"], placement->chip().clock_mhz);
}

TEST(Trace, AnotherEndingIsRefusedAndAnUnfinishedOneLeavesNothing) {
  const std::string path = testing::TempDir() + "kiln_trace_left";
  for (const char* ending : {"", ".trace", ".pftrace.gz", "json", ".JSON"}) {
    const auto writer = TraceWriter::create(path + ending);
    ASSERT_FALSE(writer.ok()) << ending;
    EXPECT_THAT(writer.error().message, testing::HasSubstr(".pftrace"));
  }
  support::RandomConfigs random(7);
  {
    auto writer = TraceWriter::create(path + ".json");
    ASSERT_TRUE(writer.ok());
    writer->begin(random.placement(8));
  }
  EXPECT_FALSE(std::filesystem::exists(path + ".json"));
}

}  // namespace
}  // namespace kiln::trace

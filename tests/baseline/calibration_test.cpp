// docs/validation/gpu.md holds the C++ model to the script that fitted it, and the script's errors to their bounds.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <vector>

#include "base/mapped_file.hpp"
#include "baseline/shipped.hpp"
#include "kiln/baseline/baseline.hpp"
#include "support/development_data.hpp"

namespace kiln::baseline {
namespace {

/// The tables of the report: rows of cells.
std::vector<std::vector<std::string>> rows() {
  const auto text = base::read_text_file(std::string(KILN_SOURCE_DIR) + "/docs/validation/gpu.md");
  std::vector<std::vector<std::string>> found;
  std::istringstream lines(text.value());
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| ")) continue;
    std::vector<std::string> cells;
    for (std::size_t at = 2, end = 0; (end = line.find(" |", at)) != line.npos; at = end + 3)
      cells.push_back(line.substr(at, end - at));
    found.push_back(cells);
  }
  return found;
}

/// Mean and 90th percentile in per cent, and how many, of the first row of that name.
struct Errors {
  double mean, p90;
  int count;
};
Errors errors_of(const std::string& name) {
  for (const auto& cells : rows())
    if (cells.size() == 4 && cells[0] == name) return {std::stod(cells[1]), std::stod(cells[2]), std::stoi(cells[3])};
  ADD_FAILURE() << "no row is named " << name;
  return {1e9, 1e9, 0};
}

TEST(BaselineCalibration, ErrorsAreWithinTheirBounds) {
  const auto serving = errors_of("serving engines");
  EXPECT_GE(serving.count, 60);
  EXPECT_LE(serving.mean, 8);
  EXPECT_LE(serving.p90, 16);
  const auto unseen = errors_of("serving engines, one GPU left out");
  EXPECT_LE(unseen.mean, 11);
  EXPECT_LE(unseen.p90, 22);
  const auto rows = errors_of("serving engines, a fifth of the rows left out");
  EXPECT_LE(rows.mean, 9);
  EXPECT_LE(rows.p90, 16);
  const auto as_kiln_counts = errors_of("serving engines, bytes as Kiln counts them");
  EXPECT_LE(as_kiln_counts.mean, 8);
  EXPECT_LE(as_kiln_counts.p90, 16);
  EXPECT_LE(errors_of("serving engines, engine not given (`median`)").mean, 10);
  const auto all = errors_of("all engines");
  EXPECT_GE(all.count, 110);
  EXPECT_LE(all.mean, 13);
}

TEST(BaselineCalibration, TheFiguresAreTheOnesThatWereValidated) {
  const auto model = baseline::model("llama-3.1-8b");
  const auto names = config::ConfigPath(KILN_SOURCE_DIR "/configs", "").list("gpu");
  const std::set<std::string> gpus(names.begin(), names.end());
  int compared = 0, ideals = 0;
  for (const auto& cells : rows()) {
    if (cells.size() != 6 || !gpus.contains(cells[0])) continue;
    const auto gpu = baseline::gpu(cells[0]);
    BaselineQuery query{precision_from(cells[2]).value(), std::stoull(cells[3]), std::stoull(cells[4])};
    const bool ideal = cells[1] == kBestCase;
    while (!ideal && config::kGpuEngines.at(static_cast<std::size_t>(query.engine)) != cells[1])
      query.engine = static_cast<Engine>(static_cast<std::size_t>(query.engine) + 1);
    const auto ours = ideal ? best_case(gpu, model, query) : estimate(gpu, model, query);
    ASSERT_TRUE(ours.ok()) << ours.error().message;
    EXPECT_NEAR(ours->step_ms / std::stod(cells[5]), 1, 1e-5) << cells[0] << " " << cells[1] << " " << cells[2];
    ++compared;
    ideals += ideal ? 1 : 0;
  }
  EXPECT_GE(compared, 20);
  EXPECT_GE(ideals, 3);
}

/// What the configs state beside every number is what the page says.
TEST(BaselineCalibration, TheConfigsStateTheErrorsOfThePage) {
  const auto median = errors_of("serving engines, engine not given (`median`)");
  const auto every = errors_of("all");
  for (const auto& name : config::ConfigPath(KILN_SOURCE_DIR "/configs", "").list("gpu")) {
    const auto gpu = baseline::gpu(name);
    const auto& shown = gpu.engines[0];
    EXPECT_GE(shown.error_mean_percent, median.mean) << name;
    // Of all GPUs, of its own rows where these are worse, or, without any rows, of GPUs left out.
    const bool all = shown.error_mean_percent == median.mean && shown.error_rows == static_cast<unsigned>(median.count);
    const bool own = shown.error_rows >= 3 && shown.error_rows <= gpu.single_measurements;
    EXPECT_EQ(all || own, gpu.single_measurements > 0) << name;
    EXPECT_GE(gpu.batch_error_mean_percent, every.mean) << name;
    EXPECT_EQ(gpu.batch_error_mean_percent == every.mean, gpu.batch_error_rows == static_cast<unsigned>(every.count))
        << name;
  }
}

/// No serving engine's measurement at one sequence is faster than what is called the best case.
TEST(BaselineCalibration, TheBestCaseIsAboveTheMeasurements) {
  bool found = false;
  for (const auto& cells : rows()) {
    if (cells[0] != "batch 1, serving engines") continue;
    found = true;
    EXPECT_GE(std::stoi(cells.at(1)), 60);
    EXPECT_EQ(cells.at(2), "0");
  }
  EXPECT_TRUE(found);
}

int status_of(const std::string& command) {
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(BaselineCalibration, ConfigsAndReportAreWhatTheScriptWrites) {
  const auto table = test::shared_data("reference/gpu_calibration.csv");
  KILN_NEEDS_DATA(table);
  const auto command = fmt::format("'{}/scripts/gpu-calibration' '{}' --check", KILN_SOURCE_DIR, table.path.string());
  EXPECT_EQ(status_of(command), 0) << command;
}

TEST(BaselineCalibration, WithoutTheMeasurementsTheConfigsAreHeldToTheReport) {
  const auto copy = std::filesystem::path(testing::TempDir()) / "kiln-gpu-calibration";
  std::filesystem::remove_all(copy);
  for (const auto* part : {"scripts/gpu_calibration", "configs/gpu", "docs/validation", "docs/templates"})
    std::filesystem::create_directories(copy / part);
  const std::filesystem::path source = KILN_SOURCE_DIR;
  for (const auto* file :
       {"scripts/gpu-calibration", "scripts/page_template.py", "docs/templates/gpu.md.in", "docs/validation/gpu.md"})
    std::filesystem::copy_file(source / file, copy / file);
  for (const auto& file : std::filesystem::directory_iterator(source / "scripts/gpu_calibration"))
    if (file.path().extension() == ".py")
      std::filesystem::copy_file(file.path(), copy / "scripts/gpu_calibration" / file.path().filename());
  std::filesystem::copy(source / "configs/gpu", copy / "configs/gpu");
  const auto command = fmt::format("KILN_SHARED='{}' '{}' --check > '{}'", (copy / "none").string(),
                                   (copy / "scripts/gpu-calibration").string(), (copy / "said").string());
  const auto said = [&] { return base::read_text_file((copy / "said").string()).value(); };
  EXPECT_EQ(status_of(command), 0) << said();
  EXPECT_THAT(said(), testing::HasSubstr("the fit is not checked"));
  // A constant that is not the validated one is found.
  const auto file = (copy / "configs/gpu/h200.json").string();
  auto text = base::read_text_file(file).value();
  const std::string key = "\"sequence_overhead_ms\": ";
  text.insert(text.find(key) + key.size(), "1");
  std::ofstream(file) << text;
  EXPECT_EQ(status_of(command), 1);
  EXPECT_THAT(said(), testing::HasSubstr("has not the table of predictions that the configs make"));
  // And so is prose that the page does not have.
  std::ofstream(copy / "docs/templates/gpu.md.in", std::ios::app) << "One line more.\n";
  EXPECT_EQ(status_of(command), 1);
  EXPECT_THAT(said(), testing::HasSubstr("has not what docs/templates/gpu.md.in says"));
}

}  // namespace
}  // namespace kiln::baseline

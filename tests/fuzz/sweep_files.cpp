// What lies in a sweep's folder, written by workers that were killed, or by others: "task", "outcomes", "accuracy", "points",
// and the "database".
#include "support/bundle.hpp"
#include "support/property.hpp"
#include "support/scratch.hpp"
#include "sweep/accuracy_file.hpp"
#include "sweep/database.hpp"
#include "sweep/folder.hpp"
#include "sweep/worker_file.hpp"
#include "sweep/workers.hpp"

namespace {

using namespace kiln;

void read_answers(const fuzz::ScratchFolder& folder) {
  std::uint64_t from = 0;
  const auto outcomes = sweep::read_outcomes(folder.file("outcomes"), from, [](std::uint64_t) {});
  if (!fuzz::good(outcomes)) return;
  for (const auto& outcome : *outcomes) {
    const std::string line = sweep::to_line(outcome);
    fuzz::require(line.find('\n') == line.npos, "an answer is a line", line);
    const auto again = sweep::from_line(line);
    fuzz::require(again && sweep::to_line(*again) == line, "an answer has one form", line);
  }
}

void read_database(const std::string& path) {
  auto database = sweep::Database::open(path);
  if (!fuzz::good(database)) return;
  fuzz::good(database->record());
  fuzz::good(database->answers());
  fuzz::good(database->accuracy("0"));
  fuzz::good(database->for_each([](sweep::Row&&) { return true; }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::ScratchFolder folder;
  folder.clear();
  const auto parts = fuzz::parts_of(fuzz::text_of(data, size));
  for (const auto& part : parts) {
    if (part.name == "outcomes" || part.name == "database") folder.put(part.name, part.bytes);
    if (part.name == "accuracy") folder.put("accuracy-0.json", part.bytes);
    if (part.name == "points") folder.put("points.json", part.bytes);
  }
  if (fuzz::has_part(parts, "outcomes")) read_answers(folder);
  if (fuzz::has_part(parts, "accuracy")) static_cast<void>(sweep::stored_accuracies(folder.path()));
  if (fuzz::has_part(parts, "points")) fuzz::good(sweep::kept_points(folder.path()));
  if (fuzz::has_part(parts, "database")) read_database(folder.file("database"));
  if (fuzz::has_part(parts, "task")) {
    const auto task = sweep::parse_task(std::string(fuzz::part(parts, "task")), "input.todo");
    if (fuzz::good(task)) {
      const auto again = sweep::parse_task(sweep::to_text(*task), "again.todo");
      fuzz::require(again && again->numbers == task->numbers, "a task has one form");
    }
  }
  return 0;
}
